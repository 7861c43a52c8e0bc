package scenario

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// ClientLimits: invalid credentials of one client limit that client only.
var ClientLimits = []Scenario{
	{Name: "a client that is denied too often is rate-limited, no other client is, and cached callers are served", Run: oneClient},
	{Name: "a client is identified by the address that limits.clientDepth selects", Run: depths},
	{Name: "valid users behind one address are all allowed", Run: sharedAddress},
}

func oneClient(_ *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	cached := Request{Route: "r", Headers: []string{bearer(issueToken(up, "client"))}}
	h.Serve(Routes{"r": with(webServiceConfig(up), "limits", map[string]any{"perClient": "5/5s"})})
	h.ExpectCached(cached)
	var late Request
	var counted time.Time // after the first call, with which the period began
	h.again(func(h *Harness, n int, by func(deadline time.Time)) {
		address, another := fmt.Sprint("127.0.9.", n+1), fmt.Sprint("127.0.10.", n+1)
		invalid := func(i int) Request {
			return Request{Route: "r", Headers: []string{bearer(fmt.Sprint(Marker, "invalid-", n, "-", i))}, From: address}
		}
		calls := up.Calls()
		begun := clockOf(h)
		by(begun.Add(5 * time.Second))
		for i := range 5 {
			h.Expect(401, invalid(i))
			if i == 0 {
				counted = clockOf(h)
			}
		}
		asked := clockOf(h)
		more := invalid(5)
		r := h.Expect(429, more)
		h.expectRest(r, 5*time.Second, begun, counted, asked)
		h.Expect(401, invalid(0))
		expectCount(h.t, "calls for one client", up.Calls(), calls+5)
		known := cached
		known.From = address
		h.ExpectCached(known)
		late = Request{Route: "r", Headers: []string{bearer(issueToken(up, "late"))}, From: address}
		h.Expect(429, late)
		more.From = another
		h.Expect(401, more)
	})
	h.Pass(counted, 5100*time.Millisecond)
	h.Expect(200, late)
}

func depths(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	routes := Routes{}
	for depth := range 3 {
		routes[fmt.Sprint("r", depth)] = with(webServiceConfig(up),
			"cache", map[string]any{"epoch": fmt.Sprint(depth)}, "limits", map[string]any{"perClient": "2/1h", "clientDepth": fmt.Sprint(depth)})
	}
	h.Serve(routes)
	n := 0
	send := func(route string, status int, hops ...string) {
		t.Helper()
		n++
		lines := []string{bearer(fmt.Sprint(Marker, "invalid", n))}
		for _, hop := range hops {
			lines = append(lines, "X-Forwarded-For: "+hop)
		}
		h.Expect(status, Request{Route: route, Headers: lines})
	}
	spend := func(route string, hops ...string) {
		t.Helper()
		send(route, 401, hops...)
		send(route, 401, hops...)
		send(route, 429, hops...)
	}
	spend("r0", "192.0.2.1")
	send("r0", 429, "192.0.2.2") // the client's own header does not count
	spend("r1", "198.51.100.7, 192.0.2.1")
	send("r1", 401, "192.0.2.1, 198.51.100.7")
	send("r1", 429, "203.0.113.5", "192.0.2.1") // two headers are one list
	spend("r1", "2001:db8:1:2::1")
	send("r1", 429, "2001:db8:1:2:ffff::9") // one /64 is one client
	send("r1", 401, "2001:db8:1:3::1")
	spend("r2", "192.0.2.1, 198.51.100.7")
	send("r2", 429, "192.0.2.1, 203.0.113.5")
	spend("r2", "192.0.2.1")                 // no such hop: the peer's address
	send("r2", 429, "unknown, 198.51.100.7") // no address: the peer's address
}

func sharedAddress(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	tokens := make(chan string, 1000)
	for i := range 1000 {
		tokens <- up.IssueToken(upstreams.User{UserName: fmt.Sprint(Marker, "student", i)})
	}
	close(tokens)
	h.Serve(Routes{"r": with(webServiceConfig(up), "limits", map[string]any{"perClient": "20/1m"})})
	var students sync.WaitGroup
	for range 16 {
		students.Go(func() {
			for token := range tokens {
				if r, err := h.Try(Request{Route: "r", Headers: []string{bearer(token)}}); err != nil || r.Status != 200 {
					t.Errorf("a valid user: %d %v %s", r.Status, err, r.Body)
				}
			}
		})
	}
	students.Wait()
}
