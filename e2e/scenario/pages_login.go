package scenario

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// LoginPages: a login page in the place of the browser's dialog.
var LoginPages = []Scenario{
	{Name: "a login page takes an account, and a cookie takes its place", Run: loginPage},
	{Name: "no browser is asked for an account by a dialog, and programs are", Run: loginWithoutDialog},
	{Name: "a login is taken from a page of this site alone, and from a form alone", Run: loginForeign},
	{Name: "a refused login says why, and shows what was typed as text", Run: loginRefused},
	{Name: "an account of a session is forwarded where credentials are", Run: loginForwarded},
}

const form = "Content-Type: application/x-www-form-urlencoded"

// withLoginPage is a route with accounts and a login page.
func withLoginPage(t *testing.T, h *Harness, more ...any) (*upstreams.Thammasat, *browser) {
	t.Helper()
	up := newThammasat(h.Clock())
	t.Cleanup(up.Close)
	h.Serve(Routes{"r": sessionConfig(basicConfig(up), more...)})
	return up, h.newBrowser(t)
}

// signsIn posts the login page's form.
func (b *browser) signsIn(path, user, password string, lines ...string) Response {
	b.t.Helper()
	body := url.Values{"username": {user}, "password": {password}}.Encode()
	return b.send(Request{Method: "POST", Path: path, Headers: append([]string{form}, lines...), Body: strings.NewReader(body)})
}

// expectLogin expects the login page.
func (b *browser) expectLogin(r Response, status int) {
	b.t.Helper()
	if r.Status != status || r.Seen != nil || !strings.Contains(r.Body, `name="password" type="password"`) || strings.Contains(r.Body, password) || len(r.Header["Set-Cookie"]) > 0 || len(r.Header["Www-Authenticate"]) > 0 {
		b.t.Errorf("no login page: %d with %d cookies", r.Status, len(r.Header["Set-Cookie"]))
	}
	policy := r.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "frame-ancestors 'none'") || !strings.Contains(policy, "form-action 'self'") || strings.Contains(policy, "unsafe") || r.Header.Get("X-Frame-Options") != "DENY" || r.Header.Get("Cache-Control") != "no-store" {
		b.t.Errorf("the policy of the login page: %v", r.Header)
	}
}

func loginPage(t *testing.T, h *Harness) {
	up, b := withLoginPage(t, h, "redirect", "/home")
	for _, lines := range load {
		r := b.send(Request{Path: "/reports?x=1", Headers: lines})
		expectWay(t, r, "/login?return=%2Freports%3Fx%3D1", false)
		for _, path := range []string{r.Header.Get("Location"), "/login/", "/login?return=//evil.test"} {
			b.expectLogin(b.send(Request{Path: path, Headers: lines}), 200)
		}
		head := b.send(Request{Method: "HEAD", Path: "/login", Headers: lines})
		if head.Status != 200 || head.Body != "" {
			t.Errorf("HEAD: %d %q", head.Status, head.Body)
		}
	}
	calls := up.Calls()
	expectWay(t, b.signsIn("/login?return=%2Freports%3Fx%3D1", student, password, own[0]...), "/reports?x=1", true)
	c := b.cookie
	if c == nil || !c.HttpOnly || c.Path != "/" || c.SameSite != http.SameSiteLaxMode || c.MaxAge < 3500 || c.MaxAge > 3600 || strings.Contains(c.Value, password) {
		t.Fatalf("the cookie: %v", c != nil)
	}
	for range 3 {
		r := b.expectUser(strings.ToLower(student))
		expectEqual(t, "Authorization at the backend", strings.Join(r.Seen.Header["Authorization"], "|"), "")
	}
	if got := up.CallsWith(student + ":" + password); got != 1 || up.Calls() < calls {
		t.Errorf("%d calls for all of it", got)
	}
	expectWay(t, b.send(Request{Path: "/login"}), "/home", false) // signed in already
	b.expectLogin(b.send(Request{Path: "/login?return=%2Fnext"}), 200)
	expectWay(t, b.signsIn("/login", employee, password, own[2]...), "/home", true)
	b.expectUser(employee)
	for _, page := range waysElsewhere {
		page = strings.Replace(strings.Replace(page, "external-login", "login", 1), "External-Login", "LOGIN", 1)
		page = strings.Replace(page, "%65xternal-", "", 1)
		expectWay(t, b.signsIn("/login?return="+url.QueryEscape(page), student, password, own[0]...), "/home", true)
	}
	expectWay(t, b.send(Request{Method: "POST", Path: "/logout", Headers: own[0]}), "/home", true)
	b.expectLoggedOut()
	expectWay(t, b.signsIn("/login", student, password, own[0]...), "/home", true) // an account is not barred
	b.expectUser(strings.ToLower(student))
	for _, method := range []string{"PUT", "DELETE", "OPTIONS"} {
		if r := b.send(Request{Method: method, Path: "/login"}); r.Status != 405 || r.Seen != nil {
			t.Errorf("%s: %d", method, r.Status)
		}
	}
}

func loginWithoutDialog(t *testing.T, h *Harness) {
	_, b := withLoginPage(t, h)
	challenge := `Basic realm="thammasat", charset="UTF-8"`
	if r := b.send(Request{}); r.Status != 401 || strings.Join(r.Header["Www-Authenticate"], "|") != challenge {
		t.Errorf("a program: %d %v", r.Status, r.Header["Www-Authenticate"])
	}
	expectWay(t, b.signsIn("/login", student, password, own[0]...), "/", true)
	live := *b.cookie
	h.Serve(Routes{"r": sessionConfig(with(basicConfig(newClosed(t, h)), "cache", map[string]any{"epoch": "2"}))})
	for _, cookie := range []*http.Cookie{nil, &live, {Name: "upstreamauth", Value: "forged"}} {
		b.cookie = cookie
		for _, lines := range [][]string{
			{"Accept: */*", "Sec-Fetch-Mode: cors", "Sec-Fetch-Site: same-origin"}, {"Accept: image/*", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Site: same-origin"},
		} {
			if r := b.send(Request{Headers: lines}); r.Status != 401 || len(r.Header["Www-Authenticate"]) != 0 || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
				t.Errorf("a script or a picture: %d %v", r.Status, r.Header["Www-Authenticate"])
			}
		}
	}
	// An account in a header is a client's own.
	if r := b.Do(Request{Route: "r", Headers: []string{basic(student, "")}}); r.Status != 401 || strings.Join(r.Header["Www-Authenticate"], "|") != challenge {
		t.Errorf("half an account: %d %v", r.Status, r.Header["Www-Authenticate"])
	}
}

// newClosed is an upstream that allows accounts.
func newClosed(t *testing.T, h *Harness) *upstreams.Thammasat {
	up := newThammasat(h.Clock())
	t.Cleanup(up.Close)
	return up
}

func loginForeign(t *testing.T, h *Harness) {
	up, b := withLoginPage(t, h)
	for _, lines := range append(foreign, nil, []string{"Sec-Fetch-Site: same-site", "Origin: http://www.r.test"}, []string{"Sec-Fetch-Site: cross-site", "Origin: http://r.test"}, []string{"Referer: http://r.test/login"}) {
		r := b.signsIn("/login", student, password, lines...)
		if r.Status != 403 || len(r.Header["Set-Cookie"]) > 0 || strings.Contains(r.Body, "<form") {
			h.Counters.falseAccepts.Add(1)
			t.Errorf("%v: %d", lines, r.Status)
		}
	}
	account := "username=" + url.QueryEscape(student) + "&password=" + url.QueryEscape(password)
	b.expectLogin(b.send(Request{Path: "/login?" + account, Headers: own[0]}), 200)
	for what, request := range map[string]Request{
		"in the address": {Method: "POST", Path: "/login?" + account, Headers: append([]string{form}, own[0]...)},
		"as JSON":        {Method: "POST", Path: "/login", Headers: append([]string{"Content-Type: application/json"}, own[0]...), Body: strings.NewReader(account)},
		"twice":          {Method: "POST", Path: "/login", Headers: append([]string{form}, own[0]...), Body: strings.NewReader(account + "&username=x")},
		"too long":       {Method: "POST", Path: "/login", Headers: append([]string{form}, own[0]...), Body: strings.NewReader(account + strings.Repeat("x", 64<<10))},
	} {
		if r := b.send(request); r.Status < 400 || r.Status > 401 || len(r.Header["Set-Cookie"]) > 0 {
			t.Errorf("%s: %d", what, r.Status)
		}
	}
	if got := up.CallsWith(student + ":" + password); got != 0 {
		t.Errorf("%d calls", got)
	}
	b.expectLoggedOut()
}

func loginRefused(t *testing.T, h *Harness) {
	up, b := withLoginPage(t, h)
	const hostile = `"><script>alert(1)</script>` + "\u202e"
	for _, c := range []struct {
		user, password string
		status         int
	}{
		{student, "wrong", 400}, {student, "", 401}, {"", password, 401}, {Marker + "a:b", password, 400}, {hostile, "wrong", 400}, {"a\x00b", "c", 400}, {strings.Repeat("x", 9000), "y", 400},
	} {
		r := b.signsIn("/login?return=%2Fx", c.user, c.password, own[0]...)
		if c.status == 400 && r.Status == 401 {
			c.status = 401 // the API's own status
		}
		b.expectLogin(r, c.status)
		if strings.Contains(r.Body, "<script>alert") || strings.Contains(r.Body, "\u202e") || !strings.Contains(r.Body, `role="alert"`) || c.password != "" && strings.Contains(r.Body, `value="`+c.password) {
			t.Errorf("%.20q: %s", c.user, r.Body)
		}
	}
	up.AnswerAll(&upstreams.Reply{Status: 503})
	b.expectLogin(b.signsIn("/login", employee, password, own[0]...), 500)
	up.AnswerAll(&upstreams.Reply{Status: 429, Header: map[string]string{"Retry-After": "7"}})
	if r := b.signsIn("/login", Marker+"third", password, own[0]...); r.Status != 429 || r.Header.Get("Retry-After") != "7" {
		t.Errorf("429: %d %q", r.Status, r.Header.Get("Retry-After"))
	}
}

func loginForwarded(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	config := sessionConfig(basicConfig(up))
	h.Serve(Routes{"r": with(config, "forwardCredential", true)})
	b := h.newBrowser(t)
	expectWay(t, b.signsIn("/login", student, password, own[0]...), "/", true)
	_, want, _ := strings.Cut(basic(student, password), ": ")
	for range 2 {
		r := b.expectUser(strings.ToLower(student))
		expectEqual(t, "Authorization at the backend", strings.Join(r.Seen.Header["Authorization"], "|"), want)
	}
	// A header of another scheme is the backend's.
	r := b.send(Request{Headers: []string{"Authorization: Custom x"}})
	if r.Status != 200 || r.Seen == nil || r.Seen.Header.Get("Authorization") != "Custom x" {
		t.Errorf("beside another scheme: %d", r.Status)
	}
	if r := b.send(Request{Headers: []string{basic(student, Marker+"wrong")}}); r.Status != 400 && r.Status != 401 {
		t.Errorf("beside an account in a header: %d", r.Status)
	}
}
