package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/upstreamauth/upstreamauth/e2e/scenario"
)

// The buttons of the page that asks a reader who is signed in already.
const (
	stay   = "form:nth-of-type(1) button"
	change = "form:nth-of-type(2) button"
)

// posts sends a form with a token that stands on the page of another site. What comes
// then may go on by itself.
func (v *visitor) posts(s *site, address, token string) {
	v.t.Helper()
	v.opens(s.others.URL)
	form := fmt.Sprintf(`<form method="post" action="%s/external-login"><input type="hidden" name="token" value="%s"><button id="go">you have won</button></form>`, address, token)
	v.do(chromedp.Evaluate(fmt.Sprintf("void (document.body.innerHTML = %q)", form), nil), chromedp.Click("#go", chromedp.ByQuery))
}

// sees waits for an element, through pages that go on by themselves.
func (v *visitor) sees(selector string) {
	v.t.Helper()
	v.do(chromedp.WaitVisible(selector, chromedp.ByQuery))
}

func (v *visitor) expectGreeting(user string) {
	v.t.Helper()
	v.sees("#next")
	if text := v.reads(); !strings.Contains(text, "Hello, "+user) {
		v.t.Errorf("the page is %q", text)
	}
}

// A form that a page of another site posts brings no cookie, so that the session of its
// reader is not seen at first; with sameSite strict not even a link does. At a name that
// the browser does not trust, Origin is all that tells the sites apart.
func TestForeignForms(t *testing.T) {
	for _, sameSite := range []string{"lax", "strict"} {
		s, err := startWith(map[string]any{}, map[string]any{"sameSite": sameSite})
		if err != nil {
			t.Fatal(err)
		}
		defer s.stop()
		t.Run("sameSite "+sameSite, func(t *testing.T) { foreignForms(t, s, s.plain(), "foreign-"+sameSite, true) })
		t.Run("sameSite "+sameSite+", without Sec-Fetch-Site", func(t *testing.T) {
			foreignForms(t, s, strings.Replace(s.plain(), host, distant, 1), "distant-"+sameSite, false)
		})
		scenario.ExpectNoMarker(t, s.server.Logs())
	}
}

func foreignForms(t *testing.T, s *site, address, name string, trusted bool) {
	ali, sara := s.up.IssueToken(scenario.Marker+"ali"), s.up.IssueToken(scenario.Marker+"sara")
	v := newVisitor(t, name)
	v.posts(s, address, ali) // nobody is signed in: the form works
	v.expectGreeting("ali")
	before := v.cookies()[0].Value
	for _, arrive := range []func(){
		func() { v.posts(s, address, sara) },
		func() { v.follows(s, address+"/external-login?token="+sara) },
	} {
		arrive()
		v.sees(change)
		v.shoots("two buttons")
		var shown string
		if v.do(chromedp.Location(&shown)); strings.Contains(shown, sara) {
			t.Error("a token is in the address bar of the page with two buttons")
		}
		v.do(chromedp.Click(stay, chromedp.ByQuery))
		v.expectGreeting("ali")
		if kept := v.cookies(); len(kept) != 1 || kept[0].Value != before {
			t.Error("the session is replaced")
		}
		if at := v.expectUnknown(ali, sara); at != address+"/welcome" {
			t.Errorf("the address bar has %s", at)
		}
	}
	v.posts(s, address, sara)
	v.sees(change)
	// The page's script has made its entry in the history one without the form, which
	// Back and a restored tab would send again: what is loaded again has no token.
	if status := v.reloads(); status != 401 {
		t.Errorf("the page with two buttons, loaded again: %d", status)
	}
	v.posts(s, address, sara)
	v.sees(change)
	v.do(chromedp.Click(change, chromedp.ByQuery))
	v.expectGreeting("sara")

	v.opens(address + "/quiet")
	v.clicks("#out")
	signedOut := len(v.cookies()) == 0
	if signedOut != trusted { // without Sec-Fetch-Site, an Origin of null is anybody's
		t.Errorf("signed out from a page without a referrer: %t", signedOut)
	}
}
