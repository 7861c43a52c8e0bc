package gate

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/cache"
	"github.com/upstreamauth/upstreamauth/credential"
	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
	"github.com/upstreamauth/upstreamauth/verifier/chain"
)

// Shared is what all gates of a process have in common.
type Shared struct {
	Start  time.Time // when the process began
	Since  func(time.Time) time.Duration
	Now    func() time.Time
	Scopes *cache.Registry
}

// New builds a gate before next from the inside out. ctx ends when Traefik
// replaces the handler. The options have been checked.
func New(ctx context.Context, next http.Handler, o *Options, s *Shared, j *telemetry.Log) *Gate {
	g := &Gate{
		next:      next,
		accepts:   acceptsOf(o.Blocks),
		optional:  o.Optional,
		preflight: o.Preflight,
		depth:     o.ClientDepth,
		log:       j,
		start:     s.Start,
		since:     s.Since,
	}
	g.identity = newIdentity(o, g.accepts)
	g.credentials = credential.NewRemover(g.accepts, o.ForwardCredential)
	for _, b := range o.Blocks {
		d := newScheme(ctx, o, b, s, j)
		g.schemes = append(g.schemes, d)
	}
	g.refusal = &refusal{schemes: g.schemes, problem: o.Problem, statuses: o.Statuses, unavailable: o.Unavailable}
	return g
}

func acceptsOf(blocks []*Block) credential.Accepts {
	a := credential.Accepts{}
	for _, b := range blocks {
		switch b.Upstream.Kind {
		case verifier.Bearer:
			a.Bearer, a.BareToken = true, b.API.BareToken
		case verifier.ApplicationKey:
			a.Key, a.Account = true, b.Upstream.Account
		case verifier.Basic:
			a.Basic = true
		}
	}
	return a
}

// newScheme joins one block of the options to the scope that it belongs to.
func newScheme(ctx context.Context, o *Options, b *Block, s *Shared, j *telemetry.Log) *scheme {
	d := &scheme{kind: b.Upstream.Kind, api: b.API, paired: b.Upstream.Account}
	for _, h := range headerFields(o, b.API) {
		d.headers = append(d.headers, http.CanonicalHeaderKey(h.Header))
		d.fields = append(d.fields, h.Field)
	}
	policy := cache.Policy{
		Lifetime:         b.Lifetime,
		Revalidate:       b.Revalidate,
		NegativeLifetime: o.NegativeLifetime,
		Timeout:          b.Timeout,
		Size:             o.CacheSize,
		NegativeSize:     o.NegativeSize,
		Budget:           b.Budget,
		PerClient:        o.PerClient,
	}
	fingerprint := s.Scopes.Fingerprint(b.Scope()...)
	plan := s.Scopes.Fingerprint(strings.Join(d.headers, ","), strings.Join(d.fields, "\x00"),
		fmt.Sprintf("%q", o.Require), b.Lifetime.String(), b.Revalidate.String(), refusalKey(o, j.Debug()))
	instance := cache.Instance{
		Context: ctx, Epoch: o.Epoch, RenderKey: plan, Policy: policy, Report: j.Report,
		Logins: s.Scopes.LoginsOf(b.API.Name, b.Upstream.Target.URL, b.Upstream.LoginSecret),
	}
	d.cache, d.fastPath = s.Scopes.Join(fingerprint, instance, b.API.QuotaPerKey, func(limit func() verifier.Rate, report verifier.Report) verifier.Verifier {
		chain, err := chain.New(b.API, b.Upstream, limit, s.Now, report)
		if err != nil {
			panic(err.Error()) // the settings have been checked
		}
		return chain
	})
	return d
}

// refusalKey is all that a refusal's answer is made of, beside the denial; and whether
// each is to be noted, since then none is to stand ready.
func refusalKey(o *Options, debug bool) string {
	text := fmt.Sprint(o.Problem, o.Unavailable, o.NegativeLifetime, o.Statuses, debug)
	for _, b := range o.Blocks {
		text += " " + string(b.Upstream.Kind) + " " + b.API.Name // each is a word of ours
	}
	return text
}

func headerFields(o *Options, api *apis.API) []apis.HeaderField {
	if o.Headers != nil {
		return o.Headers
	}
	headers := make([]apis.HeaderField, 0, len(api.Headers))
	for _, h := range api.Headers {
		headers = append(headers, apis.HeaderField{Header: o.Prefix + h.Header, Field: h.Field})
	}
	return headers
}
