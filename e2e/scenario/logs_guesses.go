package scenario

import (
	"fmt"
	"testing"
)

// guessedTraces: a request that is traced takes longer, so that a client may be wrong about
// the token a few times only; on the status route it may still come with the right one.
func guessedTraces(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	limits := map[string]any{"perClient": "3/2h", "clientDepth": 1}
	h.Serve(Routes{"r": with(webServiceConfig(up), "log", "trace", "limits", limits), "status": statusConfig("limits", limits)})
	token := issueToken(up, "ali")
	traces := func() int { return len(entriesOf(h.Logs(), "trace", "r")) }
	ask := func(client, guess string) {
		h.Expect(200, getRequest("r", bearer(token), "X-Forwarded-For: "+client, "X-Upstreamauth-Trace: "+guess))
	}
	h.Expect(200, getRequest("r", bearer(token))) // the first of a thousand, traced or not
	before := traces()
	for n := range 3 {
		ask("192.0.2.77", fmt.Sprint(Marker, "guess ", n))
	}
	ask("192.0.2.77", statusToken)
	ask("192.0.2.78", statusToken)
	waitFor(t, "a trace for another client", func() bool { return traces() > before })
	expectEqual(t, "traces", traces(), before+1)
	shown := h.Do(Request{Route: "status", Path: "/ops/status", Headers: []string{bearer(statusToken), "X-Forwarded-For: 192.0.2.77"}})
	expectEqual(t, "the status route's answer", shown.Status, 200)
}
