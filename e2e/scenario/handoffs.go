package scenario

import (
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// HandOffs: whose session a browser has after a link or a form with a token, wherever
// that stands.
var HandOffs = []Scenario{
	{Name: "a form of another site does not replace a live session", Run: foreignForms},
	{Name: "a form of another site carries a reader without a session across", Run: foreignFormsOfNew},
	{Name: "no other site takes the second step of a hand-off or presses a button of its pages", Run: foreignSteps},
	{Name: "with sameSite strict no link or form replaces a live session", Run: strictHandOffs},
	{Name: "a reader chooses between two users with buttons", Run: twoButtons},
	{Name: "a session of an unknown user is not replaced without a question", Run: unknownUsers},
	{Name: "a link whose token has ended leads a live session on", Run: endedLinks},
	{Name: "a page of a hand-off shows what strangers write as text, and cannot be framed or kept", Run: hostilePages},
	{Name: "no request for the hand-off's path reaches the backend", Run: handOffPath},
	{Name: "no other spelling of the hand-off's path brings a token to the backend", Run: handOffSpelled},
	{Name: "a link may carry other parameters, of any form", Run: otherParameters},
}

// foreign are the headers of a form on a page of another site, as browsers send them:
// today's, with and without a Referer; reloaded; and of browsers that are too old for
// Sec-Fetch-Site, or get a page without TLS.
var foreign = [][]string{
	{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document", "Origin: https://evil.test"},
	{"Sec-Fetch-Site: cross-site", "Origin: null"},
	{"Sec-Fetch-Site: none", "Origin: https://evil.test"},
	{"Origin: https://evil.test"},
	{"Origin: null"},
	{"Origin: https://r.test.evil.test"},
	{"Origin: https://www.r.test"},
}

// own are the headers of a form on a page of this site.
var own = [][]string{
	{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document", "Origin: http://r.test"},
	{"Sec-Fetch-Site: same-origin", "Origin: null"},
	{"Origin: http://r.test"},
	{"Origin: https://r.test:443"},
}

// handOffFixture is a route with sessions, and tokens of two users.
type handOffFixture struct {
	*Harness
	t         testing.TB
	up        *upstreams.IPPanel
	ali, sara string
}

func newHandOffFixture(t testing.TB, h *Harness, more ...any) *handOffFixture {
	up := newSMSPanel(h.Clock())
	t.Cleanup(up.Close)
	h.Serve(Routes{"r": sessionConfig(routeConfig("bearer", "ippanel", up.URL), more...)})
	return &handOffFixture{Harness: h, t: t, up: up, ali: up.IssueToken(Marker + "ali"), sara: up.IssueToken(Marker + "sara")}
}

// visitor is a browser with a live session of ali.
func (f *handOffFixture) visitor() *browser {
	f.t.Helper()
	b := f.newBrowser(f.t)
	b.followLink(303, f.ali)
	b.expectUser(Marker + "ali")
	return b
}

func foreignForms(t *testing.T, h *Harness) {
	f := newHandOffFixture(t, h)
	for i, lines := range foreign {
		b := f.visitor()
		before := b.cookie.Value
		first := b.without().post("token="+f.sara, lines...)
		page := b.expectPage(first, stepPage)
		second := b.press(page, 0, own[i%len(own)]...)
		choice := b.expectPage(second, choicePage)
		b.expectKept(before, Marker+"ali")
		b.expectRedirect(b.press(choice, 0, own[i%len(own)]...), false)
		b.expectKept(before, Marker+"ali")
	}
	// What is loaded inside another site's page brings no cookie either.
	for _, lines := range [][]string{
		{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"},
		{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"},
		{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty", "Origin: https://evil.test"},
	} {
		b := f.visitor()
		b.expectPage(b.without().send(Request{Path: "/external-login?token=" + f.sara, Headers: lines}), stepPage)
	}
	// A sibling subdomain is the same site: the cookie comes along, and is seen.
	b := f.visitor()
	before := b.cookie.Value
	b.expectPage(b.post("token="+f.sara, "Sec-Fetch-Site: same-site", "Origin: http://www.r.test"), choicePage)
	b.expectKept(before, Marker+"ali")
}

func foreignFormsOfNew(t *testing.T, h *Harness) {
	f := newHandOffFixture(t, h)
	for i, lines := range foreign {
		b := f.newBrowser(t)
		page := b.expectPage(b.post("token="+f.sara, lines...), stepPage)
		b.expectLoggedOut()
		b.expectRedirect(b.press(page, 0, own[i%len(own)]...), true)
		b.expectUser(Marker + "sara")
	}
	for _, lines := range own {
		b := f.newBrowser(t)
		b.expectRedirect(b.post("token="+f.ali, lines...), true)
		b.expectUser(Marker + "ali")
	}
	b := f.newBrowser(t)
	page := b.expectPage(b.post("token=wrong", foreign[0]...), stepPage)
	if r := b.press(page, 0, own[0]...); r.Status != 401 || r.Header.Get("Set-Cookie") != "" {
		t.Errorf("a denied token: %d", r.Status)
	}
	for _, faulty := range []string{"", "token=", "token=a+b", "token=%zz", "token=x&token=y"} {
		if r := b.post(faulty, foreign[0]...); r.Status != 400 && r.Status != 401 || r.Header.Get("Set-Cookie") != "" {
			t.Errorf("%q: %d", faulty, r.Status)
		}
	}
}

func foreignSteps(t *testing.T, h *Harness) {
	for _, sameSite := range []string{"lax", "strict"} {
		f := newHandOffFixture(t, h, "sameSite", sameSite)
		b := f.newBrowser(t)
		step := b.expectPage(b.post("token="+f.ali, foreign[0]...), stepPage)
		b.expectRedirect(b.press(step, 0, own[0]...), true)
		step = b.expectPage(b.without().post("token="+f.sara, foreign[0]...), stepPage)
		choice := b.expectPage(b.press(step, 0, own[0]...), choicePage)
		before := b.cookie.Value
		forms := []string{step.forms[0].Encode(), choice.forms[0].Encode(), choice.forms[1].Encode()}
		for _, lines := range append(foreign, []string{"Sec-Fetch-Site: same-site", "Origin: http://www.r.test"}, []string{"Sec-Fetch-Site: cross-site", "Origin: http://r.test"}) {
			for i, form := range forms {
				for _, from := range []*browser{b, b.without()} {
					r := from.post(form, lines...)
					if r.Status != 403 || r.Header.Get("Set-Cookie") != "" || strings.Contains(r.Body, "<form") {
						h.Counters.falseAccepts.Add(1)
						t.Errorf("%s, form %d, %v: %d", sameSite, i, lines, r.Status)
					}
				}
			}
		}
		// A step counts in a form of ours alone: not in a link, and no other word.
		link := "/external-login?" + choice.forms[1].Encode()
		want := map[string]pageKind{"lax": choicePage, "strict": stepPage}[sameSite]
		b.expectPage(b.send(Request{Path: link}), want)
		for _, more := range []string{"token-step=x", "token-step=replace&token-step=keep", "token-step=%zz"} {
			if r := b.post("token="+f.sara+"&"+more, own[0]...); r.Status != 400 || r.Header.Get("Set-Cookie") != "" {
				t.Errorf("%s: %d", more, r.Status)
			}
		}
		b.expectKept(before, Marker+"ali")
	}
}

// strictHandOffs: a strict cookie comes with no request that begins elsewhere, a link
// of a message included, and a browser without Sec-Fetch-Site does not tell those.
func strictHandOffs(t *testing.T, h *Harness) {
	f := newHandOffFixture(t, h, "sameSite", "strict")
	b := f.newBrowser(t)
	for i, lines := range append(foreign, nil) {
		if b.cookie == nil {
			page := b.expectPage(b.send(Request{Path: "/external-login?token=" + f.ali, Headers: lines}), stepPage)
			b.expectRedirect(b.press(page, 0, own[0]...), true)
		}
		before := b.cookie.Value
		for _, first := range []Response{
			b.without().send(Request{Path: "/external-login?token=" + f.sara, Headers: lines}),
			b.without().post("token="+f.sara, lines...),
		} {
			page := b.expectPage(first, stepPage)
			choice := b.expectPage(b.press(page, 0, own[i%len(own)]...), choicePage)
			b.expectKept(before, Marker+"ali")
			b.expectRedirect(b.press(choice, 0, own[i%len(own)]...), false)
			b.expectKept(before, Marker+"ali")
		}
	}
}

func twoButtons(t *testing.T, h *Harness) {
	f := newHandOffFixture(t, h)
	for _, lines := range own {
		b := f.visitor()
		before := b.cookie.Value
		page := b.expectPage(b.send(Request{Path: "/external-login/?token=" + f.sara + "&x=%"}), choicePage)
		if !strings.Contains(page.Body, "Stay signed in as "+Marker+"ali<") || !strings.Contains(page.Body, "Sign in as "+Marker+"sara<") {
			t.Error("the buttons do not say who is who")
		}
		b.expectKept(before, Marker+"ali")
		b.expectRedirect(b.press(page, 0, lines...), false)
		b.expectKept(before, Marker+"ali")
		b.expectRedirect(b.press(page, 1, lines...), true)
		b.expectUser(Marker + "sara")
	}
	b := f.visitor()
	page := b.expectPage(b.send(Request{Path: "/external-login?token=" + f.sara}), choicePage)
	if r := b.press(page, 1); r.Status != 403 || r.Header.Get("Set-Cookie") != "" { // it cannot be told where this comes from
		t.Errorf("a button without an Origin: %d", r.Status)
	}
	f.up.AnswerAll(&upstreams.Reply{Status: 503})
	h.Serve(Routes{"r": sessionConfig(with(routeConfig("bearer", "ippanel", f.up.URL), "cache", map[string]any{"epoch": "2"}))})
	if r := b.press(page, 1, own[0]...); r.Status != 500 || r.Header.Get("Set-Cookie") != "" {
		t.Errorf("a button in an outage: %d", r.Status)
	}
}

// unknownUsers: a web service's token may have no user; its other fields do not tell
// who somebody is.
func unknownUsers(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": sessionConfig(webServiceConfig(up))})
	issue := func(user string) string {
		return up.IssueToken(upstreams.User{UserName: user, ID: 7, Name: Marker + "name"})
	}
	named, another := Marker+"ali", Marker+"sara"
	for i, c := range []struct {
		before, after string
		asked         bool
	}{
		{"", "", true}, {"", named, true}, {named, "", true}, {named, another, true}, {named, strings.ToUpper(named), true}, {named, named, false},
	} {
		b := h.newBrowser(t)
		b.followLink(303, issue(c.before))
		r := b.send(Request{Path: "/external-login?token=" + issue(c.after)})
		if !c.asked {
			b.expectRedirect(r, true)
			b.expectUser(c.after)
			continue
		}
		before := b.cookie.Value
		page := b.expectPage(r, choicePage)
		b.expectRedirect(b.press(page, 0, own[0]...), false)
		b.expectKept(before, c.before)
		b.expectRedirect(b.press(page, 1, own[0]...), true)
		if b.cookie.Value == before {
			t.Errorf("%d: the session is not replaced", i)
		}
		b.expectUser(c.after)
	}
	b := h.newBrowser(t)
	token := issue("")
	b.followLink(303, token)
	b.followLink(303, token) // the same token is the same caller, whoever that is
	b.expectUser("")
}
