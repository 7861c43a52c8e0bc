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
	"fmt"
	"io"
	"log"
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
	"github.com/upstreamauth/upstreamauth/telemetry/counters"
	"github.com/upstreamauth/upstreamauth/telemetry/status"
	"github.com/upstreamauth/upstreamauth/version"
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
// keeps package-level variables when the configuration is reloaded. The writer of the
// standard log package is Traefik's own log, which os.Stderr is not.
var process = NewRuntime(time.Now(), time.Since, os.LookupEnv, log.Writer())

// Runtime is everything that outlives a handler: the clock, the environment, the
// log, and the caches of all scopes. It is safe for concurrent use.
type Runtime struct {
	shared   *gate.Shared
	env      func(string) (string, bool)
	known    *dialect.Memory
	sink     *telemetry.Sink
	gates    *counters.Gates
	attempts *status.Attempts
	sources  *status.Sources
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
	sink := telemetry.NewSink(w, now)
	sink.AnnounceLoads(func() { time.Sleep(loadPause) })
	gates := counters.NewGates(uptime)
	return &Runtime{
		shared:   &gate.Shared{Start: start, Since: since, Now: now, Scopes: scopes, Fields: gate.NewFields(), Removed: gate.NewRemoved()},
		env:      env,
		known:    dialect.NewMemory(),
		sink:     sink,
		gates:    gates,
		attempts: status.NewAttempts(now),
		sources: &status.Sources{
			Now: now, Uptime: uptime, Version: version.Version, Gates: gates.All,
			States: scopes.States, Memory: scopes.MemoryState, Forget: scopes.Forget,
			Client: gate.Client, OwnPage: session.IsOwnPage,
		},
	}
}

// loadPause is how long no handler is made before a load of the configuration counts as over.
// Traefik itself waits two seconds between two loads.
const loadPause = 2 * time.Second

// Handler returns the handler of one route, as New does. name is the middleware's
// and appears in the log.
func (r *Runtime) Handler(ctx context.Context, next http.Handler, config *Config, name string) http.Handler {
	handler, level := r.build(ctx, next, config, name)
	r.built(ctx, config, name, level, handler == nil)
	if handler == nil {
		log := telemetry.NewLog(r.sink, name, telemetry.LevelInfo)
		log.Panic("a panic while the handler was made")
		return http.HandlerFunc(gate.Misconfigured)
	}
	return handler
}

// built has the log count a handler, among those of its load. A panic there changes
// nothing else.
func (r *Runtime) built(ctx context.Context, config *Config, name, level string, broken bool) {
	defer recoverPanic()
	settings := ""
	if config != nil {
		settings = fmt.Sprint(config.Settings)
	}
	r.sink.Built(telemetry.Built{Context: ctx, Name: name, Settings: settings, Level: level, Broken: broken})
}

// misconfigured returns the handler of a route whose configuration has faults. They are logged
// again from time to time, while requests come.
func (r *Runtime) misconfigured(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.sink.RemindOfFaults(name)
		gate.Misconfigured(w, request)
	})
}

// build reads the settings and builds one route from the inside out; level is that of its
// log. It returns nil if something in it panicked.
func (r *Runtime) build(ctx context.Context, next http.Handler, raw *Config, name string) (handler http.Handler, level string) {
	defer recoverPanic()
	settings, faults := config.ReadKnown(raw.Settings, r.env, r.known)
	if len(faults) > 0 {
		keys, lines := config.Lines(faults)
		r.sink.ConfigFaults(name, keys, lines)
		r.gates.Note(ctx, counters.Gate{Name: name, Faults: lines})
		handler = r.misconfigured(name)
		return handler, ""
	}
	r.sink.ConfigOK(name)
	log := telemetry.NewLog(r.sink, name, settings.Log)
	log.WarnIfHidden()
	r.gates.Note(ctx, shownOf(settings, name))
	if settings.Status != nil {
		r.traceRequests(ctx, settings.Status)
		handler = status.New(settings.Status, r.sources, r.attempts, cookiesOf(settings.Status.Token), log)
		return handler, settings.Log
	}
	if settings.Issuer != nil {
		o := settings.Issuer
		if o.Shared != nil {
			r.shared.Scopes.Share(ctx, r.shared.Scopes.Store(*o.Shared), o.API.Name, o.URL, log.Report)
		}
		logins := r.shared.Scopes.LoginsOf(o.API.Name, o.URL, o.LoginSecret)
		handler = issuer.New(next, o, logins, log.About(o.API.Name, o.URL))
		return handler, settings.Log
	}
	g := gate.New(ctx, next, &settings.Gate, r.shared, log)
	if settings.Session == nil {
		handler = http.HandlerFunc(g.Handler())
		return handler, settings.Log
	}
	handler = session.New(g, settings.Session, settings.Gate.Blocks, settings.Gate.Epoch, r.shared.Now, log)
	return handler, settings.Log
}

// traceRequests has requests traced that carry the token of a status route. Clients may guess it
// there as often as they may on the route itself.
func (r *Runtime) traceRequests(ctx context.Context, o *status.Options) {
	r.sink.TraceRequests(ctx, telemetry.Trace{
		Token:  o.Token,
		Spent:  func(client string) bool { return r.attempts.Spent(client, o.PerClient) },
		Missed: func(client string) { r.attempts.Missed(client, o.PerClient) },
	})
}

// shownOf is what a status route shows of a middleware.
func shownOf(s *config.Settings, name string) counters.Gate {
	if s.Status != nil {
		return counters.Gate{Name: name, Mode: "status"}
	}
	if s.Issuer != nil {
		return counters.Gate{Name: name, Mode: "issuer", APIs: []string{s.Issuer.API.Name}}
	}
	g := counters.Gate{Name: name, Mode: "protect"}
	for _, b := range s.Gate.Blocks {
		g.APIs = append(g.APIs, b.API.Name)
	}
	return g
}

// cookiesOf makes the cookies that stand for the token of a status route.
func cookiesOf(token string) *status.Cookies {
	const name = "upstreamauth-status"
	sealer := session.NewSealer(name, token, "status")
	return &status.Cookies{Name: name, Seal: sealer.Seal, Open: sealer.Open}
}

// recoverPanic ends a panic in the function that defers it. What it was raised
// with may hold a secret of the configuration, so it is not logged.
func recoverPanic() {
	_ = recover()
}
