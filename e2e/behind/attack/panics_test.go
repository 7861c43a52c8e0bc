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

// points are where a panic goes off behind Traefik: one of each kind of place, of
// those that e2e/panics plants.
var points = []string{
	"plugin.go:Runtime.build",                      // while Traefik makes the handler
	"gate/hit.go:Gate.oneHeader.func1",             // on the hit path
	"gate/hit.go:Gate.hitPath.func1",               // and off it
	"gate/gate.go:Gate.ServeHTTP",                  // in the handler
	"gate/gate.go:Gate.decide",                     // while a request is decided
	"gate/gate.go:Gate.logDenial",                  // while it is refused
	"gate/refusal.go:refusal.write",                // and answered
	"cache/lookup.go:Cache.begin+1",                // with the cache's lock
	"cache/run.go:Scope.run",                       // on a goroutine that many wait for
	"cache/run.go:Scope.finish+1",                  // there, with the lock
	"verifier/recover.go:await.func1",              // in a callback of the standard library
	"verifier/recover.go:await.func3",              // on a goroutine of one request
	"verifier/canary.go:Canary.run",                // on the canary's goroutine
	"verifier/canary.go:Canary.finish",             // in a deferred function there
	"verifier/circuit.go:CircuitBreaker.after",     // in a deferred function of many
	"verifier/transport/client.go:Client.request",  // while the upstream is asked
	"verifier/apis/thammasat.go:thammasatClassify", // while its reply is read
	"verifier/apis/upstream.go:Upstream.interpret", // and judged
	"telemetry/log.go:Sink.write+1",                // while something is logged
}

// playPanics has them go off, on a Traefik of their own.
func playPanics(t *testing.T) scenario.Row {
	var field *panics.Field
	server, err := traefik.Start(traefik.Options{
		Env: scenario.Environment(), Static: behind.Trusting(), LogLevel: "INFO",
		Stage: func(goPath string) (err error) {
			field, err = panics.Plant(goPath)
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
	g, calls := scenario.NewGate(t, level, backend), upstreams.Total()
	scenario.Panics(t, g, field, points, nil)
	scenario.Unmarked(t, level.Logs())
	row := g.Tally.Row("a panic of the plugin's own", upstreams.Total()-calls)
	row.Note = fmt.Sprintf("at %d places", len(points))
	return row
}
