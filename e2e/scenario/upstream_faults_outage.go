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
	cached, unknown := up.IssueToken(Marker+"ali"), up.IssueToken(Marker+"ali")
	config := routeConfig("bearer", "ippanel", up.URL, "timeout", "1s")
	h.Serve(Routes{"r": config, "own": with(config, "errors", map[string]any{"unavailable": "503"})})
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(cached)}})
	up.AnswerAll(&upstreams.Reply{Status: 200, Body: `{"data":null}`, Delay: 1500 * time.Millisecond})
	for _, wait := range []string{"10", "1"} { // it is not asked about again for a second
		r := h.Expect(500, Request{Route: "r", Headers: []string{bearer(unknown)}})
		expectEqual(t, "body", r.Body, `{"data":null,"meta":{"status":false,"message":"The authentication service could not be asked. Try again later.","message_parameters":[],"message_code":"500-1","errors":{}}}`)
		expectEqual(t, "Retry-After", r.Header.Get("Retry-After"), wait)
		h.Expect(503, Request{Route: "own", Headers: []string{bearer(unknown)}})
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(cached)}})
	}
	up.AnswerAll(nil)
	h.Advance(1100 * time.Millisecond)
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(unknown)}})
	logged := strings.Count(h.Logs(), `"event":"outage"`)
	expectCount(t, "log lines about the outage", logged, 1)
}
