package status

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

func TestPage(t *testing.T) {
	if _, err := exec.LookPath("chromium"); err != nil {
		t.Fatal("no chromium on the PATH; `make chromium` gets Debian's")
	}
	s := newSite(t)
	s.use()
	o := newOperator(t)
	page := strings.Replace(s.server.URL, "127.0.0.1", "localhost", 1) + "/ops/"
	o.looks("light", 1280, 900, false)

	// The form, a wrong token, and the right one.
	o.do(chromedp.Navigate(page))
	o.expectFits("the form")
	o.shoots("1-form")
	o.do(chromedp.SendKeys(`input[name=token]`, "not the token\r", chromedp.ByQuery), chromedp.WaitVisible(`[role=alert]`, chromedp.ByQuery))
	if text := o.text("[role=alert]"); text != "That is not the token." {
		t.Errorf("%q", text)
	}
	o.do(chromedp.SendKeys(`input[name=token]`, token+"\r", chromedp.ByQuery), chromedp.WaitVisible("#tiles", chromedp.ByQuery))
	o.awaits("#live", "live")
	var cookies, address string
	o.do(chromedp.Evaluate("document.cookie", &cookies), chromedp.Location(&address))
	if cookies != "" || address != page {
		t.Errorf("a script sees %q at %s", cookies, address)
	}

	// What was sent is shown, and moves while more is sent.
	o.awaits("#tiles", "91.7 %")
	o.awaits("#scopes", "thammasat")
	o.awaits("#scopes", "trusted")
	o.awaits("#gates", "campus@file")
	for range 50 {
		s.ask(200, "panel", "Authorization: Bearer "+s.tokens[0])
	}
	o.awaits("#requests .legend", "94 hits")
	o.shoots("2-light")
	o.expectFits("the page")

	// A fault of the configuration and an upstream that is down; hostile texts stay texts.
	s.apply(1)
	s.web.AnswerAll(&upstreams.Reply{Status: 503, Body: "away"})
	for i := range 6 {
		s.ask(500, "panel", fmt.Sprint("Authorization: Bearer another-", i))
	}
	o.awaits("#alarm", "broken-0@file")
	o.awaits("#scopes", "outage")
	o.awaits("#gates", "onerror=alert(1)")
	var images int
	o.do(chromedp.Evaluate(`document.querySelectorAll("img").length`, &images))
	if images > 0 {
		t.Error("a text of a fault became an element")
	}
	o.looks("dark", 1280, 900, false)
	o.shoots("3-dark")
	o.looks("dark", 390, 844, true)
	o.expectFits("a phone")
	o.shoots("4-phone")
	o.looks("light", 320, 700, true)
	o.expectFits("a small phone")
	o.looks("light", 1280, 900, false)

	// Forget one.
	s.web.AnswerAll(nil)
	before := s.web.CallsWith(s.tokens[0])
	o.do(chromedp.SendKeys("#first", s.tokens[0]+"\r", chromedp.ByQuery))
	o.awaits("#forgotten", "1 remembered answer is forgotten.")
	s.awaitAllowed(s.tokens[0])
	if s.web.CallsWith(s.tokens[0]) != before+1 {
		t.Error("the forgotten token was not asked about again")
	}
	o.do(chromedp.SetValue("#by", "basic", chromedp.ByQuery), chromedp.Evaluate(`document.getElementById("by").dispatchEvent(new Event("change"))`, nil), chromedp.WaitVisible("#second", chromedp.ByQuery))
	o.do(chromedp.SendKeys("#first", "nobody", chromedp.ByQuery), chromedp.SendKeys("#second", "secret\r", chromedp.ByQuery))
	o.awaits("#forgotten", "Nothing was remembered of it here.")

	// Out, and nothing went anywhere else or was refused by the page's own policy.
	o.do(chromedp.Click(`header button`, chromedp.ByQuery), chromedp.WaitVisible(`input[name=token]`, chromedp.ByQuery))
	for _, address := range o.addresses() {
		if !strings.HasPrefix(address, page) && !strings.HasPrefix(address, "data:") {
			t.Errorf("a request to %s", address)
		}
		if strings.Contains(address, s.tokens[0]) || strings.Contains(address, "secret") {
			t.Errorf("a credential in an address: %s", address)
		}
	}
	if problems := o.problems(); len(problems) > 0 {
		t.Errorf("the console: %q", problems)
	}
}

// awaitAllowed waits until a token is allowed: the circuit may have to close.
func (s *site) awaitAllowed(token string) {
	s.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if s.status("panel", "Authorization: Bearer "+token) == 200 {
			return
		}
	}
	s.t.Fatal("the token is not allowed again")
}

func TestFraming(t *testing.T) {
	s := newSite(t)
	s.ask(200, "panel", "Authorization: Bearer "+s.tokens[0])
	before := s.web.CallsWith(s.tokens[0])
	o := newOperator(t)
	page := strings.Replace(s.server.URL, "127.0.0.1", "localhost", 1)
	frames := upstreams.NewHTTPServer(framing(page+"/ops/", s.tokens[0]))
	t.Cleanup(frames.Close)
	o.do(chromedp.Navigate(page+"/ops/"), chromedp.SendKeys(`input[name=token]`, token+"\r", chromedp.ByQuery), chromedp.WaitVisible("#tiles", chromedp.ByQuery))
	// A page of another port is of the same site, and brings the cookie.
	o.do(chromedp.Navigate(strings.Replace(frames.URL, "127.0.0.1", "localhost", 1)), chromedp.WaitVisible("#done", chromedp.ByQuery))
	if text := o.text("#done"); text != "read no" {
		t.Errorf("%q", text)
	}
	if !slices.Contains(o.addresses(), page+"/ops/forget") {
		t.Error("the page has sent nothing")
	}
	s.ask(200, "panel", "Authorization: Bearer "+s.tokens[0])
	if s.web.CallsWith(s.tokens[0]) != before {
		t.Error("a page of another origin had a token forgotten")
	}
	refused := strings.Join(o.problems(), " ")
	if !strings.Contains(refused, "frame-ancestors") && !strings.Contains(refused, "X-Frame-Options") {
		t.Errorf("the page was framed: %q", refused)
	}
}
