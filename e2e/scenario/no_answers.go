package scenario

import (
	"fmt"
	"strconv"
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

func robotWithoutAnswer(_ *testing.T, h *Harness) {
	for name, reply := range map[string]upstreams.Reply{
		"a wrong path":                       {Status: 404, Body: `{"error":"no such page"}`},
		"a page of somebody else":            {Status: 200, Body: "<html>"},
		"a rate limit in words":              {Status: 200, Body: `{"IsSuccess":"later"}`},
		"an upstream that is out of service": {Status: 503},
	} {
		h.again(func(h *Harness, _ int, by func(deadline time.Time)) {
			up := newWebService(h.Clock())
			defer up.Close()
			h.Serve(Routes{"r": with(webServiceConfig(up), "canary", "false")})
			token := issueToken(up, "robot")
			robot := Request{Route: "r", Headers: []string{bearer(token)}}
			up.AnswerAll(&reply)
			var due time.Time // before then it is not asked about
			pause := time.Second
			for range 30 {
				before, calls := clockOf(h), up.CallsWith(token)
				r := h.Expect(500, robot)
				expectRetryAfter(h.t, r, 1, 10)
				if up.CallsWith(token) > calls {
					due, pause = before.Add(pause), 2*pause
				}
				h.Advance(40 * time.Millisecond)
			}
			if calls := up.CallsWith(token); calls > 5 {
				h.t.Errorf("%s: %d calls for one robot", name, calls)
			}
			up.AnswerAll(nil)
			by(due)
			r := h.Expect(500, robot)
			by(time.Time{})
			h.Expect(200, Request{Route: "r", Headers: []string{bearer(issueToken(up, "another"))}})
			seconds, _ := strconv.Atoi(r.Header.Get("Retry-After"))
			h.Advance(time.Duration(seconds)*time.Second + 100*time.Millisecond)
			h.Expect(200, robot)
			h.ExpectCached(robot)
		})
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

func sameResponse(_ *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	statuses := map[string]any{"503": "504"}
	h.Serve(Routes{
		"r":     with(webServiceConfig(up), "canary", "false", "errors", map[string]any{"statuses": statuses}),
		"other": with(webServiceConfig(up), "canary", "false", "errors", map[string]any{"unavailable": "503"}),
	})
	up.AnswerAll(&upstreams.Reply{Status: 503, Body: "{}"})
	h.again(func(h *Harness, _ int, by func(deadline time.Time)) {
		token := issueToken(up, "client")
		by(clockOf(h).Add(time.Second))
		first := h.Expect(504, Request{Route: "r", Headers: []string{bearer(token)}})
		second := h.Expect(504, Request{Route: "r", Headers: []string{bearer(token)}})
		expectEqual(h.t, "the body", second.Body, first.Body)
		expectRetryAfter(h.t, second, 1, 1)
		h.Expect(503, Request{Route: "other", Headers: []string{bearer(token)}})
		expectCount(h.t, "calls", up.CallsWith(token), 1)
		by(time.Time{})
		h.Advance(1100 * time.Millisecond)
		by(clockOf(h).Add(2 * time.Second))
		h.Expect(504, Request{Route: "r", Headers: []string{bearer(token)}})
		expectCount(h.t, "calls after a second", up.CallsWith(token), 2)
		r := h.Expect(504, Request{Route: "r", Headers: []string{bearer(token)}})
		expectRetryAfter(h.t, r, 1, 2)
	})
}

func chargedForNoAnswer(_ *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	token := bearer(issueToken(up, "client"))
	h.Serve(Routes{"r": with(webServiceConfig(up), "limits", map[string]any{"perClient": "5/5s"})})
	h.ExpectCached(Request{Route: "r", Headers: []string{token}})
	var late Request
	var counted time.Time // after the first call, with which the period began
	h.again(func(h *Harness, n int, by func(deadline time.Time)) {
		address, another := fmt.Sprint("127.0.9.", n+1), fmt.Sprint("127.0.10.", n+1)
		junk := func(i int, from string) Request {
			return Request{Route: "r", Headers: []string{bearer(fmt.Sprint(Marker, "junk-", n, "-", i))}, From: from}
		}
		cached := Request{Route: "r", Headers: []string{token}, From: address}
		late = Request{Route: "r", Headers: []string{bearer(issueToken(up, "late"))}, From: address}
		up.AnswerAll(&upstreams.Reply{Status: 404, Body: "<html>"})
		calls := up.Calls()
		by(clockOf(h).Add(5 * time.Second))
		for i := range 5 {
			h.Expect(500, junk(i, address))
			if i == 0 {
				counted = clockOf(h)
			}
		}
		h.Expect(429, junk(5, address))
		expectCount(h.t, "calls of one client", up.Calls(), calls+5)
		h.ExpectCached(cached)
		up.AnswerAll(nil)
		h.Expect(429, late)
		h.Expect(401, junk(5, another))
	})
	h.Pass(counted, 5100*time.Millisecond)
	h.Expect(200, late)
}
