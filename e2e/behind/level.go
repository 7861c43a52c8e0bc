// Package behind runs the scenarios behind a real Traefik.
package behind

import (
	"fmt"
	"strings"

	"github.com/upstreamauth/upstreamauth/e2e/scenario"
	"github.com/upstreamauth/upstreamauth/e2e/traefik"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// level is one Traefik, which the scenarios use one after the other: each
// has upstreams of its own, so that they share no scope.
type level struct {
	server  *traefik.Server
	backend string
	// catchAll adds the router that must not be: one that matches everything
	// without authentication, at the lowest priority.
	catchAll bool
	// open names a router without a middleware; empty: there is none.
	open string
	// read is the length of the log before this level was opened, in bytes.
	read int64
}

// Open returns a level on a running Traefik.
func Open(server *traefik.Server, backend string) scenario.Level {
	return &level{server: server, backend: backend, read: server.LogSize(), catchAll: true}
}

// Trusting is the static configuration of a Traefik that trusts
// X-Forwarded-For, as it does behind a load balancer.
func Trusting() map[string]any {
	return map[string]any{"entryPoints": map[string]any{"web": map[string]any{"forwardedHeaders": map[string]any{"insecure": true}}}}
}

func (l *level) Apply(routes scenario.Routes) error {
	routers, middlewares := map[string]any{}, map[string]any{}
	for name, config := range routes {
		middlewares[name] = map[string]any{"plugin": map[string]any{"upstreamauth": config}}
		routers[name] = map[string]any{
			"rule":        fmt.Sprintf("Host(`%s.test`)", name),
			"middlewares": chain(name, routes, middlewares),
			"service":     "backend",
			"entryPoints": []string{"web"},
		}
	}
	if l.open != "" {
		routers[l.open] = map[string]any{"rule": fmt.Sprintf("Host(`%s.test`)", l.open), "service": "backend", "entryPoints": []string{"web"}}
	}
	if l.catchAll {
		routers["catch-all"] = map[string]any{
			"rule": "PathPrefix(`/`)", "priority": 1, "service": "backend", "entryPoints": []string{"web"},
		}
	}
	return l.server.Apply("scenario", map[string]any{"http": map[string]any{
		"routers":     routers,
		"middlewares": middlewares,
		"services": map[string]any{"backend": map[string]any{"loadBalancer": map[string]any{
			"servers":            []any{map[string]any{"url": l.backend}},
			"responseForwarding": map[string]any{"flushInterval": "1ms"},
		}}},
	}})
}

// chain is the names of a route's middlewares. One that stands around the plugin is added
// to the others where the route needs it.
func chain(name string, routes scenario.Routes, middlewares map[string]any) []string {
	names := []string{name}
	if _, chained := routes[name+scenario.Behind]; chained {
		names = append(names, name+scenario.Behind)
	}
	if !strings.HasSuffix(name, scenario.Written) {
		return names
	}
	middlewares["writer"] = map[string]any{"plugin": map[string]any{"writer": map[string]any{"all": true}}}
	return append(append([]string{"writer"}, names...), "writer")
}

func (l *level) URL() string             { return l.server.URL }
func (l *level) Clock() *upstreams.Clock { return nil }
func (l *level) Close()                  {}

// Logs is the log since the level was opened, and the API's data.
func (l *level) Logs() string {
	raw, err := l.server.RawData()
	if err != nil {
		raw = []byte(err.Error())
	}
	return l.server.LogsFrom(l.read) + string(raw)
}

// Memory is Traefik's, in bytes.
func (l *level) Memory() (int64, error) { return l.server.Memory() }

// Goroutines counts those of Traefik.
func (l *level) Goroutines() int {
	n, err := l.server.Goroutines()
	if err != nil {
		return -1
	}
	return n
}
