package scenario

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// ClientsGone: a client that leaves while its credential is checked is no outage, and
// costs the others nothing.
var ClientsGone = []Scenario{
	{Name: "a client that leaves while it waits is logged as such, and not as an outage", Run: clientsLeave},
	{Name: "one that leaves a hand-off, too", Run: handOffsLeave},
	{Name: "one whose time is over is answered, and not taken for one that left", Run: ownTimeIsOver},
}

// leave sends a request, and leaves once it waits.
func (h *Harness) leave(t testing.TB, request Request, waits func() bool) {
	t.Helper()
	ctx, hangUp := context.WithCancel(context.Background())
	defer hangUp()
	var sent sync.WaitGroup
	sent.Go(func() {
		r, err := h.newRequest(request)
		if err != nil {
			t.Error(err)
			return
		}
		response, err := client.Do(r.WithContext(ctx))
		if err == nil {
			_ = response.Body.Close()
			t.Errorf("a client that left got %d", response.StatusCode)
		}
	})
	waitFor(t, "the request waits", waits)
	time.Sleep(50 * time.Millisecond)
	hangUp()
	sent.Wait()
}

const cancelled = `"reason":"cancelled"`

func (h *Harness) expectLeft(t testing.TB, n int) {
	t.Helper()
	waitFor(t, "the log says that they have left", func() bool { return strings.Count(h.Logs(), cancelled) >= n })
	for _, wrong := range []string{`"event":"outage"`, `"reason":"unavailable"`, `"event":"circuit`} {
		expectCount(t, "log lines with "+wrong, strings.Count(h.Logs(), wrong), 0)
	}
	expectCount(t, "log lines about those who left", strings.Count(h.Logs(), cancelled), n)
}

func clientsLeave(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": webServiceConfig(up, "timeout", "20s")})
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(issueToken(up, "first"))}})
	h.newSecond()
	calls := up.Calls()
	release := up.Hold()
	tokens := make([]string, 6)
	for i := range tokens {
		tokens[i] = issueToken(up, "leaver"+string(rune('a'+i)))
		h.leave(t, Request{Route: "r", Headers: []string{bearer(tokens[i])}}, func() bool { return up.Calls() == calls+i+1 })
	}
	h.expectLeft(t, len(tokens))
	release()
	waitFor(t, "their lookups have ended", func() bool { return h.Get("r", bearer(tokens[len(tokens)-1])).Status == 200 })
	for _, token := range tokens { // what was asked for them is remembered
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
	}
	expectCount(t, "calls", up.Calls()-calls, len(tokens))
}

func handOffsLeave(t *testing.T, h *Harness) {
	up := newSMSPanel(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": sessionConfig(routeConfig("bearer", "ippanel", up.URL, "timeout", "20s"))})
	token := up.IssueToken(Marker + "ali")
	h.newSecond()
	release := up.Hold()
	h.leave(t, Request{Route: "r", Path: "/external-login?token=" + token, Headers: []string{"Sec-Fetch-Site: none"}},
		func() bool { return up.CallsWith(token) == 1 })
	other := up.IssueToken(Marker + "sara")
	h.leave(t, Request{Route: "r", Method: http.MethodHead, Headers: []string{bearer(other)}}, func() bool { return up.CallsWith(other) == 1 })
	h.expectLeft(t, 2)
	release()
	h.newBrowser(t).followLink(303, token)
}

func ownTimeIsOver(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	// The lookup goes on for a route that waits longer, or ends with its only caller's time.
	apart := with(webServiceConfig(up, "timeout", "2s"), "cache", map[string]any{"epoch": "apart"})
	h.Serve(Routes{"short": webServiceConfig(up, "timeout", "300ms"), "long": webServiceConfig(up, "timeout", "20s"), "apart": apart})
	for _, route := range []string{"long", "apart"} {
		h.Expect(200, Request{Route: route, Headers: []string{bearer(issueToken(up, "first"))}})
	}
	release := up.Hold()
	for _, route := range []string{"short", "apart"} {
		h.Expect(500, Request{Route: route, Headers: []string{bearer(issueToken(up, "slow"))}})
	}
	release()
	expectCount(t, "log lines about clients who left", strings.Count(h.Logs(), cancelled), 0)
}
