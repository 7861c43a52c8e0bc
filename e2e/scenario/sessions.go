package scenario

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Sessions: a browser opens a link with a token, and sends a cookie instead from
// then on.
var Sessions = []Scenario{
	{Name: "a hand-off sets a cookie that replaces the token until it ends", Run: handOff, NeedsClock: true},
	{Name: "a short session ends in time, across a reload", Run: shortSession},
	{Name: "a hand-off without a token, with two, or with an invalid one sets no cookie", Run: malformedHandOffs},
	{Name: "a link with another user's token does not replace a live session", Run: sentLink},
	{Name: "a credential in a header takes precedence over the cookie", Run: headerOutranksCookie},
	{Name: "a session's token is forwarded where credentials are, its cookie never", Run: forwardedSession},
	{Name: "a logout ends the session and calls the upstream's logout", Run: sessionLogout},
	{Name: "a logout is taken from every page of this site, and from no other", Run: sessionLogoutPages},
	{Name: "a logout during a revalidation of the session's token", Run: sessionLogoutMeanwhile},
}

// browser sends requests to one route with at most one session cookie.
type browser struct {
	*Harness
	t      testing.TB
	route  string
	cookie *http.Cookie
}

func (h *Harness) newBrowser(t testing.TB) *browser { return &browser{Harness: h, t: t, route: "r"} }

// sessionConfig adds a session block, with these keys beside its secret.
func sessionConfig(config map[string]any, more ...any) map[string]any {
	return with(config, "session", with(map[string]any{"secret": "env:UPSTREAMAUTH_SESSION", "logout": "/logout"}, more...))
}

// send sends a request with the cookie, among others, and keeps a new one.
func (b *browser) send(request Request) Response {
	b.t.Helper()
	request.Route = b.route
	if b.cookie != nil {
		request.Headers = append(request.Headers, "Cookie: theme=dark; "+b.cookie.Name+"="+b.cookie.Value+"; lang=fa")
	}
	r := b.Do(request)
	lines := (&http.Response{Header: r.Header}).Cookies()
	if len(lines) > 1 {
		b.t.Errorf("%d cookies", len(lines))
	}
	for _, cookie := range lines {
		b.cookie = cookie
		if cookie.MaxAge < 0 {
			b.cookie = nil
		}
	}
	return r
}

// followLink opens a hand-off's link, and expects this status.
func (b *browser) followLink(status int, token string) Response {
	b.t.Helper()
	r := b.send(Request{Path: "/external-login?token=" + url.QueryEscape(token)})
	b.expectHandOff(r, status)
	return r
}

// expectHandOff checks a hand-off's response: it keeps the token out of Referer
// headers and caches, and the backend was not reached.
func (b *browser) expectHandOff(r Response, status int) {
	b.t.Helper()
	if r.Status != status || r.Seen != nil {
		b.t.Errorf("a hand-off: %d, want %d", r.Status, status)
	}
	expectEqual(b.t, "Referrer-Policy", r.Header.Get("Referrer-Policy"), "no-referrer")
	expectEqual(b.t, "Cache-Control", r.Header.Get("Cache-Control"), "no-store")
	if status == 303 {
		expectEqual(b.t, "Location", r.Header.Get("Location"), "/")
	} else if r.Header.Get("Set-Cookie") != "" || r.Header.Get("Location") != "" {
		b.t.Errorf("a denied hand-off sets a cookie or redirects")
	}
}

// expectUser expects the backend's page, with this user in the identity headers and
// without the session cookie.
func (b *browser) expectUser(user string) Response {
	b.t.Helper()
	r := b.send(Request{})
	if r.Status != 200 || r.Seen == nil {
		b.Counters.falseRejects.Add(1)
		b.t.Fatalf("not allowed: %d %s", r.Status, r.Body)
	}
	if seen := identityOf(b.t, r.Seen)["X-Auth-User"]; seen != user {
		b.Counters.falseAccepts.Add(1)
		b.t.Errorf("another user's identity: %q", seen)
	}
	expectEqual(b.t, "cookies at the backend", strings.Join(r.Seen.Header["Cookie"], "|"), "theme=dark; lang=fa")
	return r
}

func (b *browser) expectLoggedOut() {
	b.t.Helper()
	if r := b.send(Request{}); r.Status != 401 || r.Seen != nil {
		b.Counters.falseAccepts.Add(1)
		b.t.Errorf("not denied: %d", r.Status)
	}
}

func handOff(t *testing.T, h *Harness) {
	up := newSMSPanel(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": sessionConfig(routeConfig("bearer", "ippanel", up.URL, "lifetime", "2h"))})
	token := up.IssueToken(Marker + "ali")
	b := h.newBrowser(t)
	b.expectLoggedOut()
	b.followLink(303, token)
	c := b.cookie
	if c == nil || c.Name != "upstreamauth" || !c.HttpOnly || c.Secure || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteLaxMode || c.MaxAge < 7190 || c.MaxAge > 7200 {
		t.Fatalf("the cookie: %d seconds, %t %t %q %q %v", c.MaxAge, c.HttpOnly, c.Secure, c.Path, c.Domain, c.SameSite)
	}
	if strings.Contains(c.Value, token) {
		t.Error("the cookie contains the token")
	}
	for range 3 {
		r := b.expectUser(Marker + "ali")
		expectEqual(t, "Authorization at the backend", strings.Join(r.Seen.Header["Authorization"], "|"), "")
	}
	expectCount(t, "calls for all of it", up.CallsWith(token), 1)

	form := h.newBrowser(t)
	r := form.send(Request{
		Method: "POST", Path: "/external-login", Body: strings.NewReader("x=1&token=" + token),
		Headers: []string{"Content-Type: application/x-www-form-urlencoded; charset=utf-8"},
	})
	form.expectHandOff(r, 303)
	form.expectUser(Marker + "ali")
	if form.cookie.Value == c.Value {
		t.Error("two cookies of one token are the same")
	}

	h.Advance(2*time.Hour - 10*time.Second)
	b.expectUser(Marker + "ali")
	h.Advance(10 * time.Second)
	b.expectLoggedOut() // the upstream still allows the token, but the cookie has ended
	expectCount(t, "calls at the end", up.CallsWith(token), 1)
}

func shortSession(_ *testing.T, h *Harness) {
	up := newSMSPanel(h.Clock())
	defer up.Close()
	config := sessionConfig(routeConfig("bearer", "ippanel", up.URL, "lifetime", "5s"), "cookie", "panel.session", "path", "/enter", "parameter", "key",
		"redirect", "/", "sameSite", "strict", "secure", "always")
	h.again(func(h *Harness, _ int, by func(deadline time.Time)) {
		h.Serve(Routes{"r": config})
		token := up.IssueToken(Marker + "ali")
		b := h.newBrowser(h.t)
		by(clockOf(h).Add(4 * time.Second)) // a cookie lasts whole seconds
		step := b.expectPage(b.send(Request{Path: "/enter?key=" + token}), stepPage)
		b.expectHandOff(b.send(Request{
			Method: "POST", Path: "/enter?", Body: strings.NewReader(step.forms[0].Encode()),
			Headers: []string{"Content-Type: application/x-www-form-urlencoded", "Sec-Fetch-Site: same-origin", "Origin: null"},
		}), 303)
		c := b.cookie
		if c == nil {
			h.t.Fatal("no cookie")
		}
		if c.Name != "panel.session" || !c.Secure || c.SameSite != http.SameSiteStrictMode || c.MaxAge < 1 || c.MaxAge > 5 {
			h.t.Errorf("the cookie: %s %t %v, %d seconds", c.Name, c.Secure, c.SameSite, c.MaxAge)
		}
		h.Serve(Routes{"r": with(config, "cache", map[string]any{"negativeLifetime": "1s"})})
		b.expectUser(Marker + "ali")
		by(time.Time{})
		h.Advance(5100 * time.Millisecond)
		b.expectLoggedOut()
		expectCount(h.t, "calls for all of it", up.CallsWith(token), 1)
	})
}

func malformedHandOffs(t *testing.T, h *Harness) {
	up := newSMSPanel(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": sessionConfig(routeConfig("bearer", "ippanel", up.URL))})
	token := up.IssueToken(Marker + "ali")
	query := func(q string, lines ...string) Request { return Request{Path: "/external-login" + q, Headers: lines} }
	form := func(body string) Request {
		return Request{Method: "POST", Path: "/external-login", Body: strings.NewReader(body), Headers: []string{"Content-Type: application/x-www-form-urlencoded"}}
	}
	posted := form("token=" + token)
	posted.Path += "?token=" + token
	unread := form("token=" + token)
	unread.Headers = []string{"Content-Type: application/json"}
	for name, c := range map[string]struct {
		status int
		call   Request
	}{
		"none":                         {401, query("")},
		"an empty one":                 {401, query("?token=")},
		"another parameter":            {401, query("?Token=" + token)},
		"two":                          {400, query("?token=" + token + "&token=" + token)},
		"one in the link and the form": {400, posted},
		"one beside a header":          {400, query("?token="+token, bearer(token))},
		"one beside an empty header":   {400, query("?token="+token, "Authorization: Bearer ")},
		"a blank in it":                {400, query("?token=a+b")},
		"a line end in it":             {400, query("?token=a%0Ab")},
		"too long":                     {400, query("?token=" + strings.Repeat("x", 8193))},
		"a query that does not parse":  {400, query("?token=%zz")},
		"an invalid one":               {401, query("?token=wrong")},
		"a form without one":           {401, form("x=1")},
		"a form of another media type": {401, unread},
		"a form too long":              {400, form("token=" + token + "&x=" + strings.Repeat("x", 64<<10))},
		"a form that does not parse":   {400, form("token=%zz")},
	} {
		b := h.newBrowser(t)
		r := b.send(c.call)
		if r.Status != c.status {
			t.Errorf("%s: %d", name, r.Status)
		}
		b.expectHandOff(r, c.status)
		b.expectLoggedOut()
	}
	expectCount(t, "calls", up.CallsWith(token), 0)
	b := h.newBrowser(t)
	r := b.send(Request{Method: "HEAD", Path: "/external-login?token=" + token})
	expectEqual(t, "status of a HEAD", r.Status, 405)
}
