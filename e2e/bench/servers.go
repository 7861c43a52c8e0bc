package bench

import (
	"context"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/bench/noop"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
	"github.com/upstreamauth/upstreamauth/e2e/traefik"
)

// keyVariable is the environment variable with the operator's Application-Key.
const keyVariable = "UPSTREAMAUTH_BENCH_KEY"

// startQuiet is a Traefik for measuring, with both plugins: it logs nothing but
// errors and records no profile. It keeps as many connections to a server as
// wrk opens to it, or reopening them would be what is measured with 256.
func startQuiet(profiling bool, env ...string) (*traefik.Server, error) {
	return traefik.Start(traefik.Options{
		LogLevel:  "ERROR",
		Profiling: profiling,
		Env:       env,
		Static: map[string]any{
			"serversTransport": map[string]any{"maxIdleConnsPerHost": 1024},
			"experimental":     map[string]any{"localPlugins": map[string]any{"noop": map[string]any{"moduleName": noop.Module}}},
		},
		Stage: func(goPath string) error {
			if err := stage.Plugin(goPath); err != nil {
				return err
			}
			return noop.Stage(goPath)
		},
	})
}

// plugin is a middleware of one of the two plugins.
func plugin(name string, config map[string]any) map[string]any {
	return map[string]any{"plugin": map[string]any{name: config}}
}

// ours is a middleware of the plugin.
func ours(config map[string]any) map[string]any { return plugin("upstreamauth", config) }

// bearer is a route's configuration for tokens of the web service at url.
func bearer(url, path string, more map[string]any) map[string]any {
	config := map[string]any{"bearer": map[string]any{"api": "webservice", "url": url, "path": path}}
	for key, value := range more {
		config[key] = value
	}
	return config
}

// dynamic makes a router /<name> for each middleware, all to one backend. A nil
// middleware is none at all.
func dynamic(backend string, middlewares map[string]map[string]any) map[string]any {
	routers, wares := map[string]any{}, map[string]any{}
	for name, ware := range middlewares {
		router := map[string]any{"rule": "Path(`/" + name + "`)", "service": "backend", "entryPoints": []string{"web"}}
		if ware != nil {
			wares[name], router["middlewares"] = ware, []string{name}
		}
		routers[name] = router
	}
	http := map[string]any{
		"routers": routers,
		"services": map[string]any{"backend": map[string]any{"loadBalancer": map[string]any{
			"servers": []any{map[string]any{"url": backend}},
		}}},
	}
	if len(wares) > 0 {
		http["middlewares"] = wares
	}
	return map[string]any{"http": http}
}

// newClient keeps as many connections open as it is allowed.
func newClient(connections int) *http.Client {
	return &http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{MaxConnsPerHost: connections, MaxIdleConnsPerHost: connections, DisableCompression: true},
	}
}

// fixture is a Traefik with a bearer route "hit", a route "none" without a
// middleware, and a backend behind both.
type fixture struct {
	*traefik.Server
	backend *httptest.Server
}

// open starts a fixture whose tokens are those of the web service at url.
func open(profiling bool, url, path string, more map[string]any) (*fixture, error) {
	server, err := startQuiet(profiling)
	if err != nil {
		return nil, err
	}
	f := &fixture{server, newBackend()}
	if err := f.Apply("bench", dynamic(f.backend.URL, map[string]map[string]any{
		"none": nil, "hit": ours(bearer(url, path, more)),
	})); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

func (f *fixture) close() {
	_ = f.Stop()
	f.backend.Close()
}

// pause waits, unless ctx ends before.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
