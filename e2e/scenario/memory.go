package scenario

import (
	"fmt"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Memory: what was learned is used, for as long as it is true and no longer.
var Memory = []Scenario{
	{Name: "a good credential is asked about once in its lifetime", Play: onceInItsLifetime},
	{Name: "a refused credential is asked about once in cache.negativeLifetime", Play: onceInNegative},
	{Name: "cache.negativeLifetime 0s remembers no refusal", Play: noNegative},
	{Name: "the same bytes as bearer and as key, and at two addresses, are different entries", Play: entriesApart},
	{Name: "two instances of one scope keep their own lifetimes", Play: ownLifetimes},
	{Name: "documented lifetimes end to the second", Play: documentedLifetimes, Moves: true},
	{Name: "a token is not honoured beyond its own exp", Play: ownEnd, Moves: true},
	{Name: "the least recently used credential leaves first, and junk evicts none", Play: bounded},
	{Name: "a changed cache.epoch forgets everything", Play: epoch},
	{Name: "a quota that is spent holds that key back, and no known caller", Play: coolDown},
}

// one is a credential of an api, with what it takes to present it.
type one struct {
	route  string
	config map[string]any
	line   string
	calls  func() int
}

// four are a good credential of each api, and an account.
func four(clock *upstreams.Clock, more ...any) ([]one, func()) {
	tu, ipp, bts, ws := university(clock), panel(clock), courier(clock), service(clock)
	panelToken := ipp.IssueToken(Marker + "ali")
	jwt := bts.IssueToken(Marker + "courier")
	serviceToken := ws.IssueToken(upstreams.User{UserName: Marker + "client", ID: 7, Name: Marker + "مشتری"})
	all := []one{
		{"key", block("applicationKey", "thammasat", tu.URL, more...), key(goodKey), func() int { return tu.CallsWith(goodKey) }},
		{"account", block("basic", "thammasat", tu.URL, append(more, "applicationKey", "env:UPSTREAMAUTH_TU_KEY")...), basic(student, password), func() int { return tu.CallsWith(student + ":" + password) }},
		{"panel", block("bearer", "ippanel", ipp.URL, more...), bearer(panelToken), func() int { return ipp.CallsWith(panelToken) }},
		{"courier", block("bearer", "bts", bts.URL, append(more, "path", upstreams.BTSStatusPath)...), bearer(jwt), func() int { return bts.CallsWith(jwt) }},
		{"service", block("bearer", "webservice", ws.URL, append(more, "path", ws.Path())...), bearer(serviceToken), func() int { return ws.CallsWith(serviceToken) }},
	}
	return all, func() {
		tu.Close()
		ipp.Close()
		bts.Close()
		ws.Close()
	}
}

func routesOf(all []one) Routes {
	routes := Routes{}
	for _, o := range all {
		routes[o.route] = o.config
	}
	return routes
}

func onceInItsLifetime(t *testing.T, g *Gate) {
	all, done := four(g.Clock(), "lifetime", "3s")
	defer done()
	g.Serve(routesOf(all))
	for _, o := range all {
		g.Expect(200, Call{Route: o.route, Lines: []string{o.line}})
		g.Expect(200, Call{Route: o.route, Lines: []string{o.line}})
		g.Expect(200, Call{Route: o.route, Lines: []string{o.line}})
		counts(t, o.route+", in its lifetime", o.calls(), 1)
	}
	g.Pass(3 * time.Second)
	for _, o := range all {
		g.Expect(200, Call{Route: o.route, Lines: []string{o.line}})
		g.Expect(200, Call{Route: o.route, Lines: []string{o.line}})
		counts(t, o.route+", after its lifetime", o.calls(), 2)
	}
}

// documented are the lifetimes of the documents; the TU account API has none,
// and gets the hour that the readme promises.
var documented = map[string]time.Duration{
	"key": time.Hour, "account": time.Hour, "panel": 10 * time.Hour, "courier": 24 * time.Hour, "service": 10 * time.Hour,
}

func documentedLifetimes(t *testing.T, g *Gate) {
	for route, life := range documented {
		t.Run(route, func(t *testing.T) { documentedLifetime(t, g, route, life) })
	}
}

func documentedLifetime(t *testing.T, g *Gate, route string, life time.Duration) {
	all, done := four(g.Clock())
	defer done()
	g.Serve(routesOf(all))
	for _, o := range all {
		if o.route != route {
			continue
		}
		// The life begins between these two instants (a JWT's at its iat, which is
		// the whole second before). The clock runs on while it is moved.
		before := g.Clock().Now()
		g.Expect(200, Call{Route: route, Lines: []string{o.line}})
		seen := g.Clock().Now()
		calls := o.calls()
		g.Clock().Advance(life - 3*time.Second - g.Clock().Since(before))
		g.Expect(200, Call{Route: route, Lines: []string{o.line}})
		counts(t, "three seconds before the end", o.calls(), calls)
		g.Clock().Advance(life - g.Clock().Since(seen))
		g.Do(Call{Route: route, Lines: []string{o.line}})
		counts(t, "at the end", o.calls(), calls+1)
	}
}

func ownEnd(t *testing.T, g *Gate) {
	up := courier(g.Clock())
	defer up.Close()
	config := block("bearer", "bts", up.URL, "path", upstreams.BTSStatusPath, "lifetime", "72h")
	g.Serve(Routes{"courier": config})
	now := g.Clock().Now().Unix()
	token := up.Sign(map[string]any{"sub": "1", "jti": "a", "iat": now - 10, "exp": now + 100})
	r := g.Expect(200, Call{Route: "courier", Lines: []string{bearer(token)}})
	if got, want := r.Seen.Header.Get("X-Auth-Expires"), time.Unix(now+100, 0).UTC().Format(time.RFC3339); got != want {
		t.Errorf("X-Auth-Expires %s, want the token's exp %s", got, want)
	}
	g.Clock().Advance(98 * time.Second)
	g.Expect(200, Call{Route: "courier", Lines: []string{bearer(token)}})
	counts(t, "before exp", up.CallsWith(token), 1)
	g.Clock().Advance(3 * time.Second)
	g.Expect(401, Call{Route: "courier", Lines: []string{bearer(token)}})
	counts(t, "after exp, within the leeway", up.CallsWith(token), 2)

	ended := up.Sign(map[string]any{"sub": "1", "exp": now - 40, "iat": now - 400})
	r = g.Expect(401, Call{Route: "courier", Lines: []string{bearer(ended)}})
	counts(t, "beyond the leeway", up.CallsWith(ended), 0)
	if want := `{"name":"Unauthorized","message":"The token has expired.","code":0,"status":401,"type":"app\\exceptions\\ApiUnauthorizedException"}`; r.Body != want {
		t.Errorf("body %s, want %s", r.Body, want)
	}

	late := up.Sign(map[string]any{"sub": "1", "exp": g.Clock().Now().Unix() - 10})
	up.Answer(late, upstreams.Reply{Status: 200, Body: `{"status":true,"data":{}}`})
	g.Expect(200, Call{Route: "courier", Lines: []string{bearer(late)}})
	g.Expect(200, Call{Route: "courier", Lines: []string{bearer(late)}})
	counts(t, "a yes within the leeway is not kept", up.CallsWith(late), 2)
}

func onceInNegative(t *testing.T, g *Gate) {
	up := university(g.Clock())
	defer up.Close()
	g.Serve(Routes{"key": with(block("applicationKey", "thammasat", up.URL), "cache", map[string]any{"negativeLifetime": "2s"})})
	wrong := Marker + "wrong-key"
	g.Expect(403, Call{Route: "key", Lines: []string{key(wrong)}})
	g.Expect(403, Call{Route: "key", Lines: []string{key(wrong)}})
	counts(t, "remembered refusal", up.CallsWith(wrong), 1)
	up.AddKey(wrong)
	g.Expect(403, Call{Route: "key", Lines: []string{key(wrong)}})
	g.Pass(2 * time.Second)
	g.Expect(200, Call{Route: "key", Lines: []string{key(wrong)}})
	counts(t, "after cache.negativeLifetime", up.CallsWith(wrong), 2)
}

func noNegative(t *testing.T, g *Gate) {
	up := university(g.Clock())
	defer up.Close()
	g.Serve(Routes{"key": with(block("applicationKey", "thammasat", up.URL), "cache", map[string]any{"negativeLifetime": "0s"})})
	wrong := Marker + "wrong-key"
	g.Expect(403, Call{Route: "key", Lines: []string{key(wrong)}})
	g.Expect(403, Call{Route: "key", Lines: []string{key(wrong)}})
	counts(t, "refusals", up.CallsWith(wrong), 2)
}

func entriesApart(t *testing.T, g *Gate) {
	tu, a, b := university(g.Clock()), service(g.Clock()), service(g.Clock())
	defer tu.Close()
	defer a.Close()
	defer b.Close()
	// One and the same text: good as a key, good at a, unknown to b.
	a.AddToken(goodKey, upstreams.User{UserName: Marker + "client"})
	mixed := block("applicationKey", "thammasat", tu.URL)
	mixed["bearer"] = block("bearer", "webservice", a.URL, "path", a.Path())["bearer"]
	g.Serve(Routes{
		"mixed": mixed,
		"other": block("bearer", "webservice", b.URL, "path", b.Path()),
	})
	for range 2 {
		g.Expect(200, Call{Route: "mixed", Lines: []string{key(goodKey)}})
		g.Expect(200, Call{Route: "mixed", Lines: []string{bearer(goodKey)}})
		g.Expect(401, Call{Route: "other", Lines: []string{bearer(goodKey)}})
	}
	counts(t, "as a key", tu.CallsWith(goodKey), 1)
	counts(t, "as a bearer token", a.CallsWith(goodKey), 1)
	counts(t, "at another address", b.CallsWith(goodKey), 1)
}

func ownLifetimes(t *testing.T, g *Gate) {
	up := service(g.Clock())
	defer up.Close()
	token := up.IssueToken(upstreams.User{UserName: Marker + "client"})
	short := block("bearer", "webservice", up.URL, "path", up.Path(), "lifetime", "2s")
	long := block("bearer", "webservice", up.URL, "path", up.Path(), "lifetime", "1h")
	g.Serve(Routes{"short": short, "long": long})
	line := []string{bearer(token)}
	first := g.Expect(200, Call{Route: "short", Lines: line})
	second := g.Expect(200, Call{Route: "long", Lines: line})
	counts(t, "one entry for both", up.CallsWith(token), 1)
	if a, b := first.Seen.Header.Get("X-Auth-Expires"), second.Seen.Header.Get("X-Auth-Expires"); a >= b {
		t.Errorf("X-Auth-Expires is %s for 2s and %s for 1h", a, b)
	}
	g.Pass(2 * time.Second)
	g.Expect(200, Call{Route: "long", Lines: line})
	counts(t, "the long lifetime goes on", up.CallsWith(token), 1)
	g.Expect(200, Call{Route: "short", Lines: line})
	g.Expect(200, Call{Route: "short", Lines: line})
	counts(t, "the short one has ended", up.CallsWith(token), 2)
}

func bounded(t *testing.T, g *Gate) {
	up := service(g.Clock())
	defer up.Close()
	small := map[string]any{"size": "3", "negativeSize": "3"}
	g.Serve(Routes{"r": with(block("bearer", "webservice", up.URL, "path", up.Path()), "cache", small)})
	tokens := make([]string, 4)
	for i := range tokens {
		tokens[i] = up.IssueToken(upstreams.User{UserName: fmt.Sprint(Marker, i)})
	}
	ask := func(i int) { g.Expect(200, Call{Route: "r", Lines: []string{bearer(tokens[i])}}) }
	ask(0)
	ask(1)
	ask(2)
	ask(0) // now 1 is the least recently used
	for i := range 20 {
		g.Expect(401, Call{Route: "r", Lines: []string{bearer(fmt.Sprint(Marker, "junk", i))}})
	}
	ask(3)
	for _, i := range []int{0, 2, 3} {
		ask(i)
		counts(t, fmt.Sprintf("token %d stayed", i), up.CallsWith(tokens[i]), 1)
	}
	ask(1)
	counts(t, "token 1 left", up.CallsWith(tokens[1]), 2)
}

func epoch(t *testing.T, g *Gate) {
	up := service(g.Clock())
	defer up.Close()
	token := up.IssueToken(upstreams.User{UserName: Marker + "client"})
	config := block("bearer", "webservice", up.URL, "path", up.Path())
	for i, name := range []string{"", "", "2026-a", "2026-a", "2026-b"} {
		g.Serve(Routes{"r": with(config, "cache", map[string]any{"epoch": name, "size": "100"})})
		g.Expect(200, Call{Route: "r", Lines: []string{bearer(token)}})
		counts(t, "epoch "+name, up.CallsWith(token), []int{1, 1, 2, 2, 3}[i])
	}
}

func coolDown(t *testing.T, g *Gate) {
	up := university(g.Clock())
	defer up.Close()
	config := block("applicationKey", "thammasat", up.URL, "account", "true", "lifetime", "1h")
	g.Serve(Routes{"r": config})
	known := Call{Route: "r", Lines: []string{key(goodKey), basic(student, password)}}
	g.Expect(200, known)
	up.Answer(employee+":"+password, upstreams.Reply{Status: 429, Header: map[string]string{"Retry-After": "4"}, Body: `{"status":false,"message":"quota"}`})
	spent := Call{Route: "r", Lines: []string{key(goodKey), basic(employee, password)}}
	r := g.Expect(429, spent)
	if r.Header.Get("Retry-After") != "4" {
		t.Errorf("Retry-After %q, want the upstream's 4", r.Header.Get("Retry-After"))
	}
	calls := up.Calls()
	g.Expect(429, spent)
	r = g.Expect(429, Call{Route: "r", Lines: []string{key(goodKey), basic("somebody", "else")}})
	counts(t, "while the key cools down", up.Calls(), calls)
	if r.Header.Get("Retry-After") == "" || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the cool-down's headers: %v", r.Header)
	}
	g.Expect(200, known)
	up.Unscript(employee + ":" + password)
	g.Expect(200, Call{Route: "r", Lines: []string{key(otherKey), basic(employee, password)}})
	g.Pass(4100 * time.Millisecond)
	g.Expect(200, spent)
}
