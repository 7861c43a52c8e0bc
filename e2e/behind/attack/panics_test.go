package attack

import (
	"fmt"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/behind"
	"github.com/upstreamauth/upstreamauth/e2e/panics"
	"github.com/upstreamauth/upstreamauth/e2e/scenario"
	"github.com/upstreamauth/upstreamauth/e2e/traefik"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// points are where panics occur behind Traefik: one of each kind of place, of
// those that e2e/panics injects.
var points = []string{
	"plugin.go:Runtime.build",                      // while Traefik makes the handler
	"gate/hit.go:Gate.oneHeader.func1",             // on the hit path
	"gate/hit.go:Gate.hitPath.func1",               // and off it
	"gate/gate.go:Gate.ServeHTTP",                  // in the handler
	"gate/gate.go:Gate.decide",                     // while a request is decided
	"gate/log.go:requestLog.denied",                // while it is denied
	"gate/refusal.go:refusal.write",                // and answered
	"cache/lookup.go:Cache.begin+1",                // with the cache's lock
	"cache/turns.go:Scope.run",                     // on a goroutine that many wait for
	"cache/run.go:Scope.fly",                       // while that asks the upstream
	"cache/run.go:Scope.finish+1",                  // there, with the lock
	"verifier/recover.go:await.func1",              // in a callback of the standard library
	"verifier/recover.go:await.func3",              // on a goroutine of one request
	"verifier/canary.go:Canary.run",                // on the canary's goroutine
	"verifier/canary.go:Canary.finish",             // in a deferred function there
	"verifier/circuit.go:CircuitBreaker.after",     // in a deferred function of many
	"verifier/transport/client.go:Client.request",  // while the upstream is called
	"verifier/apis/thammasat.go:thammasatClassify", // while its reply is read
	"verifier/apis/upstream.go:Upstream.Interpret", // and classified
	"telemetry/sink.go:Sink.write+1",               // while something is logged
}

// runPanics makes them occur, on a Traefik of their own.
func runPanics(t *testing.T) scenario.Result {
	var injector *panics.Injector
	server, err := traefik.Start(traefik.Options{
		Env: scenario.Environment(), Static: behind.Trusting(), LogLevel: "INFO",
		Stage: func(goPath string) (err error) {
			injector, err = panics.Inject(goPath)
			return err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	}()
	backend := scenario.NewBackend(nil)
	defer backend.Close()
	level := behind.Open(server, backend.URL)
	h, calls := scenario.NewHarness(t, level, backend), upstreams.Total()
	scenario.Panics(t, h, injector, points, nil)
	scenario.ExpectNoMarker(t, level.Logs())
	result := h.Counters.Result("a panic in the plugin's code", upstreams.Total()-calls)
	result.Note = fmt.Sprintf("at %d places", len(points))
	return result
}
