package scenario

import (
	"fmt"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

func endedLinks(t *testing.T, h *Harness) {
	f := newHandOffFixture(t, h)
	b := f.visitor()
	before := b.cookie.Value
	for _, path := range []string{"?token=ended", "/?token=ended&x=1"} {
		b.expectRedirect(b.send(Request{Path: "/external-login" + path}), false)
		b.expectKept(before, Marker+"ali")
	}
	b.expectRedirect(b.post("token=ended", own[0]...), false)
	page := b.expectPage(b.without().post("token=ended", foreign[0]...), stepPage)
	b.expectRedirect(b.press(page, 0, own[0]...), false)
	b.expectKept(before, Marker+"ali")

	f.newBrowser(t).followLink(401, "ended") // without a session
	forged := f.newBrowser(t)
	if r := forged.send(Request{Path: "/external-login?token=ended", Headers: []string{"Cookie: upstreamauth=" + before[:40]}}); r.Status != 401 {
		t.Errorf("with a forged session: %d", r.Status)
	}
	old := *b.cookie
	b.send(Request{Method: "POST", Path: "/logout", Headers: own[0]})
	b.cookie = &old
	if r := b.send(Request{Path: "/external-login?token=ended"}); r.Status != 401 {
		t.Errorf("with a session that was logged out: %d", r.Status)
	}
	f.ali = f.up.IssueToken(Marker + "ali")
	for _, path := range []string{"?token=", "?x=1", "?token=a+b", "?token=x&token=y"} { // no token that has ended
		if r := f.visitor().send(Request{Path: "/external-login" + path}); r.Status != 400 && r.Status != 401 {
			t.Errorf("%s: %d", path, r.Status)
		}
	}
}

func hostilePages(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": sessionConfig(webServiceConfig(up))})
	const hostile = `"><script>alert(1)</script><b x='&amp;`
	token := `%22%3E%3Cscript%3Ealert(1)%3C/script%3E`
	b := h.newBrowser(t)
	b.expectPage(b.post("token="+token, foreign[0]...), stepPage)
	b.followLink(303, up.IssueToken(upstreams.User{UserName: Marker + hostile, ID: 1}))
	page := b.expectPage(b.send(Request{Path: "/external-login?token=" + up.IssueToken(upstreams.User{UserName: Marker + hostile + "2", ID: 2})}), choicePage)
	b.expectRedirect(b.press(page, 1, own[0]...), true)
	for _, body := range []string{page.Body, b.post("token="+token, foreign[0]...).Body} {
		if strings.Contains(body, "alert(1)</script>") || strings.Contains(body, "<b x=") || strings.Contains(body, "&amp;\"") {
			t.Error("what a stranger wrote is markup of the page")
		}
	}
	if got := fmt.Sprint(page.forms[1]["token"]); strings.Contains(got, "script") {
		t.Error("a user's name is part of the token")
	}
}
