package scenario

import (
	"fmt"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// NoAnswers: lookups that bring no answer are not repeated at once, and are charged to
// the client that causes them.
var NoAnswers = []Scenario{
	{Name: "30 requests of one robot against a wrong path make a handful of calls, and its first answer ends it", Run: robotWithoutAnswer},
	{Name: "a canary without an answer is not repeated with each credential", Run: canaryWithoutAnswer},
	{Name: "until it is asked about again, a credential without an answer gets the same response", Run: sameResponse},
	{Name: "lookups without an answer limit their client, no other client and no cached caller", Run: chargedForNoAnswer},
}

func robotWithoutAnswer(t *testing.T, h *Harness) {
	for name, reply := range map[string]upstreams.Reply{
		"a wrong path":                       {Status: 404, Body: `{"error":"no such page"}`},
		"a page of somebody else":            {Status: 200, Body: "<html>"},
		"a rate limit in words":              {Status: 200, Body: `{"IsSuccess":"later"}`},
		"an upstream that is out of service": {Status: 503},
	} {
		up := newWebService(h.Clock())
		defer up.Close()
		h.Serve(Routes{"r": with(webServiceConfig(up), "canary", "false")})
		token := issueToken(up, "robot")
		robot := Request{Route: "r", Headers: []string{bearer(token)}}
		up.AnswerAll(&reply)
		for range 30 {
			r := h.Expect(500, robot)
			expectRetryAfter(t, r, 1, 10)
			h.Advance(40 * time.Millisecond)
		}
		if calls := up.CallsWith(token); calls > 5 {
			t.Errorf("%s: %d calls for one robot", name, calls)
		}
		up.AnswerAll(nil)
		h.Expect(500, robot)
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(issueToken(up, "another"))}})
		h.Advance(2100 * time.Millisecond)
		h.Expect(200, robot)
		h.ExpectCached(robot)
	}
}

func canaryWithoutAnswer(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": webServiceConfig(up)})
	up.AnswerAll(&upstreams.Reply{Status: 404, Body: `{"error":"no such page"}`})
	for i := range 30 {
		h.Expect(500, Request{Route: "r", Headers: []string{bearer(fmt.Sprint(Marker, "robot", i))}})
		h.Advance(20 * time.Millisecond)
	}
	if canaries := up.Calls() - 30; canaries < 1 || canaries > 4 {
		t.Errorf("%d canaries beside 30 credentials", canaries)
	}
	up.AnswerAll(nil)
	h.Expect(401, Request{Route: "r", Headers: []string{bearer(Marker + "junk")}})
	h.Advance(10100 * time.Millisecond)
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(issueToken(up, "client"))}})
}

func sameResponse(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	statuses := map[string]any{"503": "504"}
	h.Serve(Routes{
		"r":     with(webServiceConfig(up), "canary", "false", "errors", map[string]any{"statuses": statuses}),
		"other": with(webServiceConfig(up), "canary", "false", "errors", map[string]any{"unavailable": "503"}),
	})
	token := issueToken(up, "client")
	up.AnswerAll(&upstreams.Reply{Status: 503, Body: "{}"})
	first := h.Expect(504, Request{Route: "r", Headers: []string{bearer(token)}})
	second := h.Expect(504, Request{Route: "r", Headers: []string{bearer(token)}})
	expectEqual(t, "the body", second.Body, first.Body)
	expectRetryAfter(t, second, 1, 1)
	h.Expect(503, Request{Route: "other", Headers: []string{bearer(token)}})
	expectCount(t, "calls", up.CallsWith(token), 1)
	h.Advance(1100 * time.Millisecond)
	h.Expect(504, Request{Route: "r", Headers: []string{bearer(token)}})
	expectCount(t, "calls after a second", up.CallsWith(token), 2)
	r := h.Expect(504, Request{Route: "r", Headers: []string{bearer(token)}})
	expectRetryAfter(t, r, 1, 2)
}

func chargedForNoAnswer(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	cached := Request{Route: "r", Headers: []string{bearer(issueToken(up, "client"))}, From: "127.0.0.9"}
	h.Serve(Routes{"r": with(webServiceConfig(up), "limits", map[string]any{"perClient": "5/5s"})})
	h.ExpectCached(cached)
	late := Request{Route: "r", Headers: []string{bearer(issueToken(up, "late"))}, From: "127.0.0.9"}
	up.AnswerAll(&upstreams.Reply{Status: 404, Body: "<html>"})
	calls := up.Calls()
	counted := time.Now()
	for i := range 5 {
		h.Expect(500, Request{Route: "r", Headers: []string{bearer(fmt.Sprint(Marker, "junk", i))}, From: "127.0.0.9"})
		if i == 0 {
			counted = time.Now() // with it the period began
		}
	}
	h.Expect(429, Request{Route: "r", Headers: []string{bearer(Marker + "more")}, From: "127.0.0.9"})
	expectCount(t, "calls of one client", up.Calls(), calls+5)
	h.ExpectCached(cached)
	up.AnswerAll(nil)
	h.Expect(429, late)
	h.Expect(401, Request{Route: "r", Headers: []string{bearer(Marker + "more")}, From: "127.0.0.10"})
	h.Advance(5*time.Second - time.Since(counted) + 100*time.Millisecond)
	h.Expect(200, late)
}
