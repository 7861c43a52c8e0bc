package scenario

import (
	"html"
	"net/url"
	"regexp"
	"strings"
)

// pageKind is one of the two pages that a hand-off may be answered with.
type pageKind string

const (
	stepPage   pageKind = "the page that goes on by itself"
	choicePage pageKind = "the page with two buttons"
)

// page is a page of a hand-off, with the fields of its forms.
type page struct {
	Response
	forms []url.Values
}

var (
	formOf  = regexp.MustCompile(`(?s)<form method="post" action="\?" autocomplete="off">(.*?)</form>`)
	fieldOf = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// without is the same browser where it brings no cookie: with the request of another
// site's page.
func (b *browser) without() *browser {
	bare := *b
	bare.cookie = nil
	return &bare
}

// post sends a form to the hand-off.
func (b *browser) post(form string, lines ...string) Response {
	b.t.Helper()
	return b.send(Request{
		Method: "POST", Path: "/external-login", Body: strings.NewReader(form),
		Headers: append([]string{"Content-Type: application/x-www-form-urlencoded"}, lines...),
	})
}

// press sends a form of a page, as the browser that shows it does.
func (b *browser) press(p page, form int, lines ...string) Response {
	b.t.Helper()
	return b.post(p.forms[form].Encode(), lines...)
}

// expectPage expects one of the two pages, without a cookie, and safe to show.
func (b *browser) expectPage(r Response, kind pageKind) page {
	b.t.Helper()
	p := page{Response: r}
	for _, form := range formOf.FindAllStringSubmatch(r.Body, -1) {
		fields := url.Values{}
		for _, field := range fieldOf.FindAllStringSubmatch(form[1], -1) {
			fields.Add(html.UnescapeString(field[1]), html.UnescapeString(field[2]))
		}
		p.forms = append(p.forms, fields)
	}
	buttons, scripts := strings.Count(r.Body, "<button>"), strings.Count(r.Body, "<script>")
	want := map[pageKind][]int{stepPage: {1, 1, 2}, choicePage: {2, 2, 1}}[kind]
	if r.Status != 200 || r.Seen != nil || len(p.forms) != want[0] || buttons != want[1] || scripts != want[2] || r.Header.Get("Set-Cookie") != "" {
		if r.Header.Get("Set-Cookie") != "" {
			b.Counters.falseAccepts.Add(1)
		}
		b.t.Fatalf("not %s: %d with %d forms, %d buttons, %d scripts, cookies %d", kind, r.Status, len(p.forms), buttons, scripts, len(r.Header["Set-Cookie"]))
	}
	policy := r.Header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "script-src 'sha256-", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(policy, part) || strings.Contains(policy, "unsafe") {
			b.t.Errorf("the policy lacks %s: %s", part, policy)
		}
	}
	expectEqual(b.t, "X-Frame-Options", r.Header.Get("X-Frame-Options"), "DENY")
	expectEqual(b.t, "Cache-Control", r.Header.Get("Cache-Control"), "no-store")
	expectEqual(b.t, "Referrer-Policy", r.Header.Get("Referrer-Policy"), "no-referrer")
	expectEqual(b.t, "Content-Type", r.Header.Get("Content-Type"), "text/html; charset=utf-8")
	return p
}

// expectRedirect expects the answer of a hand-off that has ended, with or without a
// new session.
func (b *browser) expectRedirect(r Response, replaced bool) {
	b.t.Helper()
	b.expectHandOff(r, 303)
	if got := r.Header.Get("Set-Cookie") != ""; got != replaced {
		if got {
			b.Counters.falseAccepts.Add(1)
		}
		b.t.Errorf("a new session: %t, want %t", got, replaced)
	}
}

// expectKept expects the session that the browser had, and its user.
func (b *browser) expectKept(before, user string) {
	b.t.Helper()
	if b.cookie == nil || b.cookie.Value != before {
		b.Counters.falseAccepts.Add(1)
		b.t.Error("a live session is replaced")
	}
	b.expectUser(user)
}
