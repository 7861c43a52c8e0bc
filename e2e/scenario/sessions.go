package scenario

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Sessions: browsers that come with a token in a link, and are known by a cookie
// from then on.
var Sessions = []Scenario{
	{Name: "a hand-off gives a cookie that stands for the token until its end", Play: handOff, Moves: true},
	{Name: "a short session ends in time, across a reload", Play: shortSession},
	{Name: "a hand-off without a token, with two, or with a bad one gives nothing", Play: badHandOffs},
	{Name: "a link that somebody sent does not replace a live session", Play: sentLink},
	{Name: "a credential in a header outranks the cookie", Play: outranked},
	{Name: "a session's token is forwarded where credentials are, and its cookie never", Play: forwardedSession},
	{Name: "a logout ends the session, here and at the upstream", Play: sessionLogout},
	{Name: "a logout while the session's token is asked about", Play: sessionLogoutMeanwhile},
}

// browser is one that holds at most one cookie of ours.
type browser struct {
	*Gate
	t      testing.TB
	route  string
	cookie *http.Cookie
}

func (g *Gate) browser(t testing.TB) *browser { return &browser{Gate: g, t: t, route: "r"} }

// session is a route's configuration with a session of these keys beside its secret.
func session(config map[string]any, more ...any) map[string]any {
	return with(config, "session", with(map[string]any{"secret": "env:UPSTREAMAUTH_SESSION", "logout": "/logout"}, more...))
}

// send sends a call with the cookie, among others, and takes a new one up.
func (b *browser) send(c Call) Reply {
	b.t.Helper()
	c.Route = b.route
	if b.cookie != nil {
		c.Lines = append(c.Lines, "Cookie: theme=dark; "+b.cookie.Name+"="+b.cookie.Value+"; lang=fa")
	}
	r := b.Do(c)
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

// follow follows a hand-off's link, and expects this status.
func (b *browser) follow(status int, token string) Reply {
	b.t.Helper()
	r := b.send(Call{Path: "/external-login?token=" + url.QueryEscape(token)})
	b.passed(r, status)
	return r
}

// passed looks at a hand-off's answer: wherever it leads, it tells nobody of the
// token, and the backend has not seen it.
func (b *browser) passed(r Reply, status int) {
	b.t.Helper()
	if r.Status != status || r.Seen != nil {
		b.t.Errorf("a hand-off: %d, want %d", r.Status, status)
	}
	same(b.t, "Referrer-Policy", r.Header.Get("Referrer-Policy"), "no-referrer")
	same(b.t, "Cache-Control", r.Header.Get("Cache-Control"), "no-store")
	if status == 303 {
		same(b.t, "Location", r.Header.Get("Location"), "/")
	} else if r.Header.Get("Set-Cookie") != "" || r.Header.Get("Location") != "" {
		b.t.Errorf("a refused hand-off gives a cookie, or leads on")
	}
}

// isIn expects the page, as this user, of whom the backend learns from headers alone.
func (b *browser) isIn(user string) Reply {
	b.t.Helper()
	r := b.send(Call{})
	if r.Status != 200 || r.Seen == nil {
		b.Tally.wrongNo.Add(1)
		b.t.Fatalf("not in: %d %s", r.Status, r.Body)
	}
	if seen := identityOf(b.t, r.Seen)["X-Auth-User"]; seen != user {
		b.Tally.wrongYes.Add(1)
		b.t.Errorf("taken for somebody else: %q", seen)
	}
	same(b.t, "cookies that the backend sees", strings.Join(r.Seen.Header["Cookie"], "|"), "theme=dark; lang=fa")
	return r
}

func (b *browser) isOut() {
	b.t.Helper()
	if r := b.send(Call{}); r.Status != 401 || r.Seen != nil {
		b.Tally.wrongYes.Add(1)
		b.t.Errorf("not out: %d", r.Status)
	}
}

func handOff(t *testing.T, g *Gate) {
	up := smsPanel(g.Clock())
	defer up.Close()
	g.Serve(Routes{"r": session(block("bearer", "ippanel", up.URL, "lifetime", "2h"))})
	token := up.IssueToken(Marker + "ali")
	b := g.browser(t)
	b.isOut()
	b.follow(303, token)
	c := b.cookie
	if c == nil || c.Name != "upstreamauth" || !c.HttpOnly || c.Secure || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteLaxMode || c.MaxAge < 7190 || c.MaxAge > 7200 {
		t.Fatalf("the cookie: %d seconds, %t %t %q %q %v", c.MaxAge, c.HttpOnly, c.Secure, c.Path, c.Domain, c.SameSite)
	}
	if strings.Contains(c.Value, token) {
		t.Error("the cookie tells the token")
	}
	for range 3 {
		r := b.isIn(Marker + "ali")
		same(t, "what else the backend gets", strings.Join(r.Seen.Header["Authorization"], "|"), "")
	}
	counts(t, "for all of it", up.CallsWith(token), 1)

	form := g.browser(t)
	r := form.send(Call{Method: "POST", Path: "/external-login", Body: strings.NewReader("x=1&token=" + token),
		Lines: []string{"Content-Type: application/x-www-form-urlencoded; charset=utf-8"}})
	form.passed(r, 303)
	form.isIn(Marker + "ali")
	if form.cookie.Value == c.Value {
		t.Error("two cookies of one token are the same")
	}

	g.Pass(2*time.Hour - 10*time.Second)
	b.isIn(Marker + "ali")
	g.Pass(10 * time.Second)
	b.isOut() // its upstream calls the token good still, but the cookie has ended
	counts(t, "at the end", up.CallsWith(token), 1)
}

func shortSession(t *testing.T, g *Gate) {
	up := smsPanel(g.Clock())
	defer up.Close()
	config := session(block("bearer", "ippanel", up.URL, "lifetime", "5s"), "cookie", "panel.session", "path", "/enter", "parameter", "key",
		"redirect", "/", "sameSite", "strict", "secure", "always")
	g.Serve(Routes{"r": config})
	token := up.IssueToken(Marker + "ali")
	b := g.browser(t)
	b.passed(b.send(Call{Path: "/enter?key=" + token}), 303)
	c := b.cookie
	if c.Name != "panel.session" || !c.Secure || c.SameSite != http.SameSiteStrictMode || c.MaxAge < 1 || c.MaxAge > 5 {
		t.Errorf("the cookie: %s %t %v, %d seconds", c.Name, c.Secure, c.SameSite, c.MaxAge)
	}
	g.Serve(Routes{"r": with(config, "cache", map[string]any{"negativeLifetime": "1s"})})
	b.isIn(Marker + "ali")
	g.Pass(5100 * time.Millisecond)
	b.isOut()
	counts(t, "for all of it", up.CallsWith(token), 1)
}

func badHandOffs(t *testing.T, g *Gate) {
	up := smsPanel(g.Clock())
	defer up.Close()
	g.Serve(Routes{"r": session(block("bearer", "ippanel", up.URL))})
	token := up.IssueToken(Marker + "ali")
	query := func(q string, lines ...string) Call { return Call{Path: "/external-login" + q, Lines: lines} }
	form := func(body string) Call {
		return Call{Method: "POST", Path: "/external-login", Body: strings.NewReader(body), Lines: []string{"Content-Type: application/x-www-form-urlencoded"}}
	}
	posted := form("token=" + token)
	posted.Path += "?token=" + token
	unread := form("token=" + token)
	unread.Lines = []string{"Content-Type: application/json"}
	for name, c := range map[string]struct {
		status int
		call   Call
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
		"a wrong one":                  {401, query("?token=wrong")},
		"a form without one":           {401, form("x=1")},
		"a form of another sort":       {401, unread},
		"a form too long":              {400, form("token=" + token + "&x=" + strings.Repeat("x", 64<<10))},
		"a form that does not parse":   {400, form("token=%zz")},
	} {
		b := g.browser(t)
		r := b.send(c.call)
		if r.Status != c.status {
			t.Errorf("%s: %d", name, r.Status)
		}
		b.passed(r, c.status)
		b.isOut()
	}
	counts(t, "none is asked about", up.CallsWith(token), 0)
	b := g.browser(t)
	r := b.send(Call{Method: "HEAD", Path: "/external-login?token=" + token})
	same(t, "a HEAD is no hand-off", strconv.Itoa(r.Status), "401")
}
