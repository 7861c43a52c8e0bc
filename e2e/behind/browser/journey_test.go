package browser

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/upstreamauth/upstreamauth/e2e/scenario"
)

func TestHandOff(t *testing.T) {
	s, err := start(map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	t.Run("without TLS", func(t *testing.T) { journey(t, s, s.plain(), false) })
	t.Run("with TLS at Traefik", func(t *testing.T) { journey(t, s, s.secure, true) })
	scenario.ExpectNoMarker(t, s.server.Logs())
}

func journey(t *testing.T, s *site, address string, secure bool) {
	name := map[bool]string{false: "plain", true: "secure"}[secure]
	ali, sara, wrong := s.up.IssueToken(scenario.Marker+"ali"), s.up.IssueToken(scenario.Marker+"sara"), scenario.Marker+"wrong"
	link := func(token string) string { return address + "/external-login?token=" + token }
	v := newVisitor(t, name)
	status := func(want int64, what string, got int64) {
		t.Helper()
		if got != want {
			t.Fatalf("%s: %d, want %d", what, got, want)
		}
		v.shoots(what)
	}
	in := func(user, path string) {
		t.Helper()
		if text := v.reads(); !strings.Contains(text, "Hello, "+user) {
			t.Fatalf("the page is %q", text)
		}
		if at := v.expectUnknown(ali, sara, wrong); at != address+path {
			t.Errorf("the address bar has %s", at)
		}
	}
	status(401, "asked", v.opens(address+"/"))
	status(200, "carried across", v.follows(s, link(ali)))
	in("ali", "/welcome")
	cookie := flags(t, v.cookies(), secure)

	status(200, "reloaded", v.reloads())
	in("ali", "/welcome")
	status(200, "the next page", v.clicks("#next"))
	in("ali", "/next")
	status(200, "elsewhere", v.clicks("#away"))

	status(200, "the link of another user", v.follows(s, link(sara)))
	if text := v.reads(); !strings.Contains(text, "as "+scenario.Marker+"ali") || !strings.Contains(text, "as "+scenario.Marker+"sara") {
		t.Fatalf("no choice between two users: %q", text)
	}
	status(200, "stayed", v.clicks(stay))
	in("ali", "/welcome")
	if again := flags(t, v.cookies(), secure); again.Value != cookie.Value {
		t.Error("another user's link changed the cookie")
	}
	status(200, "a denied link leads on", v.opens(link(wrong)))
	in("ali", "/welcome")
	if again := flags(t, v.cookies(), secure); again.Value != cookie.Value {
		t.Error("a denied link changed the cookie")
	}

	if got := replay(t, s.server.URL, host, cookie); got != 200 {
		t.Errorf("the cookie, before the logout: %d", got)
	}
	before := s.up.CallsTo("/v1/api/acl/auth/logout")
	status(401, "logged out", v.clicks("#out"))
	if left := v.cookies(); len(left) != 0 {
		t.Errorf("%d cookies are left", len(left))
	}
	if calls := s.up.CallsTo("/v1/api/acl/auth/logout"); calls != before+1 {
		t.Errorf("the upstream's logout was called %d times", calls-before)
	}
	if got := replay(t, s.server.URL, host, cookie); got != 401 {
		t.Errorf("the cookie, after the logout: %d", got)
	}
	status(401, "asked again", v.opens(address+"/welcome"))
	// Without a session a denial's page has the token in its address, which must not
	// become a Referer.
	for what, token := range map[string]string{"a denied link": wrong, "a link that was logged out": ali} {
		status(401, what, v.opens(link(token)))
		v.do(chromedp.Evaluate(fmt.Sprintf(`void (document.body.innerHTML = '<a id="away" href="%s/away">elsewhere</a>')`, s.elsewhere(scheme(address)).URL), nil))
		status(200, "from "+what, v.clicks("#away"))
	}
	if left := v.cookies(); len(left) != 0 {
		t.Errorf("%d cookies of denied links", len(left))
	}
	expectNoSecrets(t, s, address, ali, sara, wrong, cookie.Value)
}

func scheme(address string) string {
	scheme, _, _ := strings.Cut(address, "://")
	return scheme
}

// flags looks at the one cookie that there is to be. A domain without a dot in
// front is the host's alone.
func flags(t *testing.T, all []*network.Cookie, secure bool) *network.Cookie {
	t.Helper()
	if len(all) != 1 {
		t.Fatalf("%d cookies", len(all))
	}
	c := all[0]
	if c.Name != "upstreamauth" || c.Domain != host || c.Path != "/" || !c.HTTPOnly || c.Secure != secure || c.SameSite != network.CookieSameSiteLax || c.Session {
		t.Errorf("%s of %s%s: HttpOnly %t, Secure %t, SameSite %s, of the session %t", c.Name, c.Domain, c.Path, c.HTTPOnly, c.Secure, c.SameSite, c.Session)
	}
	if left := time.Until(time.UnixMilli(int64(c.Expires * 1000))); left > lifetime || left < lifetime-time.Minute {
		t.Errorf("the cookie ends in %s", left)
	}
	return c
}

// expectNoSecrets looks for secrets in Traefik's log, and in the requests to the servers behind
// it and beside it. Those requests must have Referers, or their check shows nothing.
func expectNoSecrets(t *testing.T, s *site, address string, secrets ...string) {
	t.Helper()
	mentioned, err := s.server.Mentions(secrets...)
	if err != nil || len(mentioned) != 0 {
		t.Errorf("%d secrets are in the log, %v", len(mentioned), err)
	}
	requests := s.requests()
	for _, request := range requests {
		for _, secret := range append(secrets, "external-login") {
			if strings.Contains(request, secret) {
				t.Error("a server received a token, a cookie or the path of a hand-off")
			}
		}
	}
	_, pages, _ := strings.Cut(address, "://")
	others := s.elsewhere(scheme(address)).Listener.Addr().String()
	for _, place := range []string{pages + "/picture", others + "/picture", others + "/away"} {
		referer := fmt.Sprintf("Referer:[%s/", address)
		sent := false
		for _, request := range requests {
			sent = sent || strings.HasPrefix(request, place) && strings.Contains(request, referer)
		}
		if !sent {
			t.Errorf("%s received no Referer, so the check for secrets shows nothing", place)
		}
	}
}
