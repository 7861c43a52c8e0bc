package gate

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/cache"
	"github.com/upstreamauth/upstreamauth/credential"
	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/telemetry/counters"
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

	Fields  *Fields // nil: each gate has a memory of its own
	Removed *Removed
}

// New builds a gate in front of next, from the inside out. ctx ends when Traefik
// replaces the handler. New opens no connection and starts no goroutine.
func New(ctx context.Context, next http.Handler, o *Options, shared *Shared, log *telemetry.Log) *Gate {
	g := &Gate{
		next:       next,
		accepts:    acceptsOf(o.Blocks),
		optional:   o.Optional,
		preflight:  o.Preflight,
		socketsEnd: o.SocketsEnd,
		depth:      o.ClientDepth,
		removed:    shared.Removed,
		log:        log,
		tracing:    log.Tracing(),
		start:      shared.Start,
		since:      shared.Since,
	}
	if g.removed == nil {
		g.removed = NewRemoved()
	}
	g.headers = g.accepts.Headers()
	g.identity = newIdentity(o, append(partHeaders(o.Blocks), g.headers...))
	g.credentials = credential.NewRemover(g.accepts, o.ForwardCredential)
	for _, b := range o.Blocks {
		g.schemes = append(g.schemes, newScheme(ctx, o, b, shared, log))
	}
	g.refusal = &refusal{schemes: g.schemes, problem: o.Problem, statuses: o.Statuses, unavailable: o.Unavailable}
	g.requests = &requestLog{log: log, depth: g.depth, accepts: g.accepts, schemes: g.schemes, refusal: g.refusal, start: g.start, since: g.since}
	return g
}

// newScheme joins one block of the options to the scope that it belongs to.
func newScheme(ctx context.Context, o *Options, b *Block, shared *Shared, log *telemetry.Log) *scheme {
	s := &scheme{kind: b.Upstream.Kind, api: b.API, paired: b.Upstream.Account, absent: b.API.Absent(b.Upstream), pattern: b.Pattern, header: "Authorization"}
	s.log = log.About(b.API.Name, b.Upstream.Target.Address())
	if s.kind != verifier.Basic {
		s.source = sourceOf(b)
		s.header = s.source.Header
		s.absent = absentFrom(s.source, s.absent)
	}
	for _, h := range headerFields(o, b.API) {
		s.headers = append(s.headers, http.CanonicalHeaderKey(h.Header))
		s.fields = append(s.fields, h.Field)
	}
	fingerprint := shared.Scopes.Fingerprint(b.Scope()...)
	if b.Place != nil && b.Place.Query != "" {
		log.Once(telemetry.LevelInfo, telemetry.EventCredential, string(s.kind)+".query: credentials in addresses stay in access logs and in the history of browsers")
	}
	s.watch = &fieldWatch{fields: shared.Fields, scope: fingerprint, all: watchedFields(o, b, s.log)}
	if s.watch.fields == nil {
		s.watch.fields = NewFields()
	}
	key := shared.Scopes.Fingerprint(renderKey(o, b, log.Debug())...)
	instance := cache.Instance{
		Context: ctx, Epoch: o.Epoch, RenderKey: key, Policy: policyOf(o, b), Report: s.log.Report,
		Kind: s.kind, Label: counters.Label{API: b.API.Name, Host: b.Upstream.Target.Authority()},
		Logins: shared.Scopes.LoginsOf(b.API.Name, b.Upstream.Target.URL, b.Upstream.LoginSecret),
	}
	if s.kind == verifier.Bearer {
		instance.Barred = shared.Scopes.BarredOf(b.API.Name, b.Upstream.Target.URL)
	}
	if o.Shared != nil {
		instance.Shared = shared.Scopes.Store(*o.Shared)
		instance.Names = b.sharedScope(o.Epoch)
		shared.Scopes.Share(ctx, instance.Shared, b.API.Name, b.Upstream.Target.URL, log.Report)
	}
	s.cache, s.fastPath = shared.Scopes.Join(fingerprint, instance, b.API.QuotaBy, func(report verifier.Report, count verifier.SharedCount, tally *counters.Scope) verifier.Verifier {
		chain, err := chain.New(b.API, b.Upstream, shared.Now, report, count, tally)
		if err != nil {
			panic(err.Error()) // unreachable: the options come from a configuration without faults
		}
		return chain
	})
	s.names = &nameSets{lock: s.fastPath.Lock}
	return s
}

// absentFrom is the text for a request without a credential, with the operator's own header.
func absentFrom(source *credential.Source, text string) string {
	where := "(" + source.Where() + ")"
	text = strings.Replace(text, "(Authorization: Bearer)", where, 1)
	return strings.Replace(text, "("+verifier.KeyHeader+")", where, 1)
}

// watchedFields lists the fields to watch in the answers of one block: those that are
// required, and those that a header of the operator's carries and no other block's API
// documents. What no identity of this block can ever have is logged at once: it is no
// fault, since another block's may have it.
func watchedFields(o *Options, b *Block, log *telemetry.Log) []*watched {
	var all []*watched
	known := b.API.FieldsOf(b.Upstream)
	whose := string(b.Upstream.Kind) + " (" + b.API.Name + ")"
	if known != nil && b.API.Anonymous(b.Upstream) {
		whose += ", of which a caller is not known,"
	}
	required := map[string]bool{"api": true, "expires": true}
	for _, r := range o.Require {
		name := strconv.Quote(r.Field)
		if !canMeet(r, b, known) {
			level := telemetry.LevelError
			if len(o.Blocks) > 1 {
				level = telemetry.LevelInfo // it may be meant so
			}
			log.Once(level, telemetry.EventIdentity, "identity.require: no identity of "+whose+" can meet the requirement of "+name+", so every such credential is denied here")
		} else if !required[r.Field] {
			all = append(all, watch(telemetry.LevelError, "identity.require", name, r.Field, b.API.Name, "every credential without it is denied"))
		}
		required[r.Field] = true
	}
	for _, h := range o.Headers {
		name := strconv.Quote(h.Field)
		if required[h.Field] || isFieldOfAnother(o, b, h.Field) {
			continue
		}
		if known == nil {
			all = append(all, watch(telemetry.LevelInfo, "identity.headers", name, h.Field, b.API.Name, h.Header+" is not set without it"))
		} else if !contains(known, h.Field) {
			log.Once(telemetry.LevelInfo, telemetry.EventIdentity, "identity.headers: no identity of "+whose+" has the field "+name+", so "+h.Header+" is not set")
		}
	}
	return all
}

func contains(words []string, word string) bool {
	for _, w := range words {
		if w == word {
			return true
		}
	}
	return false
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
	if b.Upstream.Kind != verifier.Basic {
		key = append(key, sourceOf(b).Key())
	}
	if b.Pattern != nil {
		key = append(key, b.Pattern.String())
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
		if b.Place != nil {
			text += " " + sourceOf(b).Scheme()
		}
	}
	return text
}

// canMeet tells whether an identity of this block can meet a requirement. known are the
// fields that it can have; nil: any.
func canMeet(r Requirement, b *Block, known []string) bool {
	if r.Field == "api" {
		return r.Meets([]string{b.API.Name})
	}
	return known == nil || contains(known, r.Field)
}

// isFieldOfAnother tells whether an identity of another block may have a field.
func isFieldOfAnother(o *Options, b *Block, field string) bool {
	for _, other := range o.Blocks {
		fields := other.API.FieldsOf(other.Upstream)
		if other != b && (fields == nil || contains(fields, field)) {
			return true
		}
	}
	return false
}
