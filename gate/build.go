package gate

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/upstreamauth/upstreamauth/cache"
	"github.com/upstreamauth/upstreamauth/credential"
	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
	"github.com/upstreamauth/upstreamauth/verifier/chain"
)

// Shared is what all gates of a process have in common. It outlives the reloads
// of Traefik's configuration.
type Shared struct {
	Start  time.Time                     // when the process began; ages count from it
	Since  func(time.Time) time.Duration // time.Since, except in tests
	Now    func() time.Time
	Scopes *cache.Registry
}

// New builds a gate in front of next, from the inside out. ctx ends when Traefik
// replaces the handler. New opens no connection and starts no goroutine.
func New(ctx context.Context, next http.Handler, o *Options, shared *Shared, log *telemetry.Log) *Gate {
	g := &Gate{
		next:      next,
		accepts:   acceptsOf(o.Blocks),
		optional:  o.Optional,
		preflight: o.Preflight,
		depth:     o.ClientDepth,
		log:       log,
		start:     shared.Start,
		since:     shared.Since,
	}
	g.identity = newIdentity(o, g.accepts)
	g.credentials = credential.NewRemover(g.accepts, o.ForwardCredential)
	for _, b := range o.Blocks {
		s := newScheme(ctx, o, b, shared, log)
		g.schemes = append(g.schemes, s)
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
func newScheme(ctx context.Context, o *Options, b *Block, shared *Shared, log *telemetry.Log) *scheme {
	s := &scheme{kind: b.Upstream.Kind, api: b.API, paired: b.Upstream.Account}
	for _, h := range headerFields(o, b.API) {
		s.headers = append(s.headers, http.CanonicalHeaderKey(h.Header))
		s.fields = append(s.fields, h.Field)
	}
	fingerprint := shared.Scopes.Fingerprint(b.Scope()...)
	key := shared.Scopes.Fingerprint(renderKey(o, b, log.Debug())...)
	instance := cache.Instance{
		Context: ctx, Epoch: o.Epoch, RenderKey: key, Policy: policyOf(o, b), Report: log.Report,
		Logins: shared.Scopes.LoginsOf(b.API.Name, b.Upstream.Target.URL, b.Upstream.LoginSecret),
	}
	s.cache, s.fastPath = shared.Scopes.Join(fingerprint, instance, b.API.QuotaPerKey, func(limit func() verifier.Rate, report verifier.Report) verifier.Verifier {
		chain, err := chain.New(b.API, b.Upstream, limit, shared.Now, report)
		if err != nil {
			panic(err.Error()) // unreachable: the options come from a configuration without faults
		}
		return chain
	})
	s.names = &nameSets{lock: s.fastPath.Lock}
	return s
}

// headerFields lists the identity headers of one API on a route.
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

// policyOf is what a gate adds to the answers that its scope shares with others:
// limits, which change no answer.
func policyOf(o *Options, b *Block) cache.Policy {
	return cache.Policy{
		Lifetime:         b.Lifetime,
		Revalidate:       b.Revalidate,
		NegativeLifetime: o.NegativeLifetime,
		Timeout:          b.Timeout,
		Size:             o.CacheSize,
		NegativeSize:     o.NegativeSize,
		Budget:           b.Budget,
		PerClient:        o.PerClient,
	}
}

// renderKey lists everything in the options of which a prebuilt answer is made,
// beside the upstream's answer. Gates of one scope whose keys are equal share
// their prebuilt answers. A field that is missing here would give a request the
// answer of another route, for example one without its requirements;
// TestOptionsCoverage fails for a field that is not accounted for.
func renderKey(o *Options, b *Block, debug bool) []string {
	key := []string{
		fmt.Sprintf("%q", o.Require), b.Lifetime.String(), b.Revalidate.String(), refusalKey(o, debug),
	}
	for _, h := range headerFields(o, b.API) {
		key = append(key, http.CanonicalHeaderKey(h.Header), h.Field)
	}
	return key
}

// refusalKey is the part of the key that the response of a denial depends on; and
// whether each denial is logged, since a prebuilt one is sent without a log entry.
// Only words of this project are joined here, which hold no space.
func refusalKey(o *Options, debug bool) string {
	text := fmt.Sprint(o.Problem, o.Unavailable, o.NegativeLifetime, o.Statuses, debug)
	for _, b := range o.Blocks {
		text += " " + string(b.Upstream.Kind) + " " + b.API.Name
	}
	return text
}
