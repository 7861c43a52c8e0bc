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

// process is what Traefik's routes share. The interpreter keeps package-level
// variables through every reload of the configuration.
var process = NewProcess(time.Now(), time.Since, os.LookupEnv, os.Stderr)

// Process is everything that outlives one handler: the clock, the environment,
// the log, and what was learned about credentials.
type Process struct {
	shared *shared
	env    func(string) (string, bool)
	output *output
}

// NewProcess returns a process that has learned nothing yet. since tells how
// long ago an instant was; by it time passes. The log goes to w.
func NewProcess(start time.Time, since func(time.Time) time.Duration, env func(string) (string, bool), w io.Writer) *Process {
	// Without its monotonic part: the life of a token is measured by the
	// clock on the wall, which goes on while a machine sleeps.
	start = start.Round(0)
	now := func() time.Time { return start.Add(since(start)) }
	scopes := cache.NewRegistry(start, now)
	return &Process{
		shared: &shared{Start: start, Since: since, Now: now, Scopes: scopes},
		env:    env,
		output: newOutput(w, now),
	}
}

// Handler makes the handler of one route, as New does.
func (p *Process) Handler(ctx context.Context, next http.Handler, config *Config, name string) http.Handler {
	handler := p.compose(ctx, next, config, name)
	if handler == nil {
		j := newJournal(p.output, name, levelInfo)
		j.bug("a panic while the handler was made")
		return http.HandlerFunc(closed)
	}
	return handler
}

// compose reads the settings and builds one route from the inside out. It returns
// nil if it panicked.
func (p *Process) compose(ctx context.Context, next http.Handler, config *Config, name string) http.Handler {
	defer guard()
	s, faults := readSettings(config.Settings, p.env)
	if len(faults) > 0 {
		keys, lines := faultLines(faults)
		p.output.faulty(name, keys, lines)
		return http.HandlerFunc(closed)
	}
	p.output.sound(name)
	j := newJournal(p.output, name, s.Log)
	if s.Issuer != nil {
		o := s.Issuer
		logins := p.shared.Scopes.LoginsOf(o.API.Name, o.URL, o.LoginSecret)
		return newIssuer(next, o, logins, j)
	}
	g := newGate(ctx, next, &s.Gate, p.shared, j)
	hit := g.Handler()
	if s.Session == nil {
		return http.HandlerFunc(hit)
	}
	return newSession(g, hit, s.Session, s.Gate.Blocks[0], s.Gate.Epoch, p.shared.Now, j)
}

// guard ends a panic of ours where it happens.
func guard() {
	_ = recover()
}
