package scenario

import (
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

func outageOfKnown(t *testing.T, h *Harness) {
	up := newIPPanel(h.Clock())
	defer up.Close()
	over := make(chan struct{})
	defer close(over)
	routes := func(timeout time.Duration) Routes {
		config := routeConfig("bearer", "ippanel", up.URL, "timeout", timeout.String())
		return Routes{"r": config, "own": with(config, "errors", map[string]any{"unavailable": "503"})}
	}
	const timeout = time.Second
	h.Serve(routes(timeout))
	var unknown string
	h.again(func(h *Harness, _ int, by func(deadline time.Time)) {
		cached := up.IssueToken(Marker + "ali")
		unknown = up.IssueToken(Marker + "ali")
		up.AnswerAll(nil)
		waitFor(h.t, "the panel answers in time", func() bool { return h.Get("r", bearer(cached)).Status == 200 })
		up.AnswerAll(&upstreams.Reply{Until: over})
		by(clockOf(h).Add(timeout + time.Second))
		for _, wait := range []string{"10", "1"} { // it is not asked about again for a second
			r := h.Expect(500, Request{Route: "r", Headers: []string{bearer(unknown)}})
			expectEqual(h.t, "body", r.Body, `{"data":null,"meta":{"status":false,"message":"The authentication service could not be asked. Try again later.","message_parameters":[],"message_code":"500-1","errors":{}}}`)
			expectEqual(h.t, "Retry-After", r.Header.Get("Retry-After"), wait)
			h.Expect(503, Request{Route: "own", Headers: []string{bearer(unknown)}})
			h.Expect(200, Request{Route: "r", Headers: []string{bearer(cached)}})
		}
	})
	up.AnswerAll(nil)
	h.Serve(routes(10 * timeout)) // an answer is to come now
	h.Advance(1100 * time.Millisecond)
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(unknown)}})
	logged := strings.Count(h.Logs(), `"event":"outage"`)
	expectCount(t, "log lines about the outage", logged, 1)
}
