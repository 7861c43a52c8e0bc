package scenario

import (
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
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

// slowly starts a proxy before an upstream that takes so long for each request.
func slowly(t testing.TB, target string, delay time.Duration) string {
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	server := upstreams.NewHTTPServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(delay)
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
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

// come sends a request of one more user, which must be allowed, and returns how long it
// took.
func (n *newcomers) come(address string) time.Duration {
	name := fmt.Sprint(Marker, "user", n.issued.Add(1))
	token := n.up.IssueToken(upstreams.User{UserName: name})
	n.open.Add(1)
	defer n.open.Add(-1)
	begun := time.Now()
	r, err := n.h.Try(Request{Route: n.route, Headers: []string{bearer(token)}, From: address})
	if !n.h.Counters.accepted(r, err, name) {
		n.h.t.Errorf("a newcomer from %s: %d after %s, %v %s", address, r.Status, time.Since(begun), err, r.Body)
	}
	return time.Since(begun)
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

func hangingAddress(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": webServiceConfig(up, "timeout", "20s")})
	n := &newcomers{h: h, up: up, route: "r"}
	n.come("") // the upstream is trusted from here on
	calls := up.Calls()
	for i := range 110 {
		token := fmt.Sprint(Marker, "hanging", i)
		up.Answer(token, upstreams.Reply{Status: 401, Delay: 3 * time.Second, Body: `{"IsSuccess":false,"Msg":{"Code":-202,"Msg":"no"}}`})
		n.all.Go(func() { h.expectRejected(Request{Route: "r", Headers: []string{bearer(token)}, From: "127.0.0.9"}) })
	}
	waitFor(t, "its lookups hang", func() bool { return up.Calls()-calls >= 50 })
	var shut atomic.Int64
	begun := time.Now()
	concurrently(100, 0, func(i int) {
		if n.come(fromMany(i)) > 2*time.Second {
			shut.Add(1)
		}
	})
	expectCount(t, "newcomers who waited behind them", int(shut.Load()), 0)
	t.Logf("100 newcomers within %s", time.Since(begun))
	n.all.Wait()
}

func crowdAtOnce(t *testing.T, h *Harness) {
	for i, address := range []func(int) string{from("127.0.0.9"), fromMany} {
		up := newWebService(h.Clock())
		defer up.Close()
		url := slowly(t, up.URL, 600*time.Millisecond) // four times that is half of the usual timeout
		h.Serve(Routes{"r": with(routeConfig("bearer", "webservice", url, "path", up.Path()), "log", "info")})
		n := &newcomers{h: h, up: up, route: "r"}
		n.crowd(150, address)
		n.all.Wait()
		// The canary is called again after 20 new users in a row.
		if calls := up.Calls(); calls < 151 || calls > 156 {
			t.Errorf("crowd %d: %d calls", i+1, calls)
		}
	}
}

func fewBeforeMany(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	url := slowly(t, up.URL, 400*time.Millisecond)
	h.Serve(Routes{"r": with(routeConfig("bearer", "webservice", url, "path", up.Path(), "timeout", "20s"), "log", "info")})
	many, few := &newcomers{h: h, up: up, route: "r"}, &newcomers{h: h, up: up, route: "r"}
	many.crowd(300, from("127.0.0.9"))
	waitFor(t, "their lookups are under way", func() bool { return many.open.Load() == 300 })
	time.Sleep(100 * time.Millisecond)
	few.issued.Store(1000)
	few.crowd(10, from("127.0.0.10"))
	few.all.Wait()
	if left := many.open.Load(); left < 50 {
		t.Errorf("only %d of the crowd wait still", left)
	}
	many.all.Wait()
}

func roomToWait(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": webServiceConfig(up, "timeout", "30s"), "brief": webServiceConfig(up, "timeout", "1s")})
	n := &newcomers{h: h, up: up, route: "r"}
	n.come("")
	calls := up.Calls()
	release := up.Hold()
	n.crowd(57+512, from("127.0.0.9"))
	waitFor(t, "57 lookups are under way", func() bool { return up.Calls() == calls+57 })
	waitFor(t, "the others are sent", func() bool { return n.issued.Load() == 1+57+512 })
	more := Request{Route: "brief", Headers: []string{bearer(fmt.Sprint(Marker, "more"))}, From: "127.0.0.9"}
	time.Sleep(500 * time.Millisecond)
	waitFor(t, "no more may wait", func() bool { // on a busy machine the last ones take longer to come
		r := h.Expect(500, more)
		return r.Header.Get("Retry-After") == "1"
	})
	for range 3 {
		r := h.Expect(500, more)
		expectEqual(t, "Retry-After", r.Header.Get("Retry-After"), "1")
	}
	expectCount(t, "log lines about it", strings.Count(h.Logs(), "64 checks are under way"), 1)
	n.all.Go(func() { n.come("127.0.0.10") })
	waitFor(t, "another client's lookup is under way", func() bool { return up.Calls() == calls+58 })
	release()
	n.all.Wait()
	h.Expect(401, more)
}

func ownTimeout(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"long": webServiceConfig(up, "timeout", "20s"), "short": webServiceConfig(up, "timeout", "500ms")})
	n := &newcomers{h: h, up: up, route: "long"}
	n.come("")
	calls := up.Calls()
	release := up.Hold()
	n.crowd(60, from("127.0.0.9"))
	waitFor(t, "57 lookups are under way", func() bool { return up.Calls() == calls+57 })
	begun := time.Now()
	late := Request{Route: "short", Headers: []string{bearer(issueToken(up, "late"))}, From: "127.0.0.9"}
	r := h.Do(late)
	if waited := time.Since(begun); r.Status != 500 || waited < 400*time.Millisecond || waited > 5*time.Second {
		t.Errorf("%d after %s", r.Status, waited)
	}
	release()
	n.all.Wait()
	h.Expect(200, late)
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
