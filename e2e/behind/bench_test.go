package behind

import (
	"fmt"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/scenario"
	"github.com/upstreamauth/upstreamauth/e2e/traefik"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// BenchmarkRoute measures what the plugin adds to one request behind Traefik, one
// after the other on a kept connection: compare with "no middleware". The
// upstream answers at once, so that a miss shows what is ours.
func BenchmarkRoute(b *testing.B) {
	backend := scenario.NewBackend(nil)
	defer backend.Close()
	// A Traefik of its own: the tests' is slowed by its profiler and its log.
	quiet, err := traefik.Start(traefik.Options{LogLevel: "ERROR"})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = quiet.Stop() }()
	l := &level{server: quiet, backend: backend.URL, open: "open"}
	up := upstreams.NewWebService(upstreams.WebServiceOptions{})
	defer up.Close()
	good := up.IssueToken(upstreams.User{UserName: "client", ID: 7, Name: "Client"})
	h := scenario.NewHarness(b, l, backend)
	h.Serve(scenario.Routes{"r": {"bearer": map[string]any{"api": "webservice", "url": up.URL, "path": up.Path()}}})
	h.Get("r", "Authorization: Bearer "+good)

	calls := 0
	for _, c := range []struct {
		name, route string
		line        func() string
		status      int
	}{
		{"no middleware", "open", func() string { return "Authorization: Bearer " + good }, 200},
		{"hit", "r", func() string { return "Authorization: Bearer " + good }, 200},
		{"cached denial", "r", func() string { return "Authorization: Bearer wrong" }, 401},
		{"miss", "r", func() string {
			calls++
			token := fmt.Sprint("fresh", calls)
			up.AddToken(token, upstreams.User{UserName: "client", ID: 7, Name: "Client"})
			return "Authorization: Bearer " + token
		}, 200},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if r := h.Get(c.route, c.line()); r.Status != c.status {
					b.Fatalf("status %d, want %d", r.Status, c.status)
				}
			}
		})
	}
}
