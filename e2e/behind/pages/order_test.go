package pages

import (
	"fmt"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/traefik"
)

// What docs/operations.md says of Traefik's circuitBreaker: before the gate, an
// outage of the upstream closes the route for callers who are known; after it,
// or with an expression that leaves the gate's status out, they are served.
func TestOrder(t *testing.T) {
	const all = "ResponseCodeRatio(500, 600, 0, 600) > 0.3"
	for _, c := range []struct {
		name, expression string
		order            []string
		known            int
	}{
		{"the breaker after the gate", all, []string{"gate", "breaker"}, 200},
		{"the breaker before the gate", all, []string{"breaker", "gate"}, 418},
		{"before it, without the gate's status", "ResponseCodeRatio(500, 503, 0, 600) > 0.3", []string{"breaker", "gate"}, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			api, token := panel(t)
			server, err := traefik.Start(traefik.Options{LogLevel: "ERROR"})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = server.Stop() }()
			// A status of its own tells the breaker's answer from the gate's.
			breaker := map[string]any{"circuitBreaker": map[string]any{"expression": c.expression, "responseCode": 418}}
			gate := map[string]any{"errors": map[string]any{"unavailable": 503}}
			err = server.Apply("order", route(t, api.URL, gate, map[string]any{"breaker": breaker}, c.order))
			if err != nil {
				t.Fatal(err)
			}
			if got := status(t, server, "/", token); got != 200 {
				t.Fatalf("a valid token: %d", got)
			}
			api.Close()
			unknown := 0
			outage := func() {
				unknown++
				status(t, server, "/", fmt.Sprintf("unknown-%d", unknown))
				time.Sleep(10 * time.Millisecond)
			}
			for range 60 { // a breaker looks ten times a second
				outage()
			}
			got := status(t, server, "/", token)
			for end := time.Now().Add(30 * time.Second); c.known != 200 && got == 200 && time.Now().Before(end); {
				outage() // it opens for ten seconds, which the machine may have paused for
				got = status(t, server, "/", token)
			}
			if got != c.known {
				t.Errorf("a known token during the outage: %d, want %d", got, c.known)
			}
		})
	}
}
