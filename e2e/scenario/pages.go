package scenario

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Pages: what a person in a browser sees, and where they are led.
var Pages = []Scenario{
	{Name: "a refused page load gets a page, and everything else the API's body", Run: refusalPages},
	{Name: "the page of a refusal shows an upstream's words as text, in their direction", Run: refusalTexts},
	{Name: "a page load without a session is led to the login, and programs are not", Run: ledToLogin},
	{Name: "no page that is asked for leads to another site, or in a circle", Run: ledNowhere},
	{Name: "a hand-off leads back to the page that was asked for", Run: ledBack},
	{Name: "no return leads to another site, however it is spelled", Run: forgedReturns},
	{Name: "a logout leads where the configuration says", Run: loggedOutTo},
	{Name: "the first secret seals, and all open", Run: listedSecrets},
	{Name: "a cookie of a domain, and those that siblings set", Run: domainCookies},
}

// load are the headers of a page load in a browser, today's and an old one.
var load = [][]string{
	{"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document", "Sec-Fetch-Site: none"},
	{"Accept: text/html, */*; q=0.01"},
}

// noLoad are those of requests that are none: of programs, and of a page's scripts.
var noLoad = [][]string{
	nil,
	{"Accept: */*"},
	{"Accept: application/json"},
	{"Accept: application/json, text/html"},
	{"Accept: text/html;q=0"},
	{"Accept: text/htmlx"},
	{"Accept: text/html", "Sec-Fetch-Mode: cors"},
	{"Accept: text/html", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"},
	{"Accept: text/html", "X-Requested-With: XMLHttpRequest"},
	{"Accept: text/html", "Accept: text/html"},
	{"Accept: text/html," + strings.Repeat("a/b,", 1000)},
}

// expectHTML expects the page of a refusal.
func expectHTML(t testing.TB, r Response, status int, text string) {
	t.Helper()
	if r.Status != status || r.Seen != nil || r.Header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(r.Body, text) {
		t.Errorf("no page with %q: %d %s %s", text, r.Status, r.Header.Get("Content-Type"), r.Body)
	}
	policy := r.Header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "style-src 'sha256-", "form-action 'none'", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(policy, part) || strings.Contains(policy, "unsafe") || strings.Contains(policy, "script") {
			t.Errorf("the policy lacks %s: %s", part, policy)
		}
	}
	for name, want := range map[string]string{"X-Frame-Options": "DENY", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"} {
		if got := r.Header[name]; len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	for _, outside := range []string{"<script", "<link", "<img", "http:", "https:", "url(", "@import", " src="} {
		if strings.Contains(r.Body, outside) {
			t.Errorf("the page has %q", outside)
		}
	}
}

func refusalPages(t *testing.T, h *Harness) {
	all, done := oneOfEach(h.Clock())
	defer done()
	routes := routesOf(all)
	h.Serve(routes)
	denied := map[string]string{"key": key(Marker + "wrong-key"), "account": basic(student, Marker+"wrong"), "panel": bearer("wrong"), "service": bearer("wrong")}
	for route, line := range denied {
		for range 3 { // then from memory
			for _, lines := range noLoad {
				r := h.Do(Request{Route: route, Headers: append([]string{line}, lines...)})
				if r.Status < 400 || r.Status > 403 || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") || r.Header.Get("Content-Security-Policy") != "" {
					t.Errorf("%s, %v: %d %s", route, lines, r.Status, r.Header.Get("Content-Type"))
				}
			}
			program := h.Do(Request{Route: route, Headers: []string{line}})
			for _, lines := range load {
				r := h.Do(Request{Route: route, Headers: append([]string{line}, lines...)})
				expectHTML(t, r, program.Status, fmt.Sprintf("<h1>%d</h1>", program.Status))
				if got, want := fmt.Sprint(r.Header["Www-Authenticate"]), fmt.Sprint(program.Header["Www-Authenticate"]); got != want {
					t.Errorf("%s: challenges %s, want %s", route, got, want)
				}
				head := h.Do(Request{Route: route, Method: "HEAD", Headers: append([]string{line}, lines...)})
				if head.Status != r.Status || head.Body != "" || head.Header.Get("Content-Type") != r.Header.Get("Content-Type") {
					t.Errorf("%s: HEAD %d %q", route, head.Status, head.Body)
				}
			}
		}
	}
	for _, lines := range load {
		expectHTML(t, h.Do(Request{Route: "panel", Headers: lines}), 401, "<h1>401</h1>")
		// The form of a page, whose answer is shown in its place; and what a script posts.
		r := h.Do(Request{Route: "panel", Method: "POST", Headers: append([]string{"Content-Type: application/x-www-form-urlencoded"}, lines...), Body: strings.NewReader("a=b")})
		expectHTML(t, r, 401, "<h1>401</h1>")
		r = h.Do(Request{Route: "panel", Method: "POST", Headers: append([]string{"Content-Type: application/json"}, lines...), Body: strings.NewReader("{}")})
		if r.Status != 401 || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
			t.Errorf("JSON that is posted: %d %s", r.Status, r.Header.Get("Content-Type"))
		}
	}
}

func refusalTexts(t *testing.T, h *Harness) {
	up := newIPPanel(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": with(routeConfig("bearer", "ippanel", up.URL), "cache", map[string]any{"negativeLifetime": "0s"})})
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(up.IssueToken(Marker + "ali"))}})
	for i, c := range []struct{ message, html string }{
		{"the token is not valid", `<html lang="en" dir="ltr">`},
		{"توکن نامعتبر است", `<html lang="fa" dir="rtl">`},
		{"توکن (token) نامعتبر است", `<html lang="fa" dir="rtl">`},
		{"the user علی is not known here", `lang="" dir="ltr">`},
		{`</p><script>alert(1)</script><img src=x onerror=alert(1)>`, `&lt;/p&gt;&lt;script&gt;alert(1)`},
		{`" onload="alert(1)`, `<p>&#34; onload=`},
		{"a\u202eb\u2066c\u2028d\u0085e\u200cf", "<p>abcde\u200cf</p>"},
		{"&lt;b&gt;", "&amp;lt;b&amp;gt;"},
	} {
		up.AnswerAll(&upstreams.Reply{Status: 401, Body: `{"data":null,"meta":{"status":false,"message":` + jsonText(c.message) + `,"message_code":"401-1"}}`})
		r := h.Do(Request{Route: "r", Headers: append([]string{bearer(fmt.Sprint("wrong-", i))}, load[i%2]...)})
		if r.Status != 401 || !strings.Contains(r.Body, c.html) {
			t.Errorf("%q: %d %s", c.message, r.Status, r.Body)
		}
		if strings.Contains(r.Body, "<script") || strings.Contains(r.Body, "<img") || strings.ContainsAny(r.Body, "\u202e\u2066\u2028\u0085") {
			t.Errorf("%q is markup, or turns the text: %s", c.message, r.Body)
		}
	}
}

func ledToLogin(t *testing.T, h *Harness) {
	up := newSMSPanel(h.Clock())
	defer up.Close()
	config := sessionConfig(routeConfig("bearer", "ippanel", up.URL), "login", "https://panel.example.com/sign-in?to=app&rd={return}")
	h.Serve(Routes{"r": config, "open": with(config, "optional", true), "strict": with(config, "identity", map[string]any{"require": map[string]any{"user": "other"}})})
	b := h.newBrowser(t)
	for _, lines := range load {
		for _, method := range []string{"GET", "HEAD"} {
			r := b.send(Request{Method: method, Path: "/reports/1?x=a%20b&y=%D8%B9", Headers: lines})
			if r.Status != 303 || r.Seen != nil || r.Body != "" || len(r.Header["Www-Authenticate"]) != 0 {
				t.Errorf("%s: %d", method, r.Status)
			}
			expectEqual(t, "Location", r.Header.Get("Location"), "https://panel.example.com/sign-in?to=app&rd=%2Freports%2F1%3Fx%3Da%2520b%26y%3D%25D8%25B9")
			expectEqual(t, "Cache-Control", r.Header.Get("Cache-Control"), "no-store")
			expectEqual(t, "Referrer-Policy", r.Header.Get("Referrer-Policy"), "no-referrer")
		}
		// A credential in a header is a client's own, and its denial the answer.
		expectHTML(t, b.send(Request{Headers: append([]string{bearer("wrong")}, lines...)}), 401, "<h1>401</h1>")
		if r := b.send(Request{Method: "POST", Headers: append([]string{"Content-Type: application/x-www-form-urlencoded"}, lines...), Body: strings.NewReader("a=b")}); r.Status != 401 {
			t.Errorf("a form: %d", r.Status)
		}
		if r := h.Do(Request{Route: "open", Headers: lines}); r.Status != 200 || r.Seen == nil {
			t.Errorf("anonymous: %d", r.Status)
		}
	}
	for _, lines := range noLoad {
		if r := b.send(Request{Headers: lines}); r.Status != 401 || r.Header.Get("Location") != "" {
			t.Errorf("%v: %d", lines, r.Status)
		}
	}
	token := up.IssueToken(Marker + "ali")
	b.followLink(303, token)
	for _, lines := range load {
		if r := b.send(Request{Headers: lines}); r.Status != 200 {
			t.Errorf("with a session: %d", r.Status)
		}
		// A caller who is known, and may not, would come back from any login.
		strict := *b
		strict.route = "strict"
		expectHTML(t, strict.send(Request{Headers: lines}), 403, "<h1>403</h1>")
	}
	h.Serve(Routes{"r": with(config, "cache", map[string]any{"epoch": "2"})})
	for _, lines := range load { // a cookie of an old epoch is none
		if r := b.send(Request{Headers: lines}); r.Status != 303 {
			t.Errorf("with a cookie that has ended: %d", r.Status)
		}
	}
}

func ledNowhere(t *testing.T, h *Harness) {
	up := newSMSPanel(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": sessionConfig(routeConfig("bearer", "ippanel", up.URL), "login", "/sign-in?rd={return}", "redirect", "/home")})
	b := h.newBrowser(t)
	for _, path := range append([]string{"/x?" + strings.Repeat("y", 3000), "/logout", "/external-login%2F", "/sign-in/../sign-in"}, waysElsewhere...) {
		if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, " \t\r\né\u202e") || strings.HasPrefix(path, "/%z") || path == "/%" {
			continue // no client sends these, or sends their escapes, which are a path of this site
		}
		path, _, _ = strings.Cut(path, "#")
		r := b.Do(Request{Route: "r", Path: path, Headers: load[0]})
		to, err := url.Parse(r.Header.Get("Location"))
		back := ""
		if err == nil {
			back = to.Query().Get("rd")
		}
		// Traefik resolves dots and doubled slashes first: what is left is a path of this site.
		cleaned := back == "/home" || back == "/evil" || back == "/evil.test" || back == "/evil.test/x"
		if r.Status == 303 && (err != nil || to.Host != "" || to.Path != "/sign-in" || !cleaned) {
			h.Counters.falseAccepts.Add(1)
			t.Errorf("%.60q leads to %.90q", path, r.Header.Get("Location"))
		}
	}
	r := b.send(Request{Path: "/sign-in?rd=%2F", Headers: load[0]})
	expectHTML(t, r, 401, "<h1>401</h1>") // the login itself, which needs a route of its own
	r = b.send(Request{Path: "/page", Headers: append([]string{"X-Forwarded-Prefix: //evil.test", "X-Forwarded-Host: evil.test", "Host: r.test"}, load[0]...)})
	if location := r.Header.Get("Location"); strings.Contains(location, "evil") {
		t.Errorf("a header of the client leads to %s", location)
	}
}

// waysElsewhere are addresses that some reader takes for another site's, or for a path that
// was not written.
var waysElsewhere = []string{
	"//evil.test", "//evil.test/x", "///evil.test", "////evil.test", `/\evil.test`, `\/evil.test`, `\\evil.test`, `/\/evil.test`, `/\\evil.test`,
	"https://evil.test", "HTTPS://evil.test", "https:evil.test", "https:/evil.test", "http:\\\\evil.test", "javascript:alert(1)", "data:text/html,x", "evil.test", "@evil.test", "https://r.test@evil.test",
	"/\t/evil.test", "/\n/evil.test", "/\r/evil.test", "\t//evil.test", " //evil.test", "/ /evil.test", "/%09/evil.test", "/%0a/evil.test", "/%0d%0aSet-Cookie:x=1", "/%00/evil.test",
	"/%2fevil.test", "/%2Fevil.test", "/%2f%2fevil.test", "/%5cevil.test", "/%5C%5Cevil.test", "/%252fevil.test", "/%255cevil.test", "%2f%2fevil.test",
	"/..//evil.test", "/.//evil.test", "/x/..//evil.test", "/x/../..//evil.test", "/../evil", "/./evil", "/%2e%2e/evil", "/%2e//evil.test", "/x/%2e%2e%2f/evil.test", "/%252e%252e/x",
	"/／evil.test", "/%EF%BC%8Fevil.test", "/＼evil.test", "/%E2%88%95evil.test", "/\u202eevil", "/é", "/%zz", "/%", "", "?x", "#x", ";", "x/y",
	"/external-login", "/external-login/", "/External-Login", "/x/../external-login", "/%65xternal-login", "/logout", "/external-login?token=x",
}

func jsonText(text string) string {
	var b strings.Builder
	for _, r := range text {
		fmt.Fprintf(&b, `\u%04x`, r)
	}
	return `"` + b.String() + `"`
}

// setCookies are the cookies of a response.
func setCookies(r Response) []*http.Cookie { return (&http.Response{Header: r.Header}).Cookies() }
