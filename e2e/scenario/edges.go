package scenario

import (
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Edges: what gateways, firewalls and frameworks before an API say in its place.
var Edges = []Scenario{
	{Name: "no denial of a gateway proves an upstream, and nothing is allowed when its path opens", Run: edgesProveNothing},
	{Name: "marks of another type, in another case or under another status are none", Run: almostMarks},
	{Name: "of a stranger's 429 a client sees nothing but that it has to wait", Run: edgesLimit},
}

// edgeReplies are more replies like strangers.
var edgeReplies = []upstreams.Reply{
	{Status: 403, Body: `{"message":"Missing Authentication Token ` + Marker + `"}`},
	{Status: 401, Body: `{"success":false,"errors":[{"code":10000,"message":"` + Marker + `"}],"messages":[],"result":null}`},
	{Status: 403, Body: `{"timestamp":"2026-01-01T00:00:00Z","status":403,"error":"Forbidden","message":"` + Marker + `","path":"/x"}`},
	{Status: 401, Body: `{"type":"https://tools.ietf.org/html/rfc7235#section-3.1","title":"` + Marker + `","status":401,"traceId":"00-1"}`},
	{Status: 422, Body: `{"type":"about:blank","title":"` + Marker + `","status":422,"errors":[{"detail":"` + Marker + `"}]}`},
	{Status: 400, Body: `{"errors":[{"message":"` + Marker + `","extensions":{"code":"UNAUTHENTICATED"}}],"data":null}`},
	{Status: 401, Body: `{"detail":"` + Marker + `","code":"token_not_valid"}`},
	{Status: 401, Body: `{"name":"NotAuthenticated","message":"` + Marker + `","code":401,"className":"not-authenticated"}`},
	{Status: 400, Body: `{"fault":{"faultstring":"` + Marker + `","detail":{"errorcode":"oauth.v2.InvalidApiKey"}}}`},
	{Status: 403, Body: `{"status":0,"message":"` + Marker + `"}`},
	{Status: 403, Header: map[string]string{"Content-Type": "text/html"}, Body: `<html><h1>403 ` + Marker + `</h1></html>`},
	{Status: 401, Header: map[string]string{"Www-Authenticate": "Bearer"}, Body: ``},
}

func edgesProveNothing(t *testing.T, h *Harness) {
	for _, edge := range edgeReplies {
		all, done := markedAPIs(h.Clock())
		h.Serve(routesOfMarked(all))
		for _, m := range all {
			m.server.AnswerAll(&edge)
			r := h.Expect(500, Request{Route: m.route, Headers: m.unknown(1)})
			if strings.Contains(r.Body, Marker) || len(r.Header["Www-Authenticate"]) > 0 {
				t.Errorf("%s, %d %s: the client got %v %s", m.route, edge.Status, edge.Body, r.Header, r.Body)
			}
			// Most often the canary has been sent by now. It is not where the answer came
			// first: then it rests as well, and meets the open path.
			for begun := time.Now(); m.server.Calls() < 2 && time.Since(begun) < 300*time.Millisecond; {
				time.Sleep(time.Millisecond)
			}
			m.server.AnswerAll(&m.allows) // now its path is open
		}
		for i := range 3 {
			for _, m := range all {
				h.Expect(500, Request{Route: m.route, Headers: m.unknown(1)})
				h.Expect(500, Request{Route: m.route, Headers: m.unknown(2 + i)})
			}
			h.Advance(1100 * time.Millisecond) // after a second the canary goes again
		}
		for _, m := range all {
			m.server.AnswerAll(nil)
		}
		if h.Clock() != nil { // a distrusted upstream is asked again after a minute
			h.Advance(time.Minute)
			for _, m := range all {
				h.Expect(200, Request{Route: m.route, Headers: m.good})
				h.Expect(m.denied(), Request{Route: m.route, Headers: m.unknown(3)})
			}
		}
		done()
	}
}

// almostOwn are bodies that are an API's own but for one mark.
var almostOwn = map[string][]string{
	"panel": {
		`{"meta":{"status":"false","message":"` + Marker + `","message_code":"400-1"}}`, `{"meta":{"status":true,"message":"` + Marker + `","message_code":"400-1"}}`,
		`{"meta":{"message":"` + Marker + `","message_code":"400-1"}}`, `{"meta":{"status":false,"message":"` + Marker + `","message_code":400}}`,
		`{"Meta":{"status":false,"message":"` + Marker + `","message_code":"400-1"}}`, `{"errors":{"token":"` + Marker + `"}}`,
	},
	"courier": {
		`{"name":"Unauthorized","message":"` + Marker + `","code":0,"status":"401"}`, `{"name":"Unauthorized","message":"` + Marker + `","code":0,"status":500}`,
		`{"Name":"Unauthorized","message":"` + Marker + `","code":0,"Status":401}`, `{"name":null,"message":"` + Marker + `","code":0,"status":401}`,
		`{"status":false,"message":"` + Marker + `","status_code":"401"}`, `{"status":"false","message":"` + Marker + `","status_code":401}`,
	},
	"service": {
		`{"IsSuccess":false,"Msg":{"Code":null,"Msg":"` + Marker + `"}}`, `{"IsSuccess":false,"Msg":{"Code":"-102","Msg":"` + Marker + `"}}`,
		`{"IsSuccess":"false","Msg":{"Code":-102,"Msg":"` + Marker + `"}}`, `{"isSuccess":false,"msg":{"code":-102,"msg":"` + Marker + `"}}`,
		`{"status":"error","message":"` + Marker + `","code":"401"}`, `{"status":"Error","message":"` + Marker + `","code":401}`,
	},
	"key": {
		`{"status":"false","message":"` + Marker + `"}`, `{"status":0,"message":"` + Marker + `"}`, `{"Status":false,"Message":"Application-Key Invalid!"}`,
		`{"status":false,"message":["Application-Key Invalid!"]}`, `{"status":false,"message":null}`, `{"message":"application-key invalid!"}`,
	},
	"account": {
		`{"status":"false","message":"` + Marker + `"}`, `{"status":0,"message":"` + Marker + `"}`, `{"Status":false,"Message":"Users or Password Invalid!"}`,
		`{"status":false,"message":["Users or Password Invalid!"]}`, `{"status":false,"message":null}`, `{"message":"users or password invalid!"}`,
	},
}

func almostMarks(t *testing.T, h *Harness) {
	all, done := markedAPIs(h.Clock())
	defer done()
	h.Serve(routesOfMarked(all))
	for _, m := range all {
		h.Expect(200, Request{Route: m.route, Headers: m.good}) // trusted from here on
		for i, body := range almostOwn[m.route] {
			for _, status := range []int{400, 401, 403, 404, 409, 410, 422} {
				m.server.AnswerAll(&upstreams.Reply{Status: status, Body: body})
				r := h.Expect(500, Request{Route: m.route, Headers: m.unknown(1000*i + status)})
				if strings.Contains(r.Body, Marker) || len(r.Header["Www-Authenticate"]) > 0 {
					t.Errorf("%s, %d %s: the client got %v %s", m.route, status, body, r.Header, r.Body)
				}
			}
		}
		m.server.AnswerAll(&m.allows)
	}
	h.Advance(1100 * time.Millisecond) // none of them was remembered as denied
	for _, m := range all {
		for i := range almostOwn[m.route] {
			h.Expect(200, Request{Route: m.route, Headers: m.unknown(1000*i + 404)})
		}
	}
}

func edgesLimit(t *testing.T, h *Harness) {
	all, done := markedAPIs(h.Clock())
	defer done()
	h.Serve(routesOfMarked(all))
	for _, m := range all {
		h.Expect(200, Request{Route: m.route, Headers: m.good})
	}
	own := map[string]string{
		"panel":   `{"data":null,"meta":{"status":false,"message":"in its own words","message_code":"429-1"}}`,
		"courier": `{"name":"Too Many Requests","message":"in its own words","code":0,"status":429}`,
		"service": `{"status":"error","message":"in its own words","code":429}`,
		"key":     `{"status":false,"message":"in its own words"}`,
		"account": `{"status":false,"message":"in its own words"}`,
	}
	for i, body := range []string{
		`{"message":"API rate limit exceeded ` + Marker + `"}`, `{"error":"` + Marker + `","message":"` + Marker + `"}`, `{"meta":{"message":"` + Marker + `","message_code":"429-9"}}`,
		`{"Msg":{"Code":-201,"Msg":"` + Marker + ` 3000"}}`, `<html>429 ` + Marker + `</html>`, "",
	} {
		for _, m := range all {
			reply := &upstreams.Reply{Status: 429, Header: map[string]string{"Retry-After": "1"}, Body: body}
			if body == "" {
				reply.Body = own[m.route]
			}
			m.server.AnswerAll(reply)
			r := h.Expect(429, Request{Route: m.route, Headers: m.unknown(i)})
			if strings.Contains(r.Body, Marker) || strings.Contains(r.Body, "429-9") || strings.Contains(r.Body, "-201") || strings.Contains(r.Body, "in its own words") != (body == "") {
				t.Errorf("%s, %s: the client got %s", m.route, reply.Body, r.Body)
			}
			expectRetryAfter(t, r, 1, 1)
			m.server.AnswerAll(nil)
			h.Expect(200, Request{Route: m.route, Headers: m.good})
		}
		h.Advance(1100 * time.Millisecond)
	}
}
