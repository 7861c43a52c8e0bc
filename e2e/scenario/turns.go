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

// Turns: a scope's 64 calls at a time are shared out fairly, and who finds none free
// waits.
var Turns = []Scenario{
	{Name: "110 lookups of one address that hang keep no newcomer of another address out", Run: hangingAddress},
	{Name: "150 new users at once over a slow upstream all get in, also from one address", Run: crowdAtOnce},
	{Name: "a few newcomers of another address do not wait behind a crowd of one", Run: fewBeforeMany},
	{Name: "beyond the room to wait, a client is told to come again in a second, and no other client is", Run: roomToWait},
	{Name: "who waits longer than its route's timeout is answered by then", Run: ownTimeout},
	{Name: "a reload with a much smaller cache holds up no cached caller", Run: shrinkingReload, NeedsClock: true},
}

// newcomers are users with a token each, of whom none is known yet.
type newcomers struct {
	h      *Harness
	up     *upstreams.WebService
	route  string
	all    sync.WaitGroup
	issued atomic.Int64
	open   atomic.Int64 // without a response
}

// ask sends a request of one more user, and returns the response and its user's name.
func (n *newcomers) ask(address string) (r Response, name string, err error) {
	name = fmt.Sprint(Marker, "user", n.issued.Add(1))
	token := n.up.IssueToken(upstreams.User{UserName: name})
	n.open.Add(1)
	defer n.open.Add(-1)
	r, err = n.h.Try(Request{Route: n.route, Headers: []string{bearer(token)}, From: address})
	return r, name, err
}

// come sends a request of one more user, which must be allowed.
func (n *newcomers) come(address string) {
	begun := time.Now()
	r, name, err := n.ask(address)
	if !n.h.Counters.accepted(r, err, name) {
		n.h.t.Errorf("a newcomer from %s: %d after %s, %v %s", address, r.Status, time.Since(begun), err, r.Body)
	}
}

// crowd lets many come at once.
func (n *newcomers) crowd(many int, address func(i int) string) {
	for i := range many {
		n.all.Go(func() { n.come(address(i)) })
	}
}

func from(address string) func(int) string { return func(int) string { return address } }

// fromMany is an address of its own for each.
func fromMany(i int) string { return fmt.Sprintf("127.0.%d.%d", 10+i/250, 1+i%250) }

// hanging is a denial that comes only when that is closed. A lookup of a route that waits for
// a minute hangs until then: clients give up before it does.
func hanging(until chan struct{}) upstreams.Reply {
	return upstreams.Reply{Status: 401, Until: until, Body: `{"IsSuccess":false,"Msg":{"Code":-202,"Msg":"no"}}`}
}

func hangingAddress(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": webServiceConfig(up, "timeout", "60s")})
	n := &newcomers{h: h, up: up, route: "r"}
	n.come("") // the upstream is trusted from here on
	calls, served := up.Calls(), make(chan struct{})
	for i := range 110 {
		token := fmt.Sprint(Marker, "hanging", i)
		up.Answer(token, hanging(served))
		n.all.Go(func() { h.expectRejected(Request{Route: "r", Headers: []string{bearer(token)}, From: "127.0.0.9"}) })
	}
	waitFor(t, "its lookups hang", func() bool { return up.Calls()-calls >= 50 })
	begun := time.Now()
	concurrently(100, 0, func(i int) { n.come(fromMany(i)) }) // who waits behind them gets no response
	t.Logf("100 newcomers within %s", time.Since(begun))
	close(served)
	n.all.Wait()
}

func roomToWait(t *testing.T, h *Harness) {
	const room, beyond = 57 + 512, 20
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": webServiceConfig(up, "timeout", "60s"), "brief": webServiceConfig(up, "timeout", "1s")})
	n := &newcomers{h: h, up: up, route: "r"}
	n.come("")
	calls := up.Calls()
	release := up.Hold()
	var refused atomic.Int64
	for range room + beyond {
		n.all.Go(func() {
			r, name, err := n.ask("127.0.0.9")
			if err == nil && r.Status == 500 && r.Header.Get("Retry-After") == "1" {
				refused.Add(1)
				return
			}
			if !h.Counters.accepted(r, err, name) {
				t.Errorf("one who waits: %d %v %s", r.Status, err, r.Body)
			}
		})
	}
	waitFor(t, "57 lookups are under way", func() bool { return up.Calls() == calls+57 })
	waitFor(t, "no more may wait", func() bool { return refused.Load() >= beyond })
	more := []string{bearer(fmt.Sprint(Marker, "more"))}
	for range 3 {
		r := h.Expect(500, Request{Route: "brief", Headers: more, From: "127.0.0.9"})
		expectEqual(t, "Retry-After", r.Header.Get("Retry-After"), "1")
	}
	logged := func() int { return strings.Count(h.Logs(), "64 checks are under way") }
	waitFor(t, "the log says so", func() bool { return logged() > 0 })
	expectCount(t, "log lines about it", logged(), 1)
	n.all.Go(func() { n.come("127.0.0.10") })
	waitFor(t, "another client's lookup is under way", func() bool { return up.Calls() == calls+58 })
	release()
	n.all.Wait()
	expectCount(t, "clients that were told to come again", int(refused.Load()), beyond)
	h.Expect(401, Request{Route: "r", Headers: more, From: "127.0.0.9"})
}

func ownTimeout(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"long": webServiceConfig(up, "timeout", "60s"), "short": webServiceConfig(up, "timeout", "500ms")})
	n := &newcomers{h: h, up: up, route: "long"}
	n.come("")
	calls := up.Calls()
	release := up.Hold()
	n.crowd(60, from("127.0.0.9"))
	waitFor(t, "57 lookups are under way", func() bool { return up.Calls() == calls+57 })
	begun := time.Now()
	late := []string{bearer(issueToken(up, "late"))}
	r := h.Do(Request{Route: "short", Headers: late, From: "127.0.0.9"})
	if waited := time.Since(begun); r.Status != 500 || waited < 400*time.Millisecond || waited > 5*time.Second {
		t.Errorf("%d after %s", r.Status, waited)
	}
	release()
	n.all.Wait()
	h.Expect(200, Request{Route: "long", Headers: late, From: "127.0.0.9"})
}

// shrinkingReload: answers beyond a smaller bound are dropped a few at a time. How long
// one hit waits depends on the machine; that none waits for all of them does not.
func shrinkingReload(t *testing.T, h *Harness) {
	const held = 1200
	up := newWebService(h.Clock())
	defer up.Close()
	config := with(webServiceConfig(up), "log", "info")
	h.Serve(Routes{"r": config, "other": with(config, "errors", map[string]any{"unavailable": 503})})
	n := &newcomers{h: h, up: up, route: "r"}
	concurrently(held, 0, func(int) { n.come("") })
	cached := Request{Route: "r", Headers: []string{bearer(issueToken(up, "cached"))}}
	h.ExpectCached(cached)
	small := Routes{"r": with(config, "cache", map[string]any{"size": 100})}
	h.Serve(small)
	h.Clock().Advance(61 * time.Second)
	h.ExpectCached(cached)
	var slowest time.Duration
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.Serve(small)
	}()
	for over := false; !over; {
		select {
		case <-done:
			over = true
		default:
		}
		begun := time.Now()
		h.ExpectCached(cached)
		slowest = max(slowest, time.Since(begun))
	}
	t.Logf("the slowest cached response while %d were dropped: %s", held, slowest)
}
