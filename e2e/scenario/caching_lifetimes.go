package scenario

import (
	"fmt"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

func onceInItsLifetime(t *testing.T, h *Harness) {
	const lifetime = 5 * time.Second
	var all []credential
	h.again(func(h *Harness, _ int, by func(deadline time.Time)) {
		begun := clockOf(h).Truncate(time.Second) // a JWT's lifetime begins at its iat
		fresh, done := oneOfEach(h.Clock(), "lifetime", lifetime.String())
		t.Cleanup(done)
		all = fresh
		h.Serve(routesOf(all))
		by(begun.Add(lifetime))
		for _, cred := range all {
			h.Expect(200, Request{Route: cred.route, Headers: []string{cred.header}})
			h.Expect(200, Request{Route: cred.route, Headers: []string{cred.header}})
			h.Expect(200, Request{Route: cred.route, Headers: []string{cred.header}})
			expectCount(h.t, cred.route+": calls in its lifetime", cred.calls(), 1)
		}
	})
	h.Advance(lifetime)
	for _, cred := range all {
		h.Expect(200, Request{Route: cred.route, Headers: []string{cred.header}})
		h.Expect(200, Request{Route: cred.route, Headers: []string{cred.header}})
		expectCount(t, cred.route+": calls after its lifetime", cred.calls(), 2)
	}
}

// lifetimeByRoute is the documented lifetime of each API's credentials; the TU
// account API documents none, and gets an hour.
var lifetimeByRoute = map[string]time.Duration{
	"key": time.Hour, "account": time.Hour, "panel": 10 * time.Hour, "courier": 24 * time.Hour, "service": 10 * time.Hour,
}

func documentedLifetimes(t *testing.T, h *Harness) {
	for route, life := range lifetimeByRoute {
		t.Run(route, func(*testing.T) { documentedLifetime(h, route, life) })
	}
}

func documentedLifetime(h *Harness, route string, life time.Duration) {
	h.again(func(h *Harness, _ int, by func(deadline time.Time)) {
		issued := h.Clock().Now().Truncate(time.Second)
		all, done := oneOfEach(h.Clock())
		defer done()
		h.Serve(routesOf(all))
		for _, cred := range all {
			if cred.route != route {
				continue
			}
			// The lifetime begins between these two instants (a JWT's at its iat, which is
			// the whole second before). The clock also runs by itself.
			before := h.Clock().Now()
			h.Expect(200, Request{Route: route, Headers: []string{cred.header}})
			seen := h.Clock().Now()
			calls := cred.calls()
			by(issued.Add(life))
			h.Clock().Advance(life - 3*time.Second - h.Clock().Since(before))
			h.Expect(200, Request{Route: route, Headers: []string{cred.header}})
			expectCount(h.t, "calls three seconds before the end", cred.calls(), calls)
			by(time.Time{})
			h.Clock().Advance(life - h.Clock().Since(seen))
			h.Do(Request{Route: route, Headers: []string{cred.header}})
			expectCount(h.t, "calls at the end", cred.calls(), calls+1)
		}
	})
}

func tokenExp(t *testing.T, h *Harness) {
	up := newBTS(h.Clock())
	defer up.Close()
	config := btsConfig(up, "lifetime", "72h")
	h.Serve(Routes{"courier": config})
	var now int64
	var token string
	h.again(func(h *Harness, n int, by func(deadline time.Time)) {
		now = h.Clock().Now().Unix()
		token = up.Sign(map[string]any{"sub": "1", "jti": fmt.Sprint("a", n), "iat": now - 10, "exp": now + 100})
		by(time.Unix(now+100, 0))
		r := h.Expect(200, Request{Route: "courier", Headers: []string{bearer(token)}})
		if got, want := r.Seen.Header.Get("X-Auth-Expires"), time.Unix(now+100, 0).UTC().Format(time.RFC3339); got != want {
			h.t.Errorf("X-Auth-Expires %s, want the token's exp %s", got, want)
		}
		h.Clock().Advance(98 * time.Second)
		h.Expect(200, Request{Route: "courier", Headers: []string{bearer(token)}})
		expectCount(h.t, "calls before exp", up.CallsWith(token), 1)
	})
	h.Clock().Advance(3 * time.Second)
	h.Expect(401, Request{Route: "courier", Headers: []string{bearer(token)}})
	expectCount(t, "calls after exp, within the leeway", up.CallsWith(token), 2)

	ended := up.Sign(map[string]any{"sub": "1", "exp": now - 40, "iat": now - 400})
	r := h.Expect(401, Request{Route: "courier", Headers: []string{bearer(ended)}})
	expectCount(t, "calls beyond the leeway", up.CallsWith(ended), 0)
	if want := `{"name":"Unauthorized","message":"The token has expired.","code":0,"status":401,"type":"app\\exceptions\\ApiUnauthorizedException"}`; r.Body != want {
		t.Errorf("body %s, want %s", r.Body, want)
	}

	late := up.Sign(map[string]any{"sub": "1", "exp": h.Clock().Now().Unix() - 10})
	up.Answer(late, upstreams.Reply{Status: 200, Body: `{"status":true,"data":{}}`})
	h.Expect(200, Request{Route: "courier", Headers: []string{bearer(late)}})
	h.Expect(200, Request{Route: "courier", Headers: []string{bearer(late)}})
	expectCount(t, "calls within the leeway, where nothing is cached", up.CallsWith(late), 2)
}

func lifetimePerInstance(_ *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"short": webServiceConfig(up, "lifetime", "2s"), "long": webServiceConfig(up, "lifetime", "1h")})
	h.again(func(h *Harness, _ int, by func(deadline time.Time)) {
		token := issueToken(up, "client")
		line := []string{bearer(token)}
		first := h.Expect(200, Request{Route: "short", Headers: line})
		second := h.Expect(200, Request{Route: "long", Headers: line})
		expectCount(h.t, "calls for both", up.CallsWith(token), 1)
		if a, b := first.Seen.Header.Get("X-Auth-Expires"), second.Seen.Header.Get("X-Auth-Expires"); a >= b {
			h.t.Errorf("X-Auth-Expires is %s for 2s and %s for 1h", a, b)
		}
		h.Advance(2 * time.Second)
		h.Expect(200, Request{Route: "long", Headers: line})
		expectCount(h.t, "calls within the long lifetime", up.CallsWith(token), 1)
		by(clockOf(h).Add(2 * time.Second))
		h.Expect(200, Request{Route: "short", Headers: line})
		h.Expect(200, Request{Route: "short", Headers: line})
		expectCount(h.t, "calls after the short lifetime", up.CallsWith(token), 2)
	})
}
