package scenario

import (
	"strings"
	"testing"
)

// handOffPath: many backends take /x/ for /x, and log the addresses that they are
// asked for.
func handOffPath(t *testing.T, h *Harness) {
	up := newSMSPanel(h.Clock())
	defer up.Close()
	config := sessionConfig(routeConfig("bearer", "ippanel", up.URL))
	h.Serve(Routes{
		"r": config, "open": with(config, "optional", true, "preflight", true), "slash": sessionConfig(routeConfig("bearer", "ippanel", up.URL), "path", "/external-login/"),
	})
	token := up.IssueToken(Marker + "ali")
	known := h.newBrowser(t)
	known.followLink(303, token)
	h.Backend.TakeSeen()
	for _, route := range []string{"r", "open", "slash"} {
		for _, path := range []string{"/external-login", "/external-login/", "/external-login//"} {
			for _, method := range []string{"HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "TRACE"} {
				for _, lines := range [][]string{
					nil, {bearer(token)}, {"Cookie: upstreamauth=" + known.cookie.Value}, {"Origin: https://evil.test", "Access-Control-Request-Method: GET"},
				} {
					r := h.Do(Request{Route: route, Method: method, Path: path + "?token=" + token, Headers: lines})
					if r.Status != 405 || r.Header.Get("Allow") != "GET, POST" || r.Header.Get("Set-Cookie") != "" || strings.Contains(r.Body, token) {
						h.Counters.falseAccepts.Add(1)
						t.Errorf("%s: %s %s: %d, Allow %q", route, method, path, r.Status, r.Header.Get("Allow"))
					}
				}
			}
			b := h.newBrowser(t)
			b.route = route
			b.expectHandOff(b.send(Request{Path: path + "?token=" + token}), 303)
			b.expectHandOff(b.send(Request{Path: path}), 401)
			b.expectUser(Marker + "ali")
		}
	}
	for _, seen := range h.Backend.TakeSeen() {
		if strings.Contains(seen.URI, "external-login") {
			h.Counters.falseAccepts.Add(1)
			t.Errorf("the backend received %s %s", seen.Method, strings.ReplaceAll(seen.URI, token, "the token"))
		}
	}
	for _, path := range []string{"/external-login2", "/external-login/x", "/a/external-login", "/external-logi"} { // ordinary requests
		h.Do(Request{Route: "open", Path: path})
	}
	expectCount(t, "requests beside the hand-off's path", len(h.Backend.TakeSeen()), 4)
}

// handOffSpelled: what one server takes for another path, the next one takes for the same.
func handOffSpelled(t *testing.T, h *Harness) {
	up := newSMSPanel(h.Clock())
	defer up.Close()
	config := sessionConfig(routeConfig("bearer", "ippanel", up.URL))
	h.Serve(Routes{"r": config, "open": with(config, "optional", true, "preflight", true)})
	token := up.IssueToken(Marker + "ali")
	for _, route := range []string{"r", "open"} {
		for _, path := range []string{
			"/external%2Dlogin", "/%65xternal-login", "//external-login", "///external-login//", "/./external-login", "/external-login/.", "/x/../external-login",
			"/external-login;x", "/external-login;jsessionid=1/", "/external-login%20", "/external-login.", "/external-login%3Bx",
			"/../external-login", "/a/b/../../external-login", "/external-login/x/..", "/external-login%5C", "/%5Cexternal-login", "/external-login%00.png", "/external-login" + strings.Repeat("/", 5000),
		} {
			for _, method := range []string{"HEAD", "PUT", "OPTIONS"} {
				expectNotForwarded(t, h, Request{Route: route, Method: method, Path: path + "?token=" + token}, token)
			}
			r := expectNotForwarded(t, h, Request{Route: route, Path: path + "?token=" + token}, token)
			if r.Status != 303 && r.Status != 400 && r.Status != 404 && r.Status != 301 && r.Status != 308 { // Traefik refuses some spellings, and redirects others
				t.Errorf("%s %s: %d", route, path, r.Status)
			}
		}
		for _, path := range []string{"/External-Login", "/EXTERNAL-LOGIN/", "//External-login", "/external-logiN;x"} {
			for _, method := range []string{"GET", "HEAD", "PUT", "POST"} {
				expectNotForwarded(t, h, Request{Route: route, Method: method, Path: path + "?a=b&token=" + token}, token)
				expectNotForwarded(t, h, Request{Route: route, Method: method, Path: path + "?%74oken=" + token, Headers: []string{bearer(token)}}, token)
			}
		}
	}
	// Without a token such a path is a page as any other.
	h.Do(Request{Route: "open", Path: "/External-Login?a=token"})
	expectCount(t, "requests without a token", len(h.Backend.TakeSeen()), 1)
}

// expectNotForwarded sends a request that must reach no backend, and whose response must
// not hold the token but in a page's form.
func expectNotForwarded(t *testing.T, h *Harness, request Request, token string) Response {
	t.Helper()
	r := h.Do(request)
	if r.Seen != nil || len(h.Backend.TakeSeen()) > 0 {
		h.Counters.falseAccepts.Add(1)
		t.Errorf("%s: the backend received %s %s", request.Route, request.Method, strings.ReplaceAll(request.Path, token, "the token"))
	}
	return r
}

func otherParameters(t *testing.T, h *Harness) {
	f := newHandOffFixture(t, h)
	for _, query := range []string{
		"promo=100%&token=T", "token=T&promo=100%", "token=T&%zz=1", "%&token=T&=&&", "a;b=c&token=T", "utm=a&token=T&utm=a&utm=b",
		"token=&token=T", "%74oken=T", "Token=x&token=T", "token[]=x&token=T", strings.Repeat("a=1&", 16000) + "token=T",
	} {
		b := f.newBrowser(t)
		query = strings.ReplaceAll(query, "=T", "="+f.ali)
		b.expectHandOff(b.send(Request{Path: "/external-login?" + query}), 303)
		b.expectUser(Marker + "ali")
		b = f.newBrowser(t)
		b.expectHandOff(b.post(query[max(0, len(query)-60000):]), 303)
		b.expectUser(Marker + "ali")
	}
	// A proxy may turn ";" into "&" before the plugin, as Traefik does: then it separates.
	after, before := 400, 401
	seen := f.visitor().send(Request{Path: "/?x=1;y=2"}).Seen
	if seen == nil {
		t.Fatal("the backend received no request of a session")
	}
	if strings.Contains(seen.URI, "x=1&y=2") {
		after, before = 303, 303
	}
	for query, status := range map[string]int{
		"token=T&token=T": 400, "token=T&%74oken=T": 400, "token=T&token=": 303, "token=T;x=1": after, "x=1;token=T": before, "token=T;token=T": 400, "token=T%": 400,
		strings.Repeat("&", 600_000) + "token=T": 400, "token=" + strings.Repeat("&token=", 80_000): 400,
	} {
		b := f.newBrowser(t)
		if r := b.send(Request{Path: "/external-login?" + strings.ReplaceAll(query, "=T", "="+f.ali)}); r.Status != status {
			t.Errorf("%.30s: %d, want %d", query, r.Status, status)
		}
	}
}
