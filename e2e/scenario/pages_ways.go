package scenario

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func ledBack(t *testing.T, h *Harness) {
	f := newHandOffFixture(t, h, "return", "rd", "redirect", "/home")
	for _, page := range []string{"/reports/1?x=a%20b&y=//x", "/", "/a#b", "/%D8%B9%D9%84%DB%8C", "/a/b/", "/a;x=1"} {
		to := "&rd=" + url.QueryEscape(page)
		b := f.newBrowser(t)
		expectWay(t, b.send(Request{Path: "/external-login?token=" + f.ali + to}), page, true)
		// The link of the same user, one that has ended, and those of another user: the page
		// is kept through both pages of the hand-off.
		expectWay(t, b.send(Request{Path: "/external-login?token=ended" + to}), page, false)
		choice := b.expectPage(b.send(Request{Path: "/external-login?token=" + f.sara + to}), choicePage)
		expectWay(t, b.press(choice, 0, own[0]...), page, false)
		step := b.expectPage(b.without().post("token="+f.sara+to, foreign[0]...), stepPage)
		choice = b.expectPage(b.press(step, 0, own[0]...), choicePage)
		expectWay(t, b.press(choice, 1, own[0]...), page, true)
		b.expectUser(Marker + "sara")
	}
	b := f.newBrowser(t)
	expectWay(t, b.send(Request{Path: "/external-login?token=" + f.ali}), "/home", true)
	expectWay(t, b.send(Request{Path: "/external-login?token=" + f.ali + "&Rd=%2Fx&redirect=%2Fx"}), "/home", true)
	if r := b.send(Request{Path: "/external-login?rd=%2Fx"}); r.Status != 401 {
		t.Errorf("a return without a token: %d", r.Status)
	}
	h.Serve(Routes{"r": sessionConfig(routeConfig("bearer", "ippanel", f.up.URL))})
	expectWay(t, b.send(Request{Path: "/external-login?token=" + f.ali + "&rd=%2Fx&return=%2Fx"}), "/", true)
}

// expectWay expects a redirect to a page, with a cookie or without.
func expectWay(t testing.TB, r Response, page string, signedIn bool) {
	t.Helper()
	if r.Status != 303 || r.Header.Get("Location") != page || (len(r.Header["Set-Cookie"]) > 0) != signedIn || len(r.Header["Location"]) != 1 {
		t.Errorf("%d to %q with %d cookies, want %q", r.Status, r.Header["Location"], len(r.Header["Set-Cookie"]), page)
	}
}

func forgedReturns(t *testing.T, h *Harness) {
	f := newHandOffFixture(t, h, "return", "rd", "redirect", "/home", "login", "/sign-in?rd={return}")
	b := f.newBrowser(t)
	forged := append([]string{"/sign-in", "/sign-in?rd=/x", "/sign%2Din", "/" + strings.Repeat("a", 4000), "/" + strings.Repeat("a", 60000)}, waysElsewhere...)
	for _, page := range forged {
		encoded := url.QueryEscape(page)
		for what, r := range map[string]Response{
			"in the link":     b.send(Request{Path: "/external-login?token=" + f.ali + "&rd=" + encoded}),
			"in the form":     b.post("token="+f.ali+"&rd="+encoded, own[0]...),
			"before a second": b.send(Request{Path: "/external-login?token=" + f.ali + "&rd=%2Fx&rd=" + encoded}),
			"after a second":  b.send(Request{Path: "/external-login?token=" + f.ali + "&rd=" + encoded + "&rd=%2Fx"}),
			"as it stands":    b.send(Request{Path: "/external-login?token=" + f.ali + "&rd=" + rawQuery(page)}),
		} {
			if r.Status == 400 && (len(page) > 4000 || strings.Contains(page, "token")) {
				continue // a query that is too long, or has a second token
			}
			if location := r.Header["Location"]; r.Status != 303 || len(location) != 1 || location[0] != "/home" && (what != "before a second" || location[0] != "/x") && (page != "" || location[0] != "/x") || len(r.Header["X"]) > 0 {
				h.Counters.falseAccepts.Add(1)
				t.Errorf("%.70q %s: %d %.90q", page, what, r.Status, location)
			}
		}
		choice := b.expectPage(b.send(Request{Path: "/external-login?token=" + f.sara + "&rd=" + encoded[:min(len(encoded), 3000)]}), choicePage)
		if choice.forms[0].Get("rd") != "" || choice.forms[1].Get("rd") != "" {
			h.Counters.falseAccepts.Add(1)
			t.Errorf("%.70q is in the forms of the page with two buttons", page)
		}
		expectWay(t, b.press(choice, 0, own[0]...), "/home", false)
	}
	b.expectUser(Marker + "ali")
}

// rawQuery is a text in a query with as few escapes as a request line can have.
func rawQuery(text string) string {
	return strings.NewReplacer(" ", "+", "\t", "%09", "\n", "%0A", "\r", "%0D", "#", "%23", "%zz", "%25zz", "\x00", "%00").Replace(strings.TrimSuffix(text, "/%"))
}

func loggedOutTo(t *testing.T, h *Harness) {
	for _, to := range []string{"/bye?x=1", "https://panel.example.com/bye"} {
		f := newHandOffFixture(t, h, "logoutRedirect", to, "redirect", "/home")
		b := f.newBrowser(t)
		expectWay(t, b.send(Request{Path: "/external-login?token=" + f.up.IssueToken(Marker+"ali")}), "/home", true)
		before := *b.cookie
		expectWay(t, b.send(Request{Method: "POST", Path: "/logout?logoutRedirect=//evil.test&return=//evil.test", Headers: own[0]}), to, true)
		if b.cookie != nil {
			t.Error("the cookie is not deleted")
		}
		b.cookie = &before
		b.expectLoggedOut()
		for _, lines := range foreign {
			if r := b.send(Request{Method: "POST", Path: "/logout", Headers: lines}); r.Status != 403 || r.Header.Get("Location") != "" {
				t.Errorf("%v: %d", lines, r.Status)
			}
		}
	}
}

func listedSecrets(t *testing.T, h *Harness) {
	up := newSMSPanel(h.Clock())
	defer up.Close()
	const first, second = "env:UPSTREAMAUTH_SESSION", "env:UPSTREAMAUTH_SESSION_ANOTHER"
	config := func(secret any) map[string]any {
		return sessionConfig(routeConfig("bearer", "ippanel", up.URL), "secret", secret)
	}
	h.Serve(Routes{
		"old": config(first), "both": config([]any{second, first}), "labels": config(second + ", " + first), "new": config(second),
	})
	old := h.newBrowser(t)
	old.route = "old"
	old.followLink(303, up.IssueToken(Marker+"ali"))
	fresh := h.newBrowser(t)
	fresh.route = "both"
	fresh.followLink(303, up.IssueToken(Marker+"sara"))
	for route, opens := range map[string][2]bool{"old": {true, false}, "both": {true, true}, "labels": {true, true}, "new": {false, true}} {
		for i, b := range []*browser{old, fresh} {
			b.route = route
			if !opens[i] {
				b.expectLoggedOut()
				continue
			}
			b.expectUser(Marker + []string{"ali", "sara"}[i])
		}
	}
}

func domainCookies(t *testing.T, h *Harness) {
	up := newSMSPanel(h.Clock())
	defer up.Close()
	plain := sessionConfig(routeConfig("bearer", "ippanel", up.URL))
	shared := sessionConfig(routeConfig("bearer", "ippanel", up.URL), "domain", ".Example.COM", "secure", "always")
	h.Serve(Routes{"r": shared, "sibling": shared, "plain": plain})
	handOff := func(user string, lines ...string) Response {
		return h.Do(Request{Route: "r", Path: "/external-login?token=" + up.IssueToken(Marker+user), Headers: lines})
	}
	expectTwo := func(r Response, deleted bool) *http.Cookie {
		t.Helper()
		all := setCookies(r)
		if r.Status != 303 || len(all) != 2 || all[0].Domain != "" || all[0].MaxAge >= 0 || all[1].Domain != "example.com" || (all[1].MaxAge < 0) != deleted || !all[1].HttpOnly || !all[1].Secure || all[1].Path != "/" {
			t.Fatalf("%d with %v", r.Status, redact(r.Header["Set-Cookie"]))
		}
		return all[1]
	}
	cookie := expectTwo(handOff("ali"), false)
	live := "Cookie: upstreamauth=" + cookie.Value
	for _, route := range []string{"r", "sibling", "plain"} {
		if r := h.Do(Request{Route: route, Headers: []string{live}}); r.Status != 200 {
			t.Errorf("%s: %d", route, r.Status)
		}
	}
	// A sibling sets a cookie of the same name, for the domain or a path of it: a made-up
	// one, or that of the attacker's own session. Neither of two counts, whichever is first.
	theirs := "upstreamauth=" + expectTwo(handOff("sara"), false).Value
	for _, line := range []string{live + "; " + theirs, "Cookie: " + theirs + "; " + strings.TrimPrefix(live, "Cookie: "), live + "; upstreamauth=x", live + "; upstreamauth=", "Cookie: upstreamauth=x; upstreamauth=" + cookie.Value} {
		if r := h.Do(Request{Route: "r", Headers: []string{line}}); r.Status != 401 || r.Seen != nil {
			h.Counters.falseAccepts.Add(1)
			t.Errorf("two cookies: %d", r.Status)
		}
	}
	expectTwo(h.Do(Request{Route: "r", Method: "POST", Path: "/logout", Headers: append([]string{live}, own[0]...)}), true)
	if r := h.Do(Request{Route: "sibling", Headers: []string{live}}); r.Status != 401 {
		t.Errorf("after the logout: %d", r.Status)
	}
}
