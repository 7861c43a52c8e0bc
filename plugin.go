// Package upstreamauth is a Traefik middleware that asks the API which issued
// a credential whether it is good, remembers the answer for as long as the
// API's documents say it lasts, tells the backend who is calling, and refuses
// everything else with the status and body that those documents promise.
//
// One request's way: the client's identity headers are taken away, the one
// credential is read, the cache (or, through it, the upstream) decides, and
// the request is refused, or enriched and passed on.
package upstreamauth

import (
	"context"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/upstreamauth/upstreamauth/cache"
	"github.com/upstreamauth/upstreamauth/config"
	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/issuer"
	"github.com/upstreamauth/upstreamauth/session"
	"github.com/upstreamauth/upstreamauth/telemetry"
)

// Config is the plugin's block of the dynamic configuration, raw: its one field
// takes whatever Traefik delivers, so that no value of any type can keep the
// plugin from starting, which would leave the route without it.
type Config struct {
	Settings map[string]interface{} `mapstructure:",remain"`
}

// CreateConfig returns an empty configuration for Traefik to decode into.
func CreateConfig() *Config {
	return &Config{}
}

// New makes a handler that guards next. It never fails: an error would make
// Traefik drop the route, and another that matches might answer without us. On
// any fault of the configuration the handler refuses every request with 500.
func New(ctx context.Context, next http.Handler, config *Config, name string) (http.Handler, error) {
	handler := process.Handler(ctx, next, config, name)
	return handler, nil
}

// runtime is what Traefik's routes share. The interpreter keeps package-level
// variables through every reload of the configuration.
var process = NewRuntime(time.Now(), time.Since, os.LookupEnv, os.Stderr)

// Runtime is everything that outlives one handler: the clock, the environment,
// the log, and what was learned about credentials.
type Runtime struct {
	shared *gate.Shared
	env    func(string) (string, bool)
	output *telemetry.Sink
}

// NewRuntime returns a runtime that has learned nothing yet. since tells how
// long ago an instant was; by it time passes. The log goes to w.
func NewRuntime(start time.Time, since func(time.Time) time.Duration, env func(string) (string, bool), w io.Writer) *Runtime {
	// Without its monotonic part: the life of a token is measured by the
	// clock on the wall, which goes on while a machine sleeps.
	start = start.Round(0)
	now := func() time.Time { return start.Add(since(start)) }
	scopes := cache.NewRegistry(start, now)
	return &Runtime{
		shared: &gate.Shared{Start: start, Since: since, Now: now, Scopes: scopes},
		env:    env,
		output: telemetry.NewSink(w, now),
	}
}

// Handler makes the handler of one route, as New does.
func (p *Runtime) Handler(ctx context.Context, next http.Handler, config *Config, name string) http.Handler {
	handler := p.build(ctx, next, config, name)
	if handler == nil {
		j := telemetry.NewLog(p.output, name, telemetry.LevelInfo)
		j.Panic("a panic while the handler was made")
		return http.HandlerFunc(gate.Misconfigured)
	}
	return handler
}

// build reads the settings and builds one route from the inside out. It returns
// nil if it panicked.
func (p *Runtime) build(ctx context.Context, next http.Handler, raw *Config, name string) http.Handler {
	defer recoverPanic()
	s, faults := config.Read(raw.Settings, p.env)
	if len(faults) > 0 {
		keys, lines := config.Lines(faults)
		p.output.ConfigFaults(name, keys, lines)
		return http.HandlerFunc(gate.Misconfigured)
	}
	p.output.ConfigOK(name)
	j := telemetry.NewLog(p.output, name, s.Log)
	if s.Issuer != nil {
		o := s.Issuer
		logins := p.shared.Scopes.LoginsOf(o.API.Name, o.URL, o.LoginSecret)
		return issuer.New(next, o, logins, j)
	}
	g := gate.New(ctx, next, &s.Gate, p.shared, j)
	hit := g.Handler()
	if s.Session == nil {
		return http.HandlerFunc(hit)
	}
	return session.New(g, hit, s.Session, s.Gate.Blocks[0], s.Gate.Epoch, p.shared.Now, j)
}

// recoverPanic ends a panic of ours where it happens.
func recoverPanic() {
	_ = recover()
}
