package scenario

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Marks: a no counts only with the marks of the API's own documents. What answers in its
// place (a gateway, a firewall, another program behind the address) denies nobody.
var Marks = []Scenario{
	{Name: "a stranger's reply is no answer, and nothing of it is shown", Run: strangerIsNoAnswer},
	{Name: "a stranger's reply throws out no remembered caller", Run: strangerRevalidates},
	{Name: "a stranger's reply proves no upstream", Run: strangerProvesNothing},
	{Name: "a stranger's reply is one log line, which says what happened", Run: strangerLogged},
	{Name: "a no with the API's own marks is an answer", Run: ownMarks},
}

// strangers are replies of programs that are none of the APIs: Kong, an edge, AWS, OAuth,
// Cloudflare, Spring, Express, Laravel, and others.
var strangers = []string{
	`{"message":"No API key found in request ` + Marker + `"}`,
	`{"title":"Access denied ` + Marker + `","status":403}`,
	`{"message":"Forbidden"}`,
	`{"error":"invalid_token","error_description":"` + Marker + `"}`,
	`{"success":false,"errors":[{"code":1000,"message":"` + Marker + `"}]}`,
	`{"code":401,"message":"` + Marker + `"}`,
	`{"status":401,"error":"Unauthorized","path":"/` + Marker + `"}`,
	`{"statusCode":401,"message":"` + Marker + `","error":"Unauthorized"}`,
	`{"name":"UnauthorizedError","message":"` + Marker + `"}`,
	`{"name":"Forbidden","message":"` + Marker + `","status":"403"}`,
	`{"status":false,"detail":"` + Marker + `"}`,
	`{"status":"error","message":"` + Marker + `"}`,
	`{"status":"fail","data":{"token":"` + Marker + `"}}`,
	`{"IsSuccess":false,"Message":"` + Marker + `"}`,
	`{"meta":{"status":false,"message":"` + Marker + `"}}`,
	`{"errors":["` + Marker + `"]}`,
	`{"type":"about:blank","title":"` + Marker + `","status":422,"detail":"` + Marker + `"}`,
	`<html><head><title>403 Forbidden ` + Marker + `</title></head><body><center>nginx</center></body></html>`,
	`"` + Marker + `"`,
	`{}`,
}

// noStatuses are the statuses with which an API may deny.
var noStatuses = []int{400, 401, 403, 422}

func strangerIsNoAnswer(t *testing.T, h *Harness) {
	all, done := markedAPIs(h.Clock())
	defer done()
	h.Serve(routesOfMarked(all))
	for _, m := range all {
		h.Expect(200, Request{Route: m.route, Headers: m.good}) // trusted from here on
		for i, body := range strangers {
			for _, status := range noStatuses {
				m.server.AnswerAll(&upstreams.Reply{Status: status, Body: body})
				r := h.Expect(500, Request{Route: m.route, Headers: m.unknown(1000*i + status)})
				if strings.Contains(r.Body, Marker) || len(r.Header["Www-Authenticate"]) > 0 || r.Header.Get("Retry-After") == "" {
					t.Errorf("%s, %d %s: the client got %v %s", m.route, status, body, r.Header, r.Body)
				}
			}
		}
		h.Advance(1100 * time.Millisecond) // it is not asked about again for a second
		m.server.AnswerAll(&m.allows)      // had one of them been remembered, it would still be denied
		h.Expect(200, Request{Route: m.route, Headers: m.unknown(1000 + 401)})
	}
}

func strangerRevalidates(t *testing.T, h *Harness) {
	all, done := markedAPIs(h.Clock(), "revalidate", "1s")
	defer done()
	h.Serve(routesOfMarked(all))
	for _, m := range all {
		h.Expect(200, Request{Route: m.route, Headers: m.good})
	}
	for i, body := range []string{strangers[0], strangers[1], strangers[6], `{}`} {
		calls := map[string]int{}
		for _, m := range all {
			calls[m.route] = m.server.Calls()
			m.server.AnswerAll(&upstreams.Reply{Status: noStatuses[(i+1)%4], Body: body})
		}
		h.Advance(1100 * time.Millisecond)
		for _, m := range all {
			waitFor(t, m.route+" is revalidated", func() bool {
				h.Expect(200, Request{Route: m.route, Headers: m.good}) // the last revalidation may not have ended yet
				return m.server.Calls() > calls[m.route]
			})
		}
		time.Sleep(20 * time.Millisecond) // the answer's way back
		for _, m := range all {
			h.Expect(200, Request{Route: m.route, Headers: m.good})
		}
	}
}

func strangerProvesNothing(t *testing.T, h *Harness) {
	for i, body := range []string{strangers[0], strangers[1], strangers[2], `{}`} {
		status := []int{401, 403}[i%2]
		all, done := markedAPIs(h.Clock())
		h.Serve(routesOfMarked(all))
		for _, m := range all {
			m.server.AnswerAll(&upstreams.Reply{Status: status, Body: body})
			h.Expect(500, Request{Route: m.route, Headers: m.unknown(1)})
			waitFor(t, "the canary was sent", func() bool { return m.server.Calls() == 2 })
			m.server.AnswerAll(&m.allows) // now it lets everybody in
			h.Expect(500, Request{Route: m.route, Headers: m.unknown(2)})
		}
		done()
	}
}

func strangerLogged(t *testing.T, h *Harness) {
	up := newBTS(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": btsConfig(up)})
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(up.IssueToken(Marker + "courier"))}})
	up.AnswerAll(&upstreams.Reply{Status: 403, Body: strangers[1]})
	for i := range 5 {
		h.Expect(500, Request{Route: "r", Headers: []string{bearer(fmt.Sprint(Marker, "unknown-", i))}})
	}
	const cause = "a reply without the API's own marks (HTTP 403): something in between gave it"
	waitFor(t, "it is in the log", func() bool { return strings.Contains(h.Logs(), cause) })
	expectCount(t, "log lines", strings.Count(h.Logs(), cause), 1)
	for _, quoted := range []string{"Access denied", "title"} {
		if strings.Contains(h.Logs(), quoted) {
			t.Errorf("the log quotes %q", quoted)
		}
	}
}

func ownMarks(t *testing.T, h *Harness) {
	all, done := markedAPIs(h.Clock())
	defer done()
	h.Serve(routesOfMarked(all))
	for _, m := range all {
		h.Expect(200, Request{Route: m.route, Headers: m.good})
		i := 0
		for body, statuses := range m.own {
			i++
			m.server.AnswerAll(&upstreams.Reply{Status: statuses[0], Body: body})
			h.Expect(statuses[1], Request{Route: m.route, Headers: m.unknown(i)})
			m.server.AnswerAll(nil)
			h.Expect(statuses[1], Request{Route: m.route, Headers: m.unknown(i)}) // remembered
		}
	}
}
