package scenario

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Circuits: an upstream in an outage is not called.
var Circuits = []Scenario{
	{Name: "five faults in a row open the circuit of that upstream, and one successful probe closes it", Run: circuitOpens},
	{Name: "refused connections of one client open the circuit", Run: refusedConnections, NeedsClock: true},
	{Name: "tokens of one client that the upstream fails on open no circuit, and newcomers are served", Run: failingTokens},
	{Name: "tokens of one client at which a firewall breaks the connection open no circuit", Run: brokenConnections},
	{Name: "a token that the upstream fails on does not keep an open circuit open", Run: failingProbe},
	{Name: "one token that the upstream fails on opens no circuit", Run: failingToken},
	{Name: "denials and undocumented responses open no circuit", Run: noOutage},
}

func circuitOpens(t *testing.T, h *Harness) {
	up, healthy := newWebService(h.Clock()), newWebService(h.Clock())
	defer up.Close()
	defer healthy.Close()
	cached := Request{Route: "r", Headers: []string{bearer(issueToken(up, "client"))}}
	h.Serve(Routes{
		"r":     webServiceConfig(up, "timeout", "20s"),
		"other": webServiceConfig(healthy),
	})
	h.ExpectCached(cached)
	calls := up.Calls()
	up.AnswerAll(&upstreams.Reply{Status: 503, Body: "<html>"})
	begun := clockOf(h)
	for i := range 5 {
		h.Expect(500, Request{Route: "r", Headers: []string{bearer(fmt.Sprint(Marker, "invalid", i))}, From: fmt.Sprint("127.0.0.4", i/2)})
	}
	opened := clockOf(h)
	expectCount(t, "calls until it opens", up.Calls(), calls+5)
	r := h.Expect(500, Request{Route: "r", Headers: []string{bearer(Marker + "late")}})
	h.expectRest(r, 10*time.Second, begun, opened, opened)
	h.ExpectCached(cached)
	h.Expect(200, Request{Route: "other", Headers: []string{bearer(issueToken(healthy, "x"))}})
	expectCount(t, "calls while it is open", up.Calls(), calls+5)
	up.AnswerAll(nil)
	h.Pass(opened, 10100*time.Millisecond)

	release := up.Hold()
	var callers sync.WaitGroup
	var allowed, denied atomic.Int64
	for i := range 20 {
		token := up.IssueToken(upstreams.User{UserName: fmt.Sprint(Marker, "client", i)})
		callers.Go(func() {
			r, err := h.Try(Request{Route: "r", Headers: []string{bearer(token)}})
			if err == nil && r.Status == 200 {
				allowed.Add(1)
			}
			if err == nil && r.Status == 500 && r.Header.Get("Retry-After") == "1" {
				denied.Add(1)
			}
		})
	}
	waitFor(t, "all but the probe have their response", func() bool { return denied.Load() == 19 })
	waitFor(t, "the probe has come", func() bool { return up.Calls() > calls+5 })
	expectCount(t, "calls with the probe", up.Calls(), calls+6)
	release()
	callers.Wait()
	expectCount(t, "calls with that of the one who waited for the probe", up.Calls(), calls+7)
	expectCount(t, "requests allowed by the probe", int(allowed.Load()), 1)
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(issueToken(up, "late"))}})
	for _, event := range []string{"circuit open", "circuit closed"} {
		waitFor(t, event, func() bool { return strings.Contains(h.Logs(), `"event":"`+event+`"`) })
		expectCount(t, event, strings.Count(h.Logs(), `"event":"`+event+`"`), 1)
	}
}

func failingToken(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": webServiceConfig(up)})
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(issueToken(up, "client"))}})
	var odd string
	h.again(func(h *Harness, n int, by func(deadline time.Time)) {
		odd = fmt.Sprint(Marker, "odd", n)
		up.Answer(odd, upstreams.Reply{Status: 500, Body: "{}"})
		by(clockOf(h).Add(time.Second))
		for range 12 {
			h.Expect(500, Request{Route: "r", Headers: []string{bearer(odd)}})
		}
		expectCount(h.t, "calls with that token, which is not asked about again at once", up.CallsWith(odd), 1)
	})
	h.Advance(1100 * time.Millisecond)
	h.Expect(500, Request{Route: "r", Headers: []string{bearer(odd)}})
	expectCount(t, "calls with that token", up.CallsWith(odd), 2)
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(issueToken(up, "other"))}})
}

func noOutage(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": webServiceConfig(up)})
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(issueToken(up, "client"))}})
	calls := up.Calls()
	for i := range 8 {
		h.Expect(401, Request{Route: "r", Headers: []string{bearer(fmt.Sprint(Marker, "refused", i))}})
	}
	up.AnswerAll(&upstreams.Reply{Status: 200, Body: "<html>"})
	for i := range 8 {
		h.Expect(500, Request{Route: "r", Headers: []string{bearer(fmt.Sprint(Marker, "odd", i))}})
	}
	up.AnswerAll(&upstreams.Reply{Status: 302, Header: map[string]string{"Location": "/login"}})
	for i := range 8 {
		h.Expect(500, Request{Route: "r", Headers: []string{bearer(fmt.Sprint(Marker, "sent", i))}})
	}
	expectCount(t, "calls for every token", up.Calls(), calls+24)
}

func refusedConnections(_ *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	proxy := upstreams.NewFaultProxy(up.URL, nil)
	defer proxy.Close()
	h.Serve(Routes{"r": routeConfig("bearer", "webservice", proxy.URL, "path", up.Path())})
	cached := Request{Route: "r", Headers: []string{bearer(issueToken(up, "client"))}}
	h.ExpectCached(cached)
	for _, fault := range []*upstreams.Fault{{Refused: true}, {}} {
		proxy.Inject(fault)
		begun := clockOf(h)
		for i := range 5 {
			h.Expect(500, Request{Route: "r", Headers: []string{bearer(fmt.Sprint(Marker, "invalid", i))}, From: "127.0.0.50"})
		}
		opened := clockOf(h)
		r := h.Expect(500, Request{Route: "r", Headers: []string{bearer(Marker + "late")}})
		h.expectRest(r, 10*time.Second, begun, opened, opened)
		proxy.Inject(nil)
		h.ExpectCached(cached)
		h.Expect(500, Request{Route: "r", Headers: []string{bearer(issueToken(up, "early"))}})
		h.Advance(10*time.Second + 100*time.Millisecond)
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(issueToken(up, "new"))}})
	}
}

// failOn makes the upstream give tokens that are named odd this reply.
func failOn(up *upstreams.WebService, r upstreams.Reply) {
	up.AnswerWhere(func(token string) bool { return strings.HasPrefix(token, Marker+"odd") }, r)
}

func failingTokens(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": webServiceConfig(up, "timeout", "3s")})
	odd := func(name string, i int) Request {
		return Request{Route: "r", Headers: []string{bearer(fmt.Sprint(Marker, "odd", name, i))}, From: "127.0.0.51"}
	}
	newcomer := func(name string, i int) {
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(issueToken(up, fmt.Sprint("newcomer", name, i)))}})
	}
	for name, fault := range map[string]upstreams.Reply{"failed": {Status: 500}, "gateway": {Status: 502, Body: "<html>"}} {
		failOn(up, fault)
		for i := range 20 {
			h.Expect(500, odd(name, i))
			if i%10 == 5 {
				newcomer(name, i)
			}
		}
	}
	failOn(up, upstreams.Reply{Until: make(chan struct{})}) // until the time of each is over
	var requests []Request
	for i := range 6 {
		requests = append(requests, odd("slow", i))
	}
	for _, r := range atOnce(h, requests) {
		expectCount(t, "the status of a slow one", r.Status, 500)
	}
	newcomer("slow", 0)
	if strings.Contains(h.Logs(), "circuit open") {
		t.Error("the circuit opened")
	}
}

func brokenConnections(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": webServiceConfig(up)})
	failOn(up, upstreams.Reply{Drop: true})
	for i := range 20 {
		h.Expect(500, Request{Route: "r", Headers: []string{bearer(fmt.Sprint(Marker, "odd", i))}, From: "127.0.0.52"})
	}
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(issueToken(up, "newcomer"))}})
	if strings.Contains(h.Logs(), "circuit open") {
		t.Error("the circuit opened")
	}
}

func failingProbe(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": webServiceConfig(up)})
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(issueToken(up, "client"))}})
	failOn(up, upstreams.Reply{Status: 500})
	for i := range 5 {
		h.Expect(500, Request{Route: "r", Headers: []string{bearer(fmt.Sprint(Marker, "odd", i))}, From: fmt.Sprint("127.0.0.6", i/2)})
	}
	h.Expect(500, Request{Route: "r", Headers: []string{bearer(issueToken(up, "early"))}})
	h.Advance(10*time.Second + 100*time.Millisecond)
	h.Expect(500, Request{Route: "r", Headers: []string{bearer(Marker + "odd-again")}, From: "127.0.0.60"})
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(issueToken(up, "newcomer"))}})
}
