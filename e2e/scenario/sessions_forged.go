package scenario

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// Forgeries: attacks on a session's cookie, link and login.
var Forgeries = []Scenario{
	{Name: "a cookie that differs from the issued one is denied", Run: forgedCookies},
	{Name: "a cookie of another route, secret or epoch is denied", Run: foreignCookies},
	{Name: "no link redirects to another site or injects headers", Run: malformedLinks},
	{Name: "an issuer route takes no token from a client's request", Run: clientAddsNoLogin},
}

func (b *browser) expectDenied(what, cookies string, more ...string) {
	b.t.Helper()
	r := b.Do(Request{Route: b.route, Headers: append(more, cookies)})
	if r.Status != 401 || r.Seen != nil || r.Header.Get("Set-Cookie") != "" {
		b.Counters.falseAccepts.Add(1)
		b.t.Errorf("%s: %d", what, r.Status)
	}
}

func forgedCookies(t *testing.T, h *Harness) {
	up := newSMSPanel(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": sessionConfig(routeConfig("bearer", "ippanel", up.URL))})
	b, other := h.newBrowser(t), h.newBrowser(t)
	b.followLink(303, up.IssueToken(Marker+"ali"))
	other.followLink(303, up.IssueToken(Marker+"sara"))
	name, value, theirs := "Cookie: upstreamauth=", b.cookie.Value, other.cookie.Value
	calls := up.Calls()
	for i := range value {
		b.expectDenied("cut", name+value[:i])
	}
	for i := 0; i < len(value); i += 7 {
		b.expectDenied("one letter changed", name+value[:i]+string(rune('A'+(value[i]-'A'+1)%26))+value[i+1:])
		b.expectDenied("two of them spliced", name+value[:i]+theirs[i:][:1]+"-"+theirs[i:])
	}
	b.expectDenied("doubled", name+value+"; upstreamauth="+value)
	b.expectDenied("doubled, in two headers", name+value, name+theirs)
	b.expectDenied("after one of a sibling domain", name+"forged; upstreamauth="+value)
	b.expectDenied("oversized", name+value+strings.Repeat("A", 64<<10))
	b.expectDenied("quoted", name+`"`+value+`"`)
	b.expectDenied("encoded", name+strings.ReplaceAll(value, value[:1], "%41"))
	b.expectDenied("under another name", "Cookie: Upstreamauth="+value)
	b.expectDenied("in another header", "Cookie2: upstreamauth="+value)
	b.expectDenied("as a token", "Authorization: Bearer "+value)
	b.expectDenied("in the query", "X-Cookie: upstreamauth="+value)
	b.expectDenied("empty", name)
	b.expectDenied("after a hundred thousand others", "Cookie: "+strings.Repeat("a=1;", 100_000)+" upstreamauth=x")
	expectCount(t, "calls for cookies", up.Calls()-calls, 1) // the cookie as a token
	b.expectUser(Marker + "ali")
	other.expectUser(Marker + "sara")
	h.Serve(Routes{"r": sessionConfig(routeConfig("bearer", "ippanel", up.URL, "lifetime", "2s"))})
	short := h.newBrowser(t)
	short.followLink(303, up.IssueToken(Marker+"ali"))
	h.Advance(2100 * time.Millisecond)
	b.expectDenied("ended", name+short.cookie.Value)
}

func foreignCookies(t *testing.T, h *Harness) {
	up, another := newSMSPanel(h.Clock()), newSMSPanel(h.Clock())
	defer up.Close()
	defer another.Close()
	mine := sessionConfig(routeConfig("bearer", "ippanel", up.URL))
	h.Serve(Routes{
		"r":         mine,
		"elsewhere": sessionConfig(routeConfig("bearer", "ippanel", another.URL)),
		"secret":    sessionConfig(routeConfig("bearer", "ippanel", up.URL), "secret", "env:UPSTREAMAUTH_SESSION_ANOTHER"),
		"epoch":     with(mine, "cache", map[string]any{"epoch": "2"}),
		"logins":    sessionConfig(routeConfig("bearer", "ippanel", up.URL, "loginSecret", loginSecret)),
		"check":     sessionConfig(routeConfig("bearer", "ippanel", up.URL, "path", "/api/acl/auth/check_token?x=1")),
		"no":        routeConfig("bearer", "ippanel", up.URL),
		"same":      with(mine, "cache", map[string]any{"negativeLifetime": "1s"}),
	})
	b := h.newBrowser(t)
	b.followLink(303, up.IssueToken(Marker+"ali"))
	for _, route := range []string{"elsewhere", "secret", "epoch", "logins", "check", "no"} {
		b.route = route
		b.expectDenied(route, "Cookie: upstreamauth="+b.cookie.Value)
	}
	b.route = "same"
	b.expectUser(Marker + "ali")
}

func malformedLinks(t *testing.T, h *Harness) {
	up := newSMSPanel(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": sessionConfig(routeConfig("bearer", "ippanel", up.URL), "redirect", "/welcome?from=panel")})
	token := up.IssueToken(Marker + "ali")
	for _, path := range []string{
		"/external-login?redirect=https://evil.test&token=" + token, "/external-login?token=" + token + "&next=//evil.test",
		"/external-login?token=" + token + "#@evil.test", "/external-login?%0d%0aSet-Cookie:x=1&token=" + token,
	} {
		r := h.newBrowser(t).send(Request{Path: path, Headers: []string{"X-Forwarded-Host: evil.test", "Forwarded: host=evil.test", "X-Original-URL: //evil.test"}})
		if r.Status != 303 || len(r.Header["Location"]) != 1 || r.Header.Get("Location") != "/welcome?from=panel" || len(r.Header["Set-Cookie"]) != 1 {
			h.Counters.falseAccepts.Add(1)
			t.Errorf("%s: %d, to %q", path[:20], r.Status, r.Header["Location"])
		}
	}
	for _, path := range []string{"/external-login/x?token=" + token, "/external-login%3f?token=" + token, "/External-Login?token=" + token} {
		r := h.newBrowser(t).send(Request{Path: path})
		if r.Status == 303 && r.Header.Get("Location") == "/welcome?from=panel" || r.Header.Get("Set-Cookie") != "" || r.Seen != nil {
			t.Errorf("%s: %d", path[:18], r.Status)
		}
	}
}

// clientAddsNoLogin: tokens are read from a login's response only.
func clientAddsNoLogin(t *testing.T, h *Harness) {
	up := newBTS(h.Clock())
	defer up.Close()
	f := newLoginFixture(t, h, "bts", up.URL, "path", "/v1/status/index")
	const forged = Marker + "forged"
	body := loginReply(forged, "")
	for _, lines := range [][]string{
		{"Content-Type: application/json"}, {"Content-Type: application/json", "Authorization: Bearer " + forged}, {"Content-Type: application/json", "Content-Encoding: gzip"},
	} {
		for _, path := range []string{"/auth/login", "/auth/refresh", "/auth/login?" + forged} {
			r := f.Do(Request{Route: "login", Method: "POST", Path: path, Headers: append(lines, "Accept: application/json"), Body: strings.NewReader(body)})
			if r.Status < 400 || r.Status > http.StatusUnprocessableEntity {
				t.Errorf("%s: %d", path, r.Status)
			}
			h.Expect(401, Request{Route: "r", Headers: []string{bearer(forged)}})
		}
	}
}

// Replicas continues a session of one process in another one that has the same
// secret and shares nothing else.
func Replicas(t *testing.T, open, openAnother Opener) {
	backend := NewBackend(nil)
	defer backend.Close()
	first, err := open(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	second, err := openAnother(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	one, two := NewHarness(t, first, backend), NewHarness(t, second, backend)
	up := newSMSPanel(nil)
	defer up.Close()
	routes := Routes{"r": sessionConfig(routeConfig("bearer", "ippanel", up.URL))}
	one.Serve(routes)
	two.Serve(routes)
	a, b := one.newBrowser(t), two.newBrowser(t)
	token := up.IssueToken(Marker + "ali")
	a.followLink(303, token)
	b.cookie = a.cookie
	b.expectUser(Marker + "ali")
	expectCount(t, "calls: one of each process", up.CallsWith(token), 2)
	if r := b.send(Request{Method: "POST", Path: "/logout", Headers: []string{"Origin: http://r.test"}}); r.Status != 303 || b.cookie != nil {
		t.Errorf("the logout: %d", r.Status)
	}
	b.expectLoggedOut()
	two.Serve(Routes{"r": sessionConfig(routeConfig("bearer", "ippanel", up.URL), "secret", "env:UPSTREAMAUTH_SESSION_ANOTHER")})
	a.followLink(303, up.IssueToken(Marker+"ali"))
	b.cookie = a.cookie
	b.expectLoggedOut()
	ExpectNoMarker(t, first.Logs()+second.Logs())
}
