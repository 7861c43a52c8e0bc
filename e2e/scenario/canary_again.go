package scenario

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// otherNoes are refusals in the API's own words that are about something else than the
// credential: by the name of a way to ask (markedAPIs), with the client's status.
var otherNoes = []struct {
	route  string
	reply  upstreams.Reply
	client int
}{
	{"courier", upstreams.Reply{Status: 403, Body: `{"name":"Forbidden","message":"Your address is not allowed.","code":0,"status":403}`}, 403},
	{"courier", upstreams.Reply{Status: 422, Body: `{"status":false,"message":"Validation error.","status_code":422,"errors":{}}`}, 422},
	{"courier", upstreams.Reply{Status: 200, Body: `{"status":false,"message":"closed","status_code":403}`}, 403},
	{"courier", upstreams.Reply{Status: 401, Body: `{"status":false,"message":"closed","status_code":403}`}, 401},
	{"panel", upstreams.Reply{Status: 403, Body: `{"meta":{"status":false,"message":"Your address is not allowed.","message_code":"403-1"}}`}, 403},
	{"panel", upstreams.Reply{Status: 422, Body: `{"meta":{"status":false,"message":"no token","message_code":"400-2"}}`}, 422},
	{"panel", upstreams.Reply{Status: 400, Body: `{"meta":{"status":false,"message":"no","message_code":"400-7"}}`}, 400},
	{"panel", upstreams.Reply{Status: 401, Body: `{"meta":{"status":false,"message":"no","message_code":"403-1"}}`}, 401},
	{"service", upstreams.Reply{Status: 403, Body: `{"status":"error","message":"Your address is not allowed.","code":403}`}, 403},
	{"service", upstreams.Reply{Status: 400, Body: `{"status":"error","message":"no","code":400}`}, 400},
	{"service", upstreams.Reply{Status: 200, Body: `{"IsSuccess":false,"Msg":{"Code":-3,"Msg":"no user data"}}`}, 401},
	{"service", upstreams.Reply{Status: 200, Body: `{"IsSuccess":false,"Msg":{"Code":-202,"Msg":"address"}}`}, 403},
	{"service", upstreams.Reply{Status: 200, Body: `{"IsSuccess":false,"Msg":{"Code":-103,"Msg":"inactive"}}`}, 403},
	{"service", upstreams.Reply{Status: 200, Body: `{"IsSuccess":false,"Msg":{"Code":-105,"Msg":"credit"}}`}, 403},
	{"service", upstreams.Reply{Status: 200, Body: `{"IsSuccess":false,"Msg":{"Code":-104,"Msg":"کاربر شما منقضی شده است"}}`}, 403},
	{"service", upstreams.Reply{Status: 401, Body: `{"IsSuccess":false,"Msg":{"Code":-203,"Msg":"night"}}`}, 401},
	{"key", upstreams.Reply{Status: 401, Body: `{"status":false,"message":"Valid channel access token is not specified"}`}, 401},
	{"key", upstreams.Reply{Status: 403, Body: `{"status":false,"message":"Your address is not allowed."}`}, 403},
	{"key", upstreams.Reply{Status: 403, Body: `{"status":false,"message":"Not authorized to access the resource. Confirm that your account or plan is authorized to access the resource."}`}, 403},
}

func otherNoesProveNothing(t *testing.T, h *Harness) {
	for _, no := range otherNoes {
		all, done := markedAPIs(h.Clock())
		h.Serve(routesOfMarked(all))
		for _, m := range all {
			if m.route != no.route {
				continue
			}
			m.server.AnswerAll(&no.reply)
			h.Expect(no.client, Request{Route: m.route, Headers: m.unknown(1)})
			waitFor(t, "the canary was sent", func() bool { return m.server.Calls() == 2 })
			m.server.AnswerAll(&m.allows) // now it lets everybody in
			r := h.Expect(500, Request{Route: m.route, Headers: m.unknown(2)})
			if r.Status == 200 {
				t.Errorf("%s: trusted for %d %s", m.route, no.reply.Status, no.reply.Body)
			}
		}
		done()
	}
}

func askedAgain(t *testing.T, h *Harness) {
	var up *upstreams.BTS
	var remembered []string
	var distrusted int
	h.again(func(h *Harness, _ int, by func(deadline time.Time)) {
		up = newBTS(h.Clock())
		t.Cleanup(up.Close)
		h.Serve(Routes{"r": btsConfig(up)})
		remembered = []string{bearer(up.IssueToken(Marker + "courier"))}
		by(clockOf(h).Add(10 * time.Minute))
		h.Expect(200, Request{Route: "r", Headers: remembered})
		calls := up.Calls()
		distrusted = strings.Count(h.Logs(), `"event":"distrusted"`)
		up.AnswerAll(&upstreams.Reply{Status: 200, Body: `{"status":true,"data":{}}`})
		h.Clock().Advance(9*time.Minute + 59*time.Second)
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(Marker + "unknown-1")}})
		expectCount(h.t, "calls within ten minutes", up.Calls(), calls+1)
	})
	h.Clock().Advance(time.Second)
	if r := h.Get("r", bearer(Marker+"unknown-2")); r.Status != 200 && r.Status != 500 {
		t.Errorf("beside the canary: status %d", r.Status)
	}
	waitFor(t, "the distrust is in the log", func() bool { return strings.Count(h.Logs(), `"event":"distrusted"`) > distrusted })
	calls := up.Calls()
	for i := range 3 {
		h.Expect(500, Request{Route: "r", Headers: []string{bearer(fmt.Sprint(Marker, "unknown-later-", i))}})
	}
	h.Expect(200, Request{Route: "r", Headers: remembered})
	expectCount(t, "calls to a distrusted upstream", up.Calls(), calls)
	up.AnswerAll(nil)
	h.Clock().Advance(time.Minute)
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(up.IssueToken(Marker + "courier"))}})
	h.Expect(401, Request{Route: "r", Headers: []string{bearer(Marker + "unknown-3")}})
}

func askedAfterTwenty(t *testing.T, h *Harness) {
	all, done := markedAPIs(h.Clock())
	defer done()
	h.Serve(routesOfMarked(all))
	for _, m := range all {
		h.Expect(200, Request{Route: m.route, Headers: m.good})
		calls := m.server.Calls()
		m.server.AnswerAll(&m.allows) // from now on it lets everybody in
		for i := range 20 {
			if r := h.Get(m.route, m.unknown(i)...); r.Status != 200 {
				t.Errorf("%s: the %dth: status %d", m.route, i+1, r.Status)
			}
		}
		waitFor(t, m.route+": the canary was sent", func() bool { return m.server.Calls() == calls+21 })
		i := 21
		waitFor(t, m.route+": it is distrusted", func() bool { i++; return h.Get(m.route, m.unknown(i)...).Status == 500 })
		h.Expect(500, Request{Route: m.route, Headers: m.unknown(99)})
		h.Expect(200, Request{Route: m.route, Headers: m.good})
	}
}

func notAskedWhileItDenies(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": webServiceConfig(up)})
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(issueToken(up, "first"))}})
	calls := up.Calls()
	for round := range 3 {
		for i := range 15 {
			h.Expect(200, Request{Route: "r", Headers: []string{bearer(issueToken(up, fmt.Sprint("client", round, i)))}})
		}
		h.Expect(401, Request{Route: "r", Headers: []string{bearer(fmt.Sprint(Marker, "unknown-", round))}})
	}
	expectCount(t, "calls: no canary among them", up.Calls(), calls+48)
}
