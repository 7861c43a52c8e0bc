package scenario

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// FirstUse: a token of a login that an issuer route saw is asked about once, when it is
// used first; and tokens whose own words cannot be relied on, each time.
var FirstUse = []Scenario{
	{Name: "a path that a courier may not call refuses the token of a login, too", Run: pathOfAdministrators},
	{Name: "a token of a login passes while the upstream gives no answer, and is asked about again", Run: provisionalAnswer},
	{Name: "a token that passed for now is refused once the upstream says so", Run: provisionalRefused},
	{Name: "a requirement that could not be judged is unavailable, and is judged once there is an answer", Run: provisionalRequirement, NeedsClock: true},
	{Name: "a JWT that two readers may read differently is asked about each time", Run: ambiguousTimes},
	{Name: "an exp that is over denies without a call, as a fraction and as a text", Run: overTimes},
}

const administrators = "/v1/administrators"

func pathOfAdministrators(t *testing.T, h *Harness) {
	up := newBTS(h.Clock())
	defer up.Close()
	up.Protect(administrators, `{"status":true,"data":{}}`)
	h.Backend.ProxyTo("login", up.URL)
	route := func(path string) map[string]any {
		return routeConfig("bearer", "bts", up.URL, "path", path, "loginSecret", loginSecret)
	}
	h.Serve(Routes{"login": issuerConfig("bts", up.URL), "r": route(upstreams.BTSStatusPath), "admin": route(administrators)})
	f := &loginFixture{Harness: h, t: t}
	access, _ := f.courierLogin()
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(access)}})
	forbidden := upstreams.Reply{Status: 403, Body: `{"name":"Forbidden","message":"Administrators only.","code":0,"status":403}`}
	up.Answer(access, forbidden)
	for range 3 {
		h.Expect(403, Request{Route: "admin", Headers: []string{bearer(access)}})
	}
	expectCount(t, "calls with the courier's token", up.CallsWith(access), 2)
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(access)}}) // that path took it
	other, _ := f.courierLogin()
	for range 3 {
		h.Expect(200, Request{Route: "admin", Headers: []string{bearer(other)}})
	}
	expectCount(t, "calls with an administrator's", up.CallsWith(other), 1)
}

// newPanelLogin is a panel behind an issuer route whose canary has run.
func newPanelLogin(t *testing.T, h *Harness, config func(base map[string]any) map[string]any) (*loginFixture, *upstreams.IPPanel) {
	up := newSMSPanel(h.Clock())
	h.Backend.ProxyTo("login", strings.TrimSuffix(up.URL, pathOf(up.URL)))
	h.Serve(Routes{"login": issuerConfig("ippanel", up.URL), "r": config(routeConfig("bearer", "ippanel", up.URL, "loginSecret", loginSecret, "timeout", "20s"))})
	f := &loginFixture{Harness: h, t: t, base: pathOf(up.URL)}
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(f.login(up, Marker+"ali"))}})
	return f, up
}

func unchanged(config map[string]any) map[string]any { return config }

func provisionalAnswer(t *testing.T, h *Harness) {
	f, up := newPanelLogin(t, h, unchanged)
	defer up.Close()
	token := f.login(up, Marker+"sara")
	up.Answer(token, upstreams.Reply{Status: 503})
	for range 3 {
		r := h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
		expectEqual(t, "the identity meanwhile", identityOf(t, r.Seen), map[string]string{"X-Auth-Api": "ippanel"})
	}
	expectCount(t, "calls", up.CallsWith(token), 1)
	up.Unscript(token)
	h.Advance(10500 * time.Millisecond)
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
	waitFor(t, "the panel is asked again", func() bool { return up.CallsWith(token) == 2 })
	waitFor(t, "the identity is known", func() bool {
		r := h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
		return identityOf(t, r.Seen)["X-Auth-User"] == Marker+"sara"
	})
	h.Advance(10500 * time.Millisecond)
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
	expectCount(t, "calls in all", up.CallsWith(token), 2)
}

func provisionalRefused(t *testing.T, h *Harness) {
	f, up := newPanelLogin(t, h, unchanged)
	defer up.Close()
	token := f.login(up, Marker+"sara")
	up.Answer(token, upstreams.Reply{Status: 429})
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
	up.Answer(token, upstreams.Reply{Status: 401, Body: `{"data":null,"meta":{"status":false,"message":"x","message_code":"400-1"}}`})
	if h.Clock() == nil {
		return // a minute, as after any 429 without a Retry-After
	}
	h.Advance(61 * time.Second)
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
	waitFor(t, "the denial is known", func() bool {
		r := h.Get("r", bearer(token))
		return r.Status == http.StatusUnauthorized
	})
	h.Expect(401, Request{Route: "r", Headers: []string{bearer(token)}})
	expectCount(t, "calls", up.CallsWith(token), 2)
}

func provisionalRequirement(t *testing.T, h *Harness) {
	f, up := newPanelLogin(t, h, func(config map[string]any) map[string]any {
		return with(config, "identity", map[string]any{"require": map[string]any{"id": []any{"7", "9007199254740993"}}})
	})
	defer up.Close()
	token := f.login(up, Marker+"sara")
	up.Answer(token, upstreams.Reply{Status: 503})
	for range 3 {
		r := h.Expect(500, Request{Route: "r", Headers: []string{bearer(token)}})
		expectRetryAfter(t, r, 1, 10)
	}
	expectCount(t, "calls", up.CallsWith(token), 1)
	up.Unscript(token)
	h.Advance(10500 * time.Millisecond)
	waitFor(t, "the requirement is judged", func() bool { return h.Get("r", bearer(token)).Status == 200 })
	r := h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
	expectEqual(t, "the user", identityOf(t, r.Seen)["X-Auth-User"], Marker+"sara")
}

// nested is an array of so many levels.
func nested(levels int) any {
	var inner any = []any{}
	for range levels - 1 {
		inner = []any{inner}
	}
	return inner
}

func ambiguousTimes(t *testing.T, h *Harness) {
	up := newLenientBTS(h.Clock())
	defer up.Close()
	raw := newRawServer(t)
	defer raw.Close()
	h.Serve(Routes{"login": issuerConfig("bts", up.URL), "r": btsConfig(up, "loginSecret", loginSecret)})
	h.Backend.ProxyTo("login", raw.URL)
	now := time.Now()
	if h.Clock() != nil {
		now = h.Clock().Now()
	}
	exp := now.Add(time.Hour).Unix()
	for name, claims := range map[string]map[string]any{
		"exp in two spellings": {"exp": exp, "EXP": exp - 7200},
		"another name twice":   {"exp": exp, "role": "x", "Role": "y"},
		"33 levels":            {"exp": exp, "deep": nested(33)},
		"iat that is a date":   {"exp": exp, "iat": "2026-01-31"},
		"nbf that is true":     {"exp": exp, "nbf": true},
		"exp in milliseconds":  {"exp": exp * 1000},
	} {
		for _, issued := range []bool{false, true} {
			claims["jti"] = fmt.Sprint(name, issued)
			token := up.Sign(claims)
			up.Answer(token, upstreams.Reply{Body: `{"status":true}`}) // whatever its own reader says
			if issued {
				raw.respondWith(wholeReply(loginReply(token, "")))
				h.Do(Request{Route: "login", Method: "POST", Path: "/auth/login"})
			}
			for i := range 3 {
				r := h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
				expectCount(t, name+": calls", up.CallsWith(token), i+1)
				if r.Seen != nil && r.Seen.Header.Get("X-Auth-Expires") != "" {
					t.Errorf("%s: X-Auth-Expires %s", name, r.Seen.Header.Get("X-Auth-Expires"))
				}
			}
		}
	}
}

func overTimes(t *testing.T, h *Harness) {
	up := newBTS(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": btsConfig(up)})
	now := time.Now()
	if h.Clock() != nil {
		now = h.Clock().Now()
	}
	over := now.Unix() - 501
	for name, exp := range map[string]any{
		"a whole number": over, "a fraction": float64(over) + 0.5, "a text": fmt.Sprint(over), "a fraction in a text": fmt.Sprintf("%d.5", over),
		"an exponent in a text": "1e3",
	} {
		token := up.Sign(map[string]any{"exp": exp, "jti": name})
		up.Answer(token, upstreams.Reply{Body: `{"status":true}`})
		h.Expect(401, Request{Route: "r", Headers: []string{bearer(token)}})
		expectCount(t, name+": calls", up.CallsWith(token), 0)
	}
	token := up.Sign(map[string]any{"exp": float64(now.Unix()) - 10.5}) // within the leeway
	up.Answer(token, upstreams.Reply{Body: `{"status":true}`})
	r := h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
	if r.Seen != nil && r.Seen.Header.Get("X-Auth-Expires") != "" {
		t.Errorf("X-Auth-Expires in the past: %s", r.Seen.Header.Get("X-Auth-Expires"))
	}
}
