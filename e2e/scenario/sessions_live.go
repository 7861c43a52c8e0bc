package scenario

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// sentLink: login CSRF. A live session is kept, also while the upstream cannot
// confirm it.
func sentLink(t *testing.T, h *Harness) {
	up := newSMSPanel(h.Clock())
	defer up.Close()
	config := routeConfig("bearer", "ippanel", up.URL, "timeout", "20s")
	h.Serve(Routes{"r": sessionConfig(config)})
	ali, sara := Marker+"ali", Marker+"sara"
	b := h.newBrowser(t)
	mine := up.IssueToken(ali)
	b.followLink(303, mine)
	expectKept := func(token string) {
		t.Helper()
		before := b.cookie.Value
		r := b.send(Request{Path: "/external-login?token=" + token})
		if b.expectPage(r, choicePage); b.cookie.Value != before {
			t.Error("a live session is replaced")
		}
	}
	theirs := up.IssueToken(sara)
	expectKept(theirs)
	b.expectUser(ali)
	b.expectPage(b.post("token="+theirs), choicePage)
	h.Serve(Routes{"r": with(sessionConfig(config), "identity", map[string]any{"require": map[string]any{"id": "7"}})})
	expectKept(theirs) // live, although this route denies its user
	h.Serve(Routes{"r": sessionConfig(config)})

	b.followLink(303, up.IssueToken(ali)) // a newer token of the same user
	b.expectUser(ali)
	newer := b.cookie.Value
	b.followLink(303, mine)
	if b.cookie.Value == newer {
		t.Error("a newer token of the same user changes nothing")
	}
	b.expectUser(ali)

	other := h.newBrowser(t)
	other.cookie = b.cookie // the same session in another tab
	other.send(Request{Method: "POST", Path: "/logout", Headers: []string{"Origin: http://r.test"}})
	b.expectLoggedOut()
	b.followLink(303, theirs)
	b.expectUser(sara)

	h.Serve(Routes{"r": with(sessionConfig(config), "cache", map[string]any{"epoch": "2", "size": 1})})
	b.expectLoggedOut() // the cookie is bound to the epoch
	b.followLink(303, up.IssueToken(ali))
	other.followLink(303, theirs) // the cache holds only one entry
	up.AnswerAll(&upstreams.Reply{Status: 503})
	expectKept(theirs) // the upstream cannot confirm whose session it is
	up.AnswerAll(nil)
	h.Advance(1100 * time.Millisecond) // before, what got no answer is not asked about again
	b.expectUser(ali)
}

func headerOutranksCookie(t *testing.T, h *Harness) {
	up, uni := newSMSPanel(h.Clock()), newThammasat(h.Clock())
	defer up.Close()
	defer uni.Close()
	config := sessionConfig(routeConfig("bearer", "ippanel", up.URL))
	config["applicationKey"] = map[string]any{"api": "thammasat", "url": uni.URL, "account": true}
	h.Serve(Routes{"r": config, "open": with(config, "optional", true)})
	b := h.newBrowser(t)
	b.followLink(303, up.IssueToken(Marker+"ali"))
	b.expectUser(Marker + "ali")
	sara := up.IssueToken(Marker + "sara")
	for _, route := range []string{"r", "open"} {
		b.route = route
		cookie := func(status int, user string, lines ...string) {
			t.Helper()
			r := b.send(Request{Headers: lines})
			if r.Status != status || (status == 200) != (r.Seen != nil) {
				t.Errorf("%v: %d, want %d", redact(lines), r.Status, status)
			}
			if status == 200 {
				expectEqual(t, "the user", identityOf(t, r.Seen)["X-Auth-User"], user)
			}
		}
		cookie(200, Marker+"sara", bearer(sara))
		cookie(401, "", bearer("wrong"))
		cookie(400, "", "Authorization: Bearer  x")
		cookie(400, "", bearer(sara), bearer(sara))
		cookie(200, Marker+"ali", "Authorization: Digest x")
		cookie(200, Marker+"ali", "Authorization: ")
		anonymous := map[string]int{"r": 401, "open": 200}[route] // anonymous, which "open" allows
		cookie(anonymous, "", "Application-Key: "+Marker+"half-of-it")
		cookie(anonymous, "", "Authorization: Bearer ")
	}
}

func forwardedSession(t *testing.T, h *Harness) {
	up := newSMSPanel(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": with(sessionConfig(routeConfig("bearer", "ippanel", up.URL)), "forwardCredential", true)})
	token := up.IssueToken(Marker + "ali")
	b := h.newBrowser(t)
	b.followLink(303, token)
	for range 2 {
		r := b.expectUser(Marker + "ali")
		expectEqual(t, "Authorization at the backend", strings.Join(r.Seen.Header["Authorization"], "|"), "Bearer "+token)
	}
	r := b.send(Request{Headers: []string{"Application-Key: " + Marker + "of-no-kind-here"}})
	expectEqual(t, "beside a credential of an unconfigured kind", strings.Join(r.Seen.Header["Authorization"], "|"), "Bearer "+token)
	r = b.send(Request{Headers: []string{"Authorization: Digest x"}})
	expectEqual(t, "beside another scheme", strings.Join(r.Seen.Header["Authorization"], "|"), "Digest x")
}

// panelLogout is the path of the panel's own logout.
const panelLogout = "/v1/api/acl/auth/logout"

func sessionLogout(t *testing.T, h *Harness) {
	up := newSMSPanel(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": sessionConfig(routeConfig("bearer", "ippanel", up.URL))})
	token := up.IssueToken(Marker + "ali")
	b := h.newBrowser(t)
	b.followLink(303, token)
	old := *b.cookie
	logout := func(method string, lines ...string) Response {
		return b.send(Request{Method: method, Path: "/logout", Headers: lines})
	}
	for _, lines := range append(foreign, [][]string{
		nil,
		{"Origin: http://evil.test"},
		{"Origin: http://r.test", "Origin: http://evil.test"},
		{"Referer: http://r.test/"},
		{"Origin: http://r.test:8443"},
		{"Sec-Fetch-Site: cross-site", "Origin: http://r.test"},
		{"Sec-Fetch-Site: same-site", "Origin: http://www.r.test"},
		{"Sec-Fetch-Site: none"},
		{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: cross-site"},
	}...) {
		if r := logout("POST", lines...); r.Status != 403 || r.Header.Get("Set-Cookie") != "" {
			t.Errorf("%v: %d", lines, r.Status)
		}
	}
	logout("GET", "Origin: http://r.test") // passed to the backend
	b.expectUser(Marker + "ali")
	expectCount(t, "calls of the upstream's logout, before", up.CallsTo(panelLogout), 0)
	r := logout("POST", "Origin: http://r.test")
	if r.Status != 303 || r.Header.Get("Location") != "/" || b.cookie != nil || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the logout: %d, %q", r.Status, r.Header.Get("Location"))
	}
	expectCount(t, "calls of the upstream's logout", up.CallsTo(panelLogout), 1)
	b.expectLoggedOut()
	calls := up.Calls()
	for range 20 { // a copied cookie
		b.cookie = &old
		b.expectLoggedOut()
		logout("POST", "Origin: http://r.test")
	}
	expectCount(t, "calls of the upstream's logout, for copied cookies", up.CallsTo(panelLogout), 1)
	if more := up.Calls() - calls; more > 1 {
		t.Errorf("copied cookies of an ended session cost %d calls", more)
	}
	b.cookie = nil
	expectEqual(t, "Location of a logout without a session", logout("POST", "Origin: http://r.test").Header.Get("Location"), "/")
	b.followLink(303, up.IssueToken(Marker+"sara"))
	b.expectUser(Marker + "sara")
	up.AnswerAll(&upstreams.Reply{Status: 503})
	if r := logout("POST", "Origin: http://r.test"); r.Status != 303 || b.cookie != nil {
		t.Errorf("a logout in an outage: %d", r.Status)
	}
}

// sessionLogoutPages: what a browser sends depends on its age, on the page's own
// Referrer-Policy, and on what stands before Traefik.
func sessionLogoutPages(t *testing.T, h *Harness) {
	f := newHandOffFixture(t, h, "origins", []any{"https://app.test", "http://app.test:8080"})
	for _, c := range []struct {
		status int
		lines  []string
	}{
		{303, []string{"Sec-Fetch-Site: same-origin", "Origin: null"}},
		{303, []string{"Sec-Fetch-Site: same-origin", "Origin: https://public.test"}}, // behind a balancer that rewrites Host
		{303, []string{"Sec-Fetch-Site: same-origin"}},
		{303, []string{"Sec-Fetch-Site: same-site", "Origin: https://app.test"}},
		{303, []string{"Origin: https://r.test:443"}},
		{303, []string{"Origin: http://r.test:80"}},
		{303, []string{"Origin: https://app.test"}},
		{303, []string{"Origin: HTTP://app.test:8080"}},
		{403, []string{"Sec-Fetch-Site: cross-site", "Origin: https://app.test"}},
		{403, []string{"Sec-Fetch-Site: same-site", "Origin: https://www.r.test"}},
		{403, []string{"Origin: http://app.test"}},
		{403, []string{"Origin: https://app.test:8080"}},
		{403, []string{"Origin: https://app.test.evil.test"}},
		{403, []string{"Origin: https://app.test/"}},
		{403, []string{"Origin: null"}},
	} {
		f.ali = f.up.IssueToken(Marker + "ali")
		b := f.visitor()
		r := b.send(Request{Method: "POST", Path: "/logout", Headers: c.lines})
		if r.Status != c.status || (b.cookie == nil) != (c.status == 303) {
			t.Errorf("%v: %d, want %d", c.lines, r.Status, c.status)
		}
	}
}

func sessionLogoutMeanwhile(t *testing.T, h *Harness) {
	up := newSMSPanel(h.Clock())
	defer up.Close()
	config := routeConfig("bearer", "ippanel", up.URL, "revalidate", "1s", "timeout", "20s")
	h.Serve(Routes{"r": sessionConfig(config)})
	token := up.IssueToken(Marker + "ali")
	b := h.newBrowser(t)
	b.followLink(303, token)
	old := *b.cookie
	h.Advance(1100 * time.Millisecond)
	release := up.Hold()
	b.expectUser(Marker + "ali") // and is revalidated in the background
	waitFor(t, "the revalidation has begun", func() bool { return up.CallsWith(token) == 2 })
	done := make(chan Response, 1)
	go func() {
		r, _ := h.Try(Request{Route: "r", Method: "POST", Path: "/logout", Headers: []string{"Origin: http://r.test", "Cookie: " + old.Name + "=" + old.Value}})
		done <- r
	}()
	time.Sleep(100 * time.Millisecond)
	release()
	if r := <-done; r.Status != http.StatusSeeOther {
		t.Errorf("the logout: %d", r.Status)
	}
	b.cookie = &old
	b.expectLoggedOut()
}
