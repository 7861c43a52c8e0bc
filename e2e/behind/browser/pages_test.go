package browser

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/upstreamauth/upstreamauth/e2e/scenario"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// at is the address in the browser's address bar.
func (v *visitor) at() (address string) {
	v.t.Helper()
	v.do(chromedp.Location(&address))
	return address
}

// runs a script in the page, and returns the text that it promises.
func (v *visitor) runs(script string) (text string) {
	v.t.Helper()
	v.do(chromedp.Evaluate(script, &text, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	return text
}

// expectUnframed fails if a page of another site shows an address inside itself.
func (v *visitor) expectUnframed(s *site, address string) {
	v.t.Helper()
	v.opens(s.others.URL)
	ctx, cancel := context.WithCancel(v.ctx)
	defer cancel()
	blocked := make(chan string, 8)
	chromedp.ListenTarget(ctx, func(event any) {
		if failed, ok := event.(*network.EventLoadingFailed); ok && failed.Type == network.ResourceTypeDocument {
			blocked <- failed.ErrorText
		}
	})
	v.runs(fmt.Sprintf(`new Promise(done => { const f = document.createElement("iframe"); f.onload = () => done("loaded"); f.src = %q; document.body.append(f) })`, address))
	select {
	case why := <-blocked:
		if why != "net::ERR_BLOCKED_BY_RESPONSE" {
			v.t.Errorf("%s in a page of another site: %s", address, why)
		}
	case <-time.After(5 * time.Second):
		v.t.Errorf("%s is shown in a page of another site", address)
	}
}

// A page load without a session is led to the login, and back to the page after the
// hand-off; a logout leads to the panel.
func TestLedToLogin(t *testing.T) {
	s, err := startWith(map[string]any{}, map[string]any{"login": "${SAFE}/?to={return}", "return": "rd", "logoutRedirect": "${SAFE}/away"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	for name, address := range map[string]string{"led-plain": s.plain(), "led-secure": s.secure} {
		token, other := s.up.IssueToken(scenario.Marker+"ali"), s.up.IssueToken(scenario.Marker+"sara")
		v := newVisitor(t, name)
		asked := "/reports?x=1&y=%D8%B9"
		v.opens(address + asked)
		if at := v.at(); at != s.safe.URL+"/?to="+url.QueryEscape(asked) {
			t.Fatalf("led to %s", at)
		}
		v.shoots("the login of the panel")
		back := func(token, to string) string {
			return address + "/external-login?token=" + token + "&rd=" + url.QueryEscape(to)
		}
		v.follows(s, back(token, asked))
		if at := v.expectUnknown(token); at != address+asked {
			t.Errorf("back at %s", at)
		}
		v.expectGreeting("ali")
		v.shoots("back at the page")
		for _, elsewhere := range []string{s.others.URL, "//127.0.0.1/", `/\127.0.0.1/`, "/\t/127.0.0.1/", "/%2f%2f127.0.0.1/", "/..//127.0.0.1/", "/%5c127.0.0.1/", "javascript:alert(1)", "/@127.0.0.1/%00"} {
			v.follows(s, back(token, elsewhere))
			if at := v.at(); at != address+"/welcome" {
				t.Errorf("%q leads to %s", elsewhere, at)
			}
		}
		v.follows(s, back(other, asked)) // another user's link asks first, and keeps the page
		v.sees(change)
		v.do(chromedp.Click(stay, chromedp.ByQuery))
		v.expectGreeting("ali")
		if at := v.at(); at != address+asked {
			t.Errorf("after the buttons at %s", at)
		}
		v.expectUnframed(s, back(other, asked))
		v.opens(address + "/next")
		v.clicks("#out")
		if at := v.at(); at != s.safe.URL+"/away" || len(v.cookies()) != 0 {
			t.Errorf("logged out at %s, with %d cookies", at, len(v.cookies()))
		}
	}
	scenario.ExpectNoMarker(t, s.server.Logs())
}

// The page of a refusal: an upstream's words as text, in their direction.
func TestRefusalPage(t *testing.T) {
	s, err := start(map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	v := newVisitor(t, "refusal")
	for i, c := range []struct{ name, message, direction string }{
		{"Persian", "توکن نامعتبر است (token)", "rtl"},
		{"English", "The token is not valid.", "ltr"},
		{"hostile", `</p><script>document.title="run"</script><img src="/picture" onerror="document.title='run'">`, "ltr"},
		{"turned", "\u202etxt.exe\u2066", "ltr"},
	} {
		s.up.AnswerAll(&upstreams.Reply{Status: 401, Body: fmt.Sprintf(`{"data":null,"meta":{"status":false,"message":%s,"message_code":"401-1"}}`, jsonText(c.message))})
		status := v.opens(fmt.Sprintf("%s/external-login?token=wrong-%d", s.plain(), i))
		direction := v.runs(`Promise.resolve(getComputedStyle(document.querySelector("p")).direction)`)
		text := v.runs(`Promise.resolve(document.querySelector("p").textContent + "|" + document.title + "|" + document.images.length)`)
		want := strings.NewReplacer("\u202e", "", "\u2066", "").Replace(c.message) + "|401 Unauthorized|0"
		if status != 401 || direction != c.direction || text != want {
			t.Errorf("%s: %d %s %q", c.name, status, direction, text)
		}
		v.shoots(c.name)
	}
	v.do(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}), chromedp.EmulateViewport(390, 700))
	v.opens(s.plain() + "/")
	v.shoots("dark on a phone")
	v.expectUnframed(s, s.plain()+"/")
}

func jsonText(text string) string {
	var b strings.Builder
	for _, r := range text {
		fmt.Fprintf(&b, `\u%04x`, r)
	}
	return `"` + b.String() + `"`
}
