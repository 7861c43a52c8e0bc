package scenario

import (
	"fmt"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Caching: an answer is used for as long as it holds and no longer.
var Caching = []Scenario{
	{Name: "an allowed credential is looked up once in its lifetime", Run: onceInItsLifetime},
	{Name: "a denied credential is looked up once in cache.negativeLifetime, each time if that is 0s", Run: negativeLifetimes},
	{Name: "the same bytes as bearer and as key, and at two addresses, are different entries", Run: separateEntries},
	{Name: "two instances of one scope keep their own lifetimes", Run: lifetimePerInstance},
	{Name: "documented lifetimes end to the second", Run: documentedLifetimes, NeedsClock: true},
	{Name: "a token is not allowed beyond its own exp", Run: tokenExp, NeedsClock: true},
	{Name: "the least recently used credential is evicted first, and invalid ones evict none", Run: boundedCache},
	{Name: "a changed cache.epoch empties the cache", Run: epoch},
	{Name: "a 429 rate-limits that key, and cached callers are served", Run: rateLimitedKey},
}

func negativeLifetimes(t *testing.T, h *Harness) {
	for _, c := range []struct {
		lifetime   string
		calls      int // for two requests with a wrong key
		afterAdded int // status right after the upstream has added the key
	}{{"2s", 1, 403}, {"0s", 2, 200}} {
		up := newThammasat(h.Clock())
		defer up.Close()
		h.Serve(Routes{"key": with(routeConfig("applicationKey", "thammasat", up.URL), "cache", map[string]any{"negativeLifetime": c.lifetime})})
		var wrong string
		h.again(func(h *Harness, n int, by func(deadline time.Time)) {
			wrong = fmt.Sprint(Marker, "wrong-key-", n)
			by(clockOf(h).Add(2 * time.Second))
			h.Expect(403, Request{Route: "key", Headers: []string{key(wrong)}})
			h.Expect(403, Request{Route: "key", Headers: []string{key(wrong)}})
			expectCount(h.t, c.lifetime+": calls for two requests", up.CallsWith(wrong), c.calls)
			up.AddKey(wrong)
			h.Expect(c.afterAdded, Request{Route: "key", Headers: []string{key(wrong)}})
		})
		h.Advance(2 * time.Second)
		h.Expect(200, Request{Route: "key", Headers: []string{key(wrong)}})
		expectCount(t, c.lifetime+": calls after two seconds", up.CallsWith(wrong), c.calls+1)
	}
}

func separateEntries(t *testing.T, h *Harness) {
	tu, a, b := newThammasat(h.Clock()), newWebService(h.Clock()), newWebService(h.Clock())
	defer tu.Close()
	defer a.Close()
	defer b.Close()
	// The same text is a valid key, a valid token at a, and unknown to b.
	a.AddToken(validKey, upstreams.User{UserName: Marker + "client"})
	mixed := routeConfig("applicationKey", "thammasat", tu.URL)
	mixed["bearer"] = webServiceConfig(a)["bearer"]
	h.Serve(Routes{
		"mixed": mixed,
		"other": webServiceConfig(b),
	})
	for range 2 {
		h.Expect(200, Request{Route: "mixed", Headers: []string{key(validKey)}})
		h.Expect(200, Request{Route: "mixed", Headers: []string{bearer(validKey)}})
		h.Expect(401, Request{Route: "other", Headers: []string{bearer(validKey)}})
	}
	expectCount(t, "calls as a key", tu.CallsWith(validKey), 1)
	expectCount(t, "calls as a bearer token", a.CallsWith(validKey), 1)
	expectCount(t, "calls at another address", b.CallsWith(validKey), 1)
}

func boundedCache(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	small := map[string]any{"size": "3", "negativeSize": "3"}
	h.Serve(Routes{"r": with(webServiceConfig(up), "cache", small)})
	tokens := make([]string, 4)
	for i := range tokens {
		tokens[i] = up.IssueToken(upstreams.User{UserName: fmt.Sprint(Marker, i)})
	}
	expectAllowed := func(i int) { h.Expect(200, Request{Route: "r", Headers: []string{bearer(tokens[i])}}) }
	expectAllowed(0)
	expectAllowed(1)
	expectAllowed(2)
	expectAllowed(0) // now 1 is the least recently used
	for i := range 20 {
		h.Expect(401, Request{Route: "r", Headers: []string{bearer(fmt.Sprint(Marker, "invalid", i))}})
	}
	expectAllowed(3)
	for _, i := range []int{0, 2, 3} {
		expectAllowed(i)
		expectCount(t, fmt.Sprintf("calls with token %d, which was not evicted", i), up.CallsWith(tokens[i]), 1)
	}
	expectAllowed(1)
	expectCount(t, "calls with token 1, which was evicted", up.CallsWith(tokens[1]), 2)
}

func epoch(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	token := issueToken(up, "client")
	config := webServiceConfig(up)
	for i, name := range []string{"", "", "2026-a", "2026-a", "2026-b"} {
		h.Serve(Routes{"r": with(config, "cache", map[string]any{"epoch": name, "size": "100"})})
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
		expectCount(t, "calls in epoch "+name, up.CallsWith(token), []int{1, 1, 2, 2, 3}[i])
	}
}

func rateLimitedKey(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	config := routeConfig("applicationKey", "thammasat", up.URL, "account", "true", "lifetime", "1h")
	h.Serve(Routes{"r": config})
	var limited Request
	h.again(func(h *Harness, n int, by func(deadline time.Time)) {
		busy := fmt.Sprint(validKey, n)
		up.AddKey(busy)
		cached := Request{Route: "r", Headers: []string{key(busy), basic(student, password)}}
		h.Expect(200, cached)
		up.Answer(employee+":"+password, upstreams.Reply{Status: 429, Header: map[string]string{"Retry-After": "4"}, Body: `{"status":false,"message":"quota"}`})
		limited = Request{Route: "r", Headers: []string{key(busy), basic(employee, password)}}
		by(clockOf(h).Add(4 * time.Second))
		r := h.Expect(429, limited)
		if r.Header.Get("Retry-After") != "4" {
			h.t.Errorf("Retry-After %q, want the upstream's 4", r.Header.Get("Retry-After"))
		}
		calls := up.Calls()
		h.Expect(429, limited)
		r = h.Expect(429, Request{Route: "r", Headers: []string{key(busy), basic("unknown", "other")}})
		expectCount(h.t, "calls while the key is rate-limited", up.Calls(), calls)
		if r.Header.Get("Retry-After") == "" || r.Header.Get("Cache-Control") != "no-store" {
			h.t.Errorf("headers while the key is rate-limited: %v", r.Header)
		}
		h.Expect(200, cached)
		up.Unscript(employee + ":" + password)
		h.Expect(200, Request{Route: "r", Headers: []string{key(otherKey), basic(employee, password)}})
	})
	h.Advance(4100 * time.Millisecond)
	h.Expect(200, limited)
}
