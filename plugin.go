// Package upstreamauth is a Traefik middleware. It verifies a credential with
// the API that issued it, caches the answer for as long as the API's documents
// allow, passes the caller's identity to the backend in headers, and denies every
// other request with the status and body that those documents promise.
//
// Each request takes the same steps: identity headers that the client sent are
// removed, the one credential is read, the cache (or, through it, the upstream)
// decides, and the request is denied, or passed on with the gate's own identity
// headers.
//
// This package holds Traefik's contract (Config, CreateConfig, New) and the
// Runtime, which builds each route out of the other packages. It decides nothing
// about a request.
package upstreamauth

import (
	"context"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/upstreamauth/upstreamauth/cache"
	"github.com/upstreamauth/upstreamauth/config"
	"github.com/upstreamauth/upstreamauth/config/dialect"
	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/issuer"
	"github.com/upstreamauth/upstreamauth/session"
	"github.com/upstreamauth/upstreamauth/telemetry"
)

// Config is the plugin's block of Traefik's dynamic configuration, as it was
// delivered. Its one field takes any value, since a value that does not fit makes
// Traefik drop the route, and another route that matches may then serve its
// requests unauthenticated. docs/configuration.md describes the keys.
type Config struct {
	Settings map[string]interface{} `mapstructure:",remain"`
}

// CreateConfig returns an empty configuration for Traefik to decode into.
func CreateConfig() *Config {
	return &Config{}
}

// New returns the handler that protects next. The error is always nil, and no
// configuration makes it panic, for the reason that Config gives: if there is a
// fault, the handler answers every request with 500, and the log names the fault.
func New(ctx context.Context, next http.Handler, config *Config, name string) (http.Handler, error) {
	handler := process.Handler(ctx, next, config, name)
	return handler, nil
}

// process is the runtime that all routes of this Traefik share. The interpreter
// keeps package-level variables when the configuration is reloaded.
var process = NewRuntime(time.Now(), time.Since, os.LookupEnv, os.Stderr)

// Runtime is everything that outlives a handler: the clock, the environment, the
// log, and the caches of all scopes. It is safe for concurrent use.
type Runtime struct {
	shared *gate.Shared
	env    func(string) (string, bool)
	known  *dialect.Memory
	sink   *telemetry.Sink
}

// NewRuntime returns a runtime with empty caches. since is how long ago an
// instant was (time.Since); env looks up an environment variable; log entries are
// written to w.
func NewRuntime(start time.Time, since func(time.Time) time.Duration, env func(string) (string, bool), w io.Writer) *Runtime {
	// The monotonic reading tells how long the process has run, whatever the wall clock
	// is set to. Round removes it for all else: a token's lifetime goes on while the
	// machine sleeps, and only the wall clock does too.
	began := start
	uptime := func() time.Duration { return since(began) }
	start = start.Round(0)
	now := func() time.Time { return start.Add(since(start)) }
	scopes := cache.NewRegistry(start, now, uptime)
	return &Runtime{
		shared: &gate.Shared{Start: start, Since: since, Now: now, Scopes: scopes, Fields: gate.NewFields(), Removed: gate.NewRemoved()},
		env:    env,
		known:  dialect.NewMemory(),
		sink:   telemetry.NewSink(w, now),
	}
}

// Handler returns the handler of one route, as New does. name is the middleware's
// and appears in the log.
func (r *Runtime) Handler(ctx context.Context, next http.Handler, config *Config, name string) http.Handler {
	handler := r.build(ctx, next, config, name)
	if handler == nil {
		log := telemetry.NewLog(r.sink, name, telemetry.LevelInfo)
		log.Panic("a panic while the handler was made")
		return http.HandlerFunc(gate.Misconfigured)
	}
	return handler
}

// build reads the settings and builds one route from the inside out. It returns
// nil if something in it panicked.
func (r *Runtime) build(ctx context.Context, next http.Handler, raw *Config, name string) http.Handler {
	defer recoverPanic()
	settings, faults := config.ReadKnown(raw.Settings, r.env, r.known)
	if len(faults) > 0 {
		keys, lines := config.Lines(faults)
		r.sink.ConfigFaults(name, keys, lines)
		return http.HandlerFunc(gate.Misconfigured)
	}
	r.sink.ConfigOK(name)
	log := telemetry.NewLog(r.sink, name, settings.Log)
	if settings.Issuer != nil {
		o := settings.Issuer
		if o.Shared != nil {
			r.shared.Scopes.Share(ctx, r.shared.Scopes.Store(*o.Shared), o.API.Name, o.URL, log.Report)
		}
		logins := r.shared.Scopes.LoginsOf(o.API.Name, o.URL, o.LoginSecret)
		return issuer.New(next, o, logins, log)
	}
	g := gate.New(ctx, next, &settings.Gate, r.shared, log)
	hit := g.Handler()
	if settings.Session == nil {
		return http.HandlerFunc(hit)
	}
	return session.New(g, hit, settings.Session, settings.Gate.Blocks[0], settings.Gate.Epoch, r.shared.Now, log)
}

// recoverPanic ends a panic in the function that defers it. What it was raised
// with may hold a secret of the configuration, so it is not logged.
func recoverPanic() {
	_ = recover()
}
