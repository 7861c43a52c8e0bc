package upstreamauth

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/cache"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// process is what Traefik's routes share. The interpreter keeps package-level
// variables through every reload of the configuration.
var process = NewProcess(time.Now(), time.Since, os.LookupEnv, os.Stderr)

// Process is everything that outlives one handler: the clock, the environment,
// the log, and what was learned about credentials.
type Process struct {
	start  time.Time
	since  func(time.Time) time.Duration
	env    func(string) (string, bool)
	output *output
	scopes *cache.Registry
}

// NewProcess returns a process that has learned nothing yet. since tells how
// long ago an instant was; by it time passes. The log goes to w.
func NewProcess(start time.Time, since func(time.Time) time.Duration, env func(string) (string, bool), w io.Writer) *Process {
	// Without its monotonic part: the life of a token is measured by the
	// clock on the wall, which goes on while a machine sleeps.
	p := &Process{start: start.Round(0), since: since, env: env}
	p.output = newOutput(w, p.now)
	p.scopes = cache.NewRegistry(p.start, p.now)
	return p
}

func (p *Process) now() time.Time {
	return p.start.Add(p.since(p.start))
}

// Handler makes the handler of one route, as New does.
func (p *Process) Handler(ctx context.Context, next http.Handler, config *Config, name string) http.Handler {
	handler := p.compose(ctx, next, config, name)
	if handler == nil {
		j := &journal{output: p.output, name: name}
		j.bug("a panic while the handler was made")
		return http.HandlerFunc(closed)
	}
	return handler
}

// compose reads the settings and builds a gate from the inside out. It returns
// nil if it panicked.
func (p *Process) compose(ctx context.Context, next http.Handler, config *Config, name string) http.Handler {
	defer guard()
	s, faults := readSettings(config.Settings, p.env)
	if len(faults) > 0 {
		p.output.faulty(name, faults)
		return http.HandlerFunc(closed)
	}
	p.output.sound(name)
	j := &journal{output: p.output, name: name, level: s.log}
	if s.issuer {
		handler := p.issuer(next, s.blocks[0], j)
		return handler
	}
	g := &gate{
		next:      next,
		accepts:   accepts(s),
		optional:  s.optional,
		preflight: s.preflight,
		depth:     s.depth,
		journal:   j,
	}
	g.identity = newIdentity(s, g.accepts)
	g.credentials = newCredentials(g.accepts, s.forwardCredential)
	for _, b := range s.blocks {
		d := p.scheme(ctx, s, b, j)
		g.schemes = append(g.schemes, d)
	}
	g.refusal = &refusal{schemes: g.schemes, problem: s.problem, statuses: s.statuses, unavailable: s.unavailable}
	return http.HandlerFunc(p.session(g, s, p.hit(g)))
}

func accepts(s *settings) verifier.Accepts {
	a := verifier.Accepts{}
	for _, b := range s.blocks {
		switch b.upstream.Kind {
		case verifier.Bearer:
			a.Bearer, a.BareToken = true, b.api.BareToken
		case verifier.ApplicationKey:
			a.Key, a.Account = true, b.upstream.Account
		case verifier.Basic:
			a.Basic = true
		}
	}
	return a
}

// scheme joins one block of the settings to the scope that it belongs to.
func (p *Process) scheme(ctx context.Context, s *settings, b *block, j *journal) *scheme {
	d := &scheme{kind: b.upstream.Kind, api: b.api, paired: b.upstream.Account}
	for _, h := range identityHeaders(s, b.api) {
		d.headers = append(d.headers, http.CanonicalHeaderKey(h.Header))
		d.fields = append(d.fields, h.Field)
	}
	policy := cache.Policy{
		Lifetime:     b.lifetime,
		Revalidate:   b.revalidate,
		Negative:     s.negative,
		Timeout:      b.timeout,
		Size:         s.cacheSize,
		NegativeSize: s.negativeSize,
		Budget:       b.budget,
		PerClient:    s.perClient,
	}
	fingerprint := p.scopes.Fingerprint(scopeOf(b)...)
	plan := p.scopes.Fingerprint(strings.Join(d.headers, ","), strings.Join(d.fields, "\x00"),
		fmt.Sprintf("%q", s.require), b.lifetime.String(), b.revalidate.String(), looks(s))
	instance := cache.Instance{Context: ctx, Epoch: s.epoch, Plan: plan, Policy: policy, Report: j.report, Learned: p.learned(b)}
	d.cache, d.front = p.scopes.Join(fingerprint, instance, b.api.PerKey, func(limit func() verifier.Rate, report verifier.Report) verifier.Verifier {
		return p.chain(b, limit, report)
	})
	return d
}

// looks is all that a refusal's answer is made of, beside the denial; and whether
// each is to be noted, since then none is to stand ready.
func looks(s *settings) string {
	text := fmt.Sprint(s.problem, s.unavailable, s.negative, s.statuses, s.log == levelDebug)
	for _, b := range s.blocks {
		text += " " + string(b.upstream.Kind) + " " + b.api.Name // each is a word of ours
	}
	return text
}

// scopeOf is everything of a block that changes its upstream's answers; some of
// it is secret. With the epoch it is the block's scope.
func scopeOf(b *block) []string {
	u := b.upstream
	probe := verifier.Account{}
	if u.Probe != nil {
		probe = *u.Probe
	}
	return []string{
		b.api.Name, string(u.Kind), u.URL, u.Path, u.Method,
		fmt.Sprint(u.Account, u.Canary), probe.User, probe.Password, u.Key,
		u.TLS.CA, u.TLS.Cert, u.TLS.Key, u.TLS.ServerName, fmt.Sprint(u.TLS.InsecureSkipVerify), b.learn,
	}
}

func identityHeaders(s *settings, api *verifier.API) []verifier.HeaderField {
	if s.headers != nil {
		return s.headers
	}
	headers := make([]verifier.HeaderField, 0, len(api.Headers))
	for _, h := range api.Headers {
		headers = append(headers, verifier.HeaderField{Header: s.prefix + h.Header, Field: h.Field})
	}
	return headers
}

// chain is what a scope asks: the upstream, and around it what spares it and
// what makes its word believable. The canary's own questions are spared it too.
func (p *Process) chain(b *block, limit func() verifier.Rate, report verifier.Report) verifier.Verifier {
	exchange, err := verifier.NewExchange(b.upstream, p.now)
	if err != nil {
		panic(err.Error()) // the settings have been checked
	}
	upstream := verifier.NewUpstream(b.api, b.upstream, exchange)
	watched := verifier.NewWatch(upstream, p.now, report)
	budgeted := verifier.NewBudget(watched, b.upstream, limit, p.now, report)
	circuit := verifier.NewCircuit(budgeted, p.now, report)
	spared := p.braked(circuit, b)
	taught := p.taught(spared, b)
	believed := p.believed(taught, b, report)
	return verifier.NewExpiry(believed, b.api, p.now)
}

// braked puts the brake before next, where clients bring accounts.
func (p *Process) braked(next verifier.Verifier, b *block) verifier.Verifier {
	if b.upstream.Kind != verifier.Basic && !b.upstream.Account {
		return next
	}
	return verifier.NewBrake(next, b.api, p.now)
}

// taught puts what was learned of logins before next, where it is believed.
func (p *Process) taught(next verifier.Verifier, b *block) verifier.Verifier {
	if b.learn == "" {
		return next
	}
	return verifier.NewLearned(next, b.api, b.upstream)
}

// believed puts the canary before next, where the operator has not done
// without it.
func (p *Process) believed(next verifier.Verifier, b *block, report verifier.Report) verifier.Verifier {
	if !b.upstream.Canary {
		return next
	}
	return verifier.NewCanary(next, b.api, b.upstream, p.now, report)
}
