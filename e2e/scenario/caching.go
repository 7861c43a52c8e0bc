package scenario

import (
	"fmt"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Caching: what was learned is used, for as long as it is true and no longer.
var Caching = []Scenario{
	{Name: "a good credential is asked about once in its lifetime", Run: onceInItsLifetime},
	{Name: "a refused credential is asked about once in cache.negativeLifetime", Run: onceInNegative},
	{Name: "cache.negativeLifetime 0s remembers no refusal", Run: noNegative},
	{Name: "the same bytes as bearer and as key, and at two addresses, are different entries", Run: separateEntries},
	{Name: "two instances of one scope keep their own lifetimes", Run: lifetimePerInstance},
	{Name: "documented lifetimes end to the second", Run: documentedLifetimes, NeedsClock: true},
	{Name: "a token is not honoured beyond its own exp", Run: tokenExp, NeedsClock: true},
	{Name: "the least recently used credential leaves first, and junk evicts none", Run: boundedCache},
	{Name: "a changed cache.epoch forgets everything", Run: epoch},
	{Name: "a quota that is spent holds that key back, and no known caller", Run: rateLimitedKey},
}

// credential is a credential of an api, with what it takes to present it.
type credential struct {
	route  string
	config map[string]any
	header string
	calls  func() int
}

// oneOfEach are a good credential of each api, and an account.
func oneOfEach(clock *upstreams.Clock, more ...any) ([]credential, func()) {
	tu, ipp, bts, ws := newThammasat(clock), newIPPanel(clock), newBTS(clock), newWebService(clock)
	panelToken := ipp.IssueToken(Marker + "ali")
	jwt := bts.IssueToken(Marker + "courier")
	serviceToken := ws.IssueToken(upstreams.User{UserName: Marker + "client", ID: 7, Name: Marker + "مشتری"})
	all := []credential{
		{"key", routeConfig("applicationKey", "thammasat", tu.URL, more...), key(goodKey), func() int { return tu.CallsWith(goodKey) }},
		{"account", routeConfig("basic", "thammasat", tu.URL, append(more, "applicationKey", "env:UPSTREAMAUTH_TU_KEY")...), basic(student, password), func() int { return tu.CallsWith(student + ":" + password) }},
		{"panel", routeConfig("bearer", "ippanel", ipp.URL, more...), bearer(panelToken), func() int { return ipp.CallsWith(panelToken) }},
		{"courier", routeConfig("bearer", "bts", bts.URL, append(more, "path", upstreams.BTSStatusPath)...), bearer(jwt), func() int { return bts.CallsWith(jwt) }},
		{"service", routeConfig("bearer", "webservice", ws.URL, append(more, "path", ws.Path())...), bearer(serviceToken), func() int { return ws.CallsWith(serviceToken) }},
	}
	return all, func() {
		tu.Close()
		ipp.Close()
		bts.Close()
		ws.Close()
	}
}

func routesOf(all []credential) Routes {
	routes := Routes{}
	for _, cred := range all {
		routes[cred.route] = cred.config
	}
	return routes
}

func onceInItsLifetime(t *testing.T, h *Harness) {
	all, done := oneOfEach(h.Clock(), "lifetime", "3s")
	defer done()
	h.Serve(routesOf(all))
	for _, cred := range all {
		h.Expect(200, Request{Route: cred.route, Headers: []string{cred.header}})
		h.Expect(200, Request{Route: cred.route, Headers: []string{cred.header}})
		h.Expect(200, Request{Route: cred.route, Headers: []string{cred.header}})
		expectCount(t, cred.route+", in its lifetime", cred.calls(), 1)
	}
	h.Advance(3 * time.Second)
	for _, cred := range all {
		h.Expect(200, Request{Route: cred.route, Headers: []string{cred.header}})
		h.Expect(200, Request{Route: cred.route, Headers: []string{cred.header}})
		expectCount(t, cred.route+", after its lifetime", cred.calls(), 2)
	}
}

// lifetimeByRoute are the lifetimes of the documents; the TU account API has none,
// and gets the hour that the readme promises.
var lifetimeByRoute = map[string]time.Duration{
	"key": time.Hour, "account": time.Hour, "panel": 10 * time.Hour, "courier": 24 * time.Hour, "service": 10 * time.Hour,
}

func documentedLifetimes(t *testing.T, h *Harness) {
	for route, life := range lifetimeByRoute {
		t.Run(route, func(t *testing.T) { documentedLifetime(t, h, route, life) })
	}
}

func documentedLifetime(t *testing.T, h *Harness, route string, life time.Duration) {
	all, done := oneOfEach(h.Clock())
	defer done()
	h.Serve(routesOf(all))
	for _, cred := range all {
		if cred.route != route {
			continue
		}
		// The life begins between these two instants (a JWT's at its iat, which is
		// the whole second before). The clock runs on while it is moved.
		before := h.Clock().Now()
		h.Expect(200, Request{Route: route, Headers: []string{cred.header}})
		seen := h.Clock().Now()
		calls := cred.calls()
		h.Clock().Advance(life - 3*time.Second - h.Clock().Since(before))
		h.Expect(200, Request{Route: route, Headers: []string{cred.header}})
		expectCount(t, "three seconds before the end", cred.calls(), calls)
		h.Clock().Advance(life - h.Clock().Since(seen))
		h.Do(Request{Route: route, Headers: []string{cred.header}})
		expectCount(t, "at the end", cred.calls(), calls+1)
	}
}

func tokenExp(t *testing.T, h *Harness) {
	up := newBTS(h.Clock())
	defer up.Close()
	config := routeConfig("bearer", "bts", up.URL, "path", upstreams.BTSStatusPath, "lifetime", "72h")
	h.Serve(Routes{"courier": config})
	now := h.Clock().Now().Unix()
	token := up.Sign(map[string]any{"sub": "1", "jti": "a", "iat": now - 10, "exp": now + 100})
	r := h.Expect(200, Request{Route: "courier", Headers: []string{bearer(token)}})
	if got, want := r.Seen.Header.Get("X-Auth-Expires"), time.Unix(now+100, 0).UTC().Format(time.RFC3339); got != want {
		t.Errorf("X-Auth-Expires %s, want the token's exp %s", got, want)
	}
	h.Clock().Advance(98 * time.Second)
	h.Expect(200, Request{Route: "courier", Headers: []string{bearer(token)}})
	expectCount(t, "before exp", up.CallsWith(token), 1)
	h.Clock().Advance(3 * time.Second)
	h.Expect(401, Request{Route: "courier", Headers: []string{bearer(token)}})
	expectCount(t, "after exp, within the leeway", up.CallsWith(token), 2)

	ended := up.Sign(map[string]any{"sub": "1", "exp": now - 40, "iat": now - 400})
	r = h.Expect(401, Request{Route: "courier", Headers: []string{bearer(ended)}})
	expectCount(t, "beyond the leeway", up.CallsWith(ended), 0)
	if want := `{"name":"Unauthorized","message":"The token has expired.","code":0,"status":401,"type":"app\\exceptions\\ApiUnauthorizedException"}`; r.Body != want {
		t.Errorf("body %s, want %s", r.Body, want)
	}

	late := up.Sign(map[string]any{"sub": "1", "exp": h.Clock().Now().Unix() - 10})
	up.Answer(late, upstreams.Reply{Status: 200, Body: `{"status":true,"data":{}}`})
	h.Expect(200, Request{Route: "courier", Headers: []string{bearer(late)}})
	h.Expect(200, Request{Route: "courier", Headers: []string{bearer(late)}})
	expectCount(t, "a yes within the leeway is not kept", up.CallsWith(late), 2)
}

func onceInNegative(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	h.Serve(Routes{"key": with(routeConfig("applicationKey", "thammasat", up.URL), "cache", map[string]any{"negativeLifetime": "2s"})})
	wrong := Marker + "wrong-key"
	h.Expect(403, Request{Route: "key", Headers: []string{key(wrong)}})
	h.Expect(403, Request{Route: "key", Headers: []string{key(wrong)}})
	expectCount(t, "remembered refusal", up.CallsWith(wrong), 1)
	up.AddKey(wrong)
	h.Expect(403, Request{Route: "key", Headers: []string{key(wrong)}})
	h.Advance(2 * time.Second)
	h.Expect(200, Request{Route: "key", Headers: []string{key(wrong)}})
	expectCount(t, "after cache.negativeLifetime", up.CallsWith(wrong), 2)
}

func noNegative(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	h.Serve(Routes{"key": with(routeConfig("applicationKey", "thammasat", up.URL), "cache", map[string]any{"negativeLifetime": "0s"})})
	wrong := Marker + "wrong-key"
	h.Expect(403, Request{Route: "key", Headers: []string{key(wrong)}})
	h.Expect(403, Request{Route: "key", Headers: []string{key(wrong)}})
	expectCount(t, "refusals", up.CallsWith(wrong), 2)
}

func separateEntries(t *testing.T, h *Harness) {
	tu, a, b := newThammasat(h.Clock()), newWebService(h.Clock()), newWebService(h.Clock())
	defer tu.Close()
	defer a.Close()
	defer b.Close()
	// One and the same text: good as a key, good at a, unknown to b.
	a.AddToken(goodKey, upstreams.User{UserName: Marker + "client"})
	mixed := routeConfig("applicationKey", "thammasat", tu.URL)
	mixed["bearer"] = routeConfig("bearer", "webservice", a.URL, "path", a.Path())["bearer"]
	h.Serve(Routes{
		"mixed": mixed,
		"other": routeConfig("bearer", "webservice", b.URL, "path", b.Path()),
	})
	for range 2 {
		h.Expect(200, Request{Route: "mixed", Headers: []string{key(goodKey)}})
		h.Expect(200, Request{Route: "mixed", Headers: []string{bearer(goodKey)}})
		h.Expect(401, Request{Route: "other", Headers: []string{bearer(goodKey)}})
	}
	expectCount(t, "as a key", tu.CallsWith(goodKey), 1)
	expectCount(t, "as a bearer token", a.CallsWith(goodKey), 1)
	expectCount(t, "at another address", b.CallsWith(goodKey), 1)
}

func lifetimePerInstance(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	token := up.IssueToken(upstreams.User{UserName: Marker + "client"})
	short := routeConfig("bearer", "webservice", up.URL, "path", up.Path(), "lifetime", "2s")
	long := routeConfig("bearer", "webservice", up.URL, "path", up.Path(), "lifetime", "1h")
	h.Serve(Routes{"short": short, "long": long})
	line := []string{bearer(token)}
	first := h.Expect(200, Request{Route: "short", Headers: line})
	second := h.Expect(200, Request{Route: "long", Headers: line})
	expectCount(t, "one entry for both", up.CallsWith(token), 1)
	if a, b := first.Seen.Header.Get("X-Auth-Expires"), second.Seen.Header.Get("X-Auth-Expires"); a >= b {
		t.Errorf("X-Auth-Expires is %s for 2s and %s for 1h", a, b)
	}
	h.Advance(2 * time.Second)
	h.Expect(200, Request{Route: "long", Headers: line})
	expectCount(t, "the long lifetime goes on", up.CallsWith(token), 1)
	h.Expect(200, Request{Route: "short", Headers: line})
	h.Expect(200, Request{Route: "short", Headers: line})
	expectCount(t, "the short one has ended", up.CallsWith(token), 2)
}

func boundedCache(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	small := map[string]any{"size": "3", "negativeSize": "3"}
	h.Serve(Routes{"r": with(routeConfig("bearer", "webservice", up.URL, "path", up.Path()), "cache", small)})
	tokens := make([]string, 4)
	for i := range tokens {
		tokens[i] = up.IssueToken(upstreams.User{UserName: fmt.Sprint(Marker, i)})
	}
	ask := func(i int) { h.Expect(200, Request{Route: "r", Headers: []string{bearer(tokens[i])}}) }
	ask(0)
	ask(1)
	ask(2)
	ask(0) // now 1 is the least recently used
	for i := range 20 {
		h.Expect(401, Request{Route: "r", Headers: []string{bearer(fmt.Sprint(Marker, "junk", i))}})
	}
	ask(3)
	for _, i := range []int{0, 2, 3} {
		ask(i)
		expectCount(t, fmt.Sprintf("token %d stayed", i), up.CallsWith(tokens[i]), 1)
	}
	ask(1)
	expectCount(t, "token 1 left", up.CallsWith(tokens[1]), 2)
}

func epoch(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	token := up.IssueToken(upstreams.User{UserName: Marker + "client"})
	config := routeConfig("bearer", "webservice", up.URL, "path", up.Path())
	for i, name := range []string{"", "", "2026-a", "2026-a", "2026-b"} {
		h.Serve(Routes{"r": with(config, "cache", map[string]any{"epoch": name, "size": "100"})})
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
		expectCount(t, "epoch "+name, up.CallsWith(token), []int{1, 1, 2, 2, 3}[i])
	}
}

func rateLimitedKey(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	config := routeConfig("applicationKey", "thammasat", up.URL, "account", "true", "lifetime", "1h")
	h.Serve(Routes{"r": config})
	known := Request{Route: "r", Headers: []string{key(goodKey), basic(student, password)}}
	h.Expect(200, known)
	up.Answer(employee+":"+password, upstreams.Reply{Status: 429, Header: map[string]string{"Retry-After": "4"}, Body: `{"status":false,"message":"quota"}`})
	spent := Request{Route: "r", Headers: []string{key(goodKey), basic(employee, password)}}
	r := h.Expect(429, spent)
	if r.Header.Get("Retry-After") != "4" {
		t.Errorf("Retry-After %q, want the upstream's 4", r.Header.Get("Retry-After"))
	}
	calls := up.Calls()
	h.Expect(429, spent)
	r = h.Expect(429, Request{Route: "r", Headers: []string{key(goodKey), basic("somebody", "else")}})
	expectCount(t, "while the key cools down", up.Calls(), calls)
	if r.Header.Get("Retry-After") == "" || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the cool-down's headers: %v", r.Header)
	}
	h.Expect(200, known)
	up.Unscript(employee + ":" + password)
	h.Expect(200, Request{Route: "r", Headers: []string{key(otherKey), basic(employee, password)}})
	h.Advance(4100 * time.Millisecond)
	h.Expect(200, spent)
}
