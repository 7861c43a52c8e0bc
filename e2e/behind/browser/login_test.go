package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/upstreamauth/upstreamauth/e2e/scenario"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

const right, wrong = scenario.Marker + "right-password", scenario.Marker + "wrong-password"

// withAccounts starts a site whose sessions carry accounts.
func withAccounts(t *testing.T, session map[string]any) *site {
	t.Helper()
	tu := upstreams.NewThammasat(upstreams.ThammasatOptions{})
	t.Cleanup(tu.Close)
	tu.AddKey(scenario.OperatorKey)
	for _, user := range []string{"ali", "sara"} {
		tu.AddAccount(upstreams.Account{User: scenario.Marker + user, Password: right, Type: "employee", Username: true, NameEN: user})
	}
	s, err := (&site{session: session, block: map[string]any{
		"api": "thammasat", "url": tu.URL, "applicationKey": "env:UPSTREAMAUTH_TU_KEY", "lifetime": lifetime.String(),
	}}).begin(map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	return s
}

// signsIn fills the login page in.
func (v *visitor) signsIn(user, password string) int64 {
	v.t.Helper()
	v.do(chromedp.SetValue(`input[name=username]`, user, chromedp.ByQuery), chromedp.SendKeys(`input[name=password]`, password, chromedp.ByQuery))
	return v.clicks("button")
}

// A login page in the place of the browser's dialog, which would hang this test.
func TestLoginPage(t *testing.T) {
	s := withAccounts(t, nil)
	for name, address := range map[string]string{"login-plain": s.plain(), "login-secure": s.secure} {
		secure := strings.HasPrefix(address, "https")
		v := newVisitor(t, name)
		if status := v.opens(address + "/reports?x=1"); status != 200 || v.at() != address+"/login?return=%2Freports%3Fx%3D1" {
			t.Fatalf("%d at %s", status, v.at())
		}
		v.shoots("the login page")
		if status := v.signsIn(scenario.Marker+"ali", wrong); status != 400 && status != 401 || !strings.Contains(v.reads(), "Sign in") {
			t.Fatalf("a wrong password: %d", status)
		}
		v.shoots("a wrong password")
		v.expectUnknown(wrong)
		if typed := v.runs(`Promise.resolve(document.querySelector("[name=password]").value + "|" + document.querySelector("[name=username]").value)`); typed != "|"+scenario.Marker+"ali" {
			t.Errorf("the page keeps %d bytes", len(typed))
		}
		if status := v.reloads(); status != 200 { // a GET: the form is in no entry behind Back
			t.Errorf("loaded again: %d", status)
		}
		if status := v.signsIn(scenario.Marker+"ali", right); status != 200 || v.expectUnknown(right, wrong) != address+"/reports?x=1" {
			t.Fatalf("signed in: %d at %s", status, v.at())
		}
		v.expectGreeting("ali")
		v.shoots("signed in")
		cookie := flags(t, v.cookies(), secure)
		if strings.Contains(cookie.Value, right) {
			t.Error("the cookie shows the password")
		}
		v.opens(address + "/login")
		v.expectGreeting("ali") // there is nothing to sign in to
		// Another site's form with an account of its own: login CSRF.
		v.opens(s.others.URL)
		form := fmt.Sprintf(`<form method="post" action="%s/login"><input name="username" value="%ssara"><input name="password" value="%s"><button id="go">win</button></form>`, address, scenario.Marker, right)
		v.do(chromedp.Evaluate(fmt.Sprintf("void (document.body.innerHTML = %q)", form), nil))
		if status := v.clicks("#go"); status != 403 {
			t.Errorf("another site's form: %d", status)
		}
		v.shoots("a form of another site")
		if kept := v.cookies(); len(kept) != 1 || kept[0].Value != cookie.Value {
			t.Error("another site's form changed the session")
		}
		v.expectUnframed(s, address+"/login?return=%2F")
		v.opens(address + "/next")
		v.clicks("#out")
		if at := v.at(); !strings.HasPrefix(at, address+"/login") || len(v.cookies()) != 0 {
			t.Errorf("logged out at %s, with %d cookies", at, len(v.cookies()))
		}
		// A script of a page whose session has ended gets a 401, and no dialog, in which it
		// would wait.
		v.signsIn(scenario.Marker+"ali", right)
		v.expectGreeting("ali")
		v.do(network.ClearBrowserCookies())
		if status := v.runs(`fetch("/picture?again").then(r => String(r.status))`); status != "401" {
			t.Errorf("a script without a session: %s", status)
		}
	}
	v := newVisitor(t, "login-phone")
	v.do(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}), chromedp.EmulateViewport(390, 700))
	v.opens(s.plain() + "/")
	v.shoots("dark")
	scenario.ExpectNoMarker(t, s.server.Logs())
	mentioned, err := s.server.Mentions(right, wrong)
	if err != nil || len(mentioned) != 0 {
		t.Errorf("%d passwords are in the log, %v", len(mentioned), err)
	}
}

// One cookie for the subdomains of a name: siblings share the session, and none gives
// another one, nor opens a web socket with it.
func TestDomainInBrowser(t *testing.T) {
	s := withAccounts(t, map[string]any{"domain": distant})
	named := func(name string) string { return strings.Replace(s.plain(), host, name+"."+distant, 1) }
	v := newVisitor(t, "domain")
	v.opens(named("one") + "/")
	v.signsIn(scenario.Marker+"ali", right)
	v.expectGreeting("ali")
	all := v.cookies()
	if len(all) != 1 || all[0].Domain != "."+distant || !all[0].HTTPOnly {
		t.Fatalf("%d cookies", len(all))
	}
	v.opens(named("two") + "/welcome")
	v.expectGreeting("ali")
	v.shoots("at a sibling")
	socket := func(address string) string {
		return v.runs(fmt.Sprintf(`new Promise(done => { const w = new WebSocket(%q); w.onmessage = e => done(e.data); w.onerror = () => done("refused") })`, strings.Replace(address, "http", "ws", 1)+"/socket"))
	}
	if got := socket(named("two")); got != scenario.Marker+"ali" {
		t.Errorf("a web socket of the page's own site: %d bytes", len(got))
	}
	if got := socket(named("one")); got != "refused" {
		t.Errorf("a web socket of a sibling's page: %d bytes", len(got))
	}
	// A sibling sets a cookie of the name, for a path of all: two are none.
	v.do(chromedp.Evaluate(`document.cookie = "upstreamauth=forged; domain=`+distant+`; path=/welcome"`, nil))
	v.opens(named("one") + "/welcome")
	if at := v.at(); !strings.HasPrefix(at, named("one")+"/login") {
		t.Errorf("with a second cookie at %s", at)
	}
	v.opens(named("one") + "/next")
	v.expectGreeting("ali")
	v.clicks("#out")
	left := 0
	for _, cookie := range v.cookies() {
		if cookie.Value != "forged" && cookie.SameSite == network.CookieSameSiteLax {
			left++
		}
	}
	if left != 0 {
		t.Errorf("%d cookies are left after the logout", left)
	}
}
