package scenario

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

func closedStatus(t *testing.T, h *Harness) {
	h.Serve(Routes{"status": statusConfig("limits", map[string]any{"perClient": "40/1h"})})
	expect := func(want int, request Request) {
		t.Helper()
		request.Route = "status"
		r := h.Do(request)
		if r.Status != want || r.Seen != nil || strings.Contains(r.Body, "upstreamauth_") {
			t.Errorf("%s %s %v: %d, want %d: %.80s", request.Method, request.Path, redact(request.Headers), r.Status, want, r.Body)
			h.Counters.falseAccepts.Add(1)
		}
	}
	const from = "127.0.8.1"
	for _, path := range []string{"/", "/metrics", "/status", "/x/y/status", "/forget", "/logout", "/other", "/%2e%2e/status", "/status;x"} {
		for _, lines := range [][]string{
			nil, {bearer("wrong")}, {bearer(statusToken), bearer(statusToken)}, {"Authorization: Basic " + statusToken}, {"Cookie: upstreamauth-status=" + statusToken},
		} {
			if len(lines) == 2 && lines[0] == lines[1] {
				continue // Traefik joins nothing, and Go's client sends both: played in the unit tests
			}
			request := Request{Path: path, Headers: lines, From: from}
			if path == "/forget" {
				request.Method, request.Body = http.MethodPost, strings.NewReader(`{"api": "bts"}`)
			}
			expect(401, request)
		}
	}
	expect(400, Request{Path: "/status?token=" + statusToken, From: from})
	expect(400, Request{Path: "/?access_token=" + statusToken, From: from})
	for range 4 {
		expect(401, Request{Path: "/status", Headers: []string{bearer("guess")}, From: from})
	}
	r := h.Do(Request{Route: "status", Path: "/status", Headers: []string{bearer(statusToken)}, From: from})
	if r.Status != 429 || r.Header.Get("Retry-After") == "" {
		t.Errorf("a client that guesses goes on: %d", r.Status)
	}
	r = h.Do(Request{Route: "status", Path: "/status", Headers: []string{bearer(statusToken)}, From: "127.0.8.2"})
	if r.Status != 200 {
		t.Errorf("another client cannot look: %d", r.Status)
	}
}

func statusCookie(t *testing.T, h *Harness) {
	up := newIPPanel(h.Clock())
	defer up.Close()
	// The session's secret is the token of the status route: an operator may do that.
	h.Serve(Routes{
		"status":  statusConfig(),
		"secured": statusConfig("status", map[string]any{"token": "env:UPSTREAMAUTH_SESSION", "secure": "always"}),
		"r":       with(routeConfig("bearer", "ippanel", up.URL), "session", map[string]any{"secret": "env:UPSTREAMAUTH_SESSION", "cookie": "upstreamauth-status"}),
	})
	secret := statusToken
	send := func(route, method, path, body string, lines ...string) Response {
		t.Helper()
		request := Request{Route: route, Method: method, Path: path, Headers: append(lines, "Accept: text/html")}
		if body != "" {
			request.Body = strings.NewReader(body)
			request.Headers = append(request.Headers, "Content-Type: application/x-www-form-urlencoded")
		}
		r := h.Do(request)
		if route == "status" {
			ExpectNoMarker(t, r.Body)
		}
		return r
	}
	own := "Sec-Fetch-Site: same-origin"
	page := send("status", "GET", "/ops/", "")
	if page.Status != 401 || !strings.Contains(page.Body, "<form") || !strings.Contains(page.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
		t.Errorf("%d %v", page.Status, page.Header)
	}
	for _, line := range []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site", "Origin: https://evil.example", "X-None: x"} {
		if r := send("status", "POST", "/ops/", "token="+secret, line); r.Status != 403 || r.Header.Get("Set-Cookie") != "" {
			t.Errorf("a form of another site: %s: %d", line, r.Status)
		}
	}
	r := send("status", "POST", "/ops/", "token="+secret, own)
	line := r.Header.Get("Set-Cookie")
	if r.Status != 303 || !strings.Contains(line, "HttpOnly; SameSite=Strict") || strings.Contains(line, secret) {
		t.Fatalf("%d %q", r.Status, line)
	}
	cookie := "Cookie: " + strings.Split(line, ";")[0]
	if r := send("status", "GET", "/ops/", "", cookie); r.Status != 200 || !strings.Contains(r.Body, "Upstreams") {
		t.Errorf("%d %.80s", r.Status, r.Body)
	}
	statusCookieElsewhere(t, up, cookie, send)
	if r := send("status", "POST", "/ops/logout", "", cookie, own); r.Status != 303 || !strings.Contains(r.Header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("%d %v", r.Status, r.Header)
	}
	secured := send("secured", "POST", "/ops/", "token="+secret, own).Header.Get("Set-Cookie")
	if !strings.Contains(secured, "HttpOnly; Secure; SameSite=Strict") {
		t.Errorf("secure: always: %q", secured)
	}
}

// statusCookieElsewhere: a status cookie opens no other door, and what a session has sealed
// opens none there.
func statusCookieElsewhere(t *testing.T, up *upstreams.IPPanel, cookie string, send func(route, method, path, body string, lines ...string) Response) {
	t.Helper()
	if r := send("r", "GET", "/", "", cookie); r.Status != 401 || r.Seen != nil {
		t.Errorf("a status cookie on a gate: %d", r.Status)
	}
	token := up.IssueToken(Marker + "ali")
	handOff := send("r", "GET", "/external-login?token="+token, "")
	session := "Cookie: " + strings.Split(handOff.Header.Get("Set-Cookie"), ";")[0]
	if r := send("r", "GET", "/", "", session); r.Status != 200 {
		t.Errorf("the session: %d", r.Status)
	}
	if r := send("status", "GET", "/ops/status", "", session); r.Status != 401 {
		t.Errorf("a session's cookie on the status route: %d", r.Status)
	}
	for _, forged := range []string{cookie + "x", cookie + "; " + strings.TrimPrefix(cookie, "Cookie: "), strings.ToLower(cookie)} {
		if r := send("status", "GET", "/ops/status", "", forged); r.Status != 401 {
			t.Errorf("a forged cookie: %d", r.Status)
		}
	}
}

func forgedForgets(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": webServiceConfig(up), "status": statusConfig()})
	token := issueToken(up, "client")
	h.Expect(200, getRequest("r", bearer(token)))
	login := h.Do(Request{Route: "status", Method: "POST", Path: "/", Body: strings.NewReader("token=" + statusToken), Headers: []string{"Sec-Fetch-Site: same-origin"}})
	cookie := "Cookie: " + strings.Split(login.Header.Get("Set-Cookie"), ";")[0]
	wish := func() io.Reader { return strings.NewReader(`{"api": "webservice"}`) }
	large := func(n int) io.Reader { return strings.NewReader(`{"bearer": "` + strings.Repeat("x", n) + `"}`) }
	for _, c := range []struct {
		name   string
		status int
		method string
		body   io.Reader
		lines  []string
	}{
		{"a page of another site", 403, "POST", wish(), []string{cookie, "Sec-Fetch-Site: cross-site"}},
		{"a page of a sibling", 403, "POST", wish(), []string{cookie, "Sec-Fetch-Site: same-site", "Origin: http://sibling.test"}},
		{"no page at all", 403, "POST", wish(), []string{cookie}},
		{"a link", 405, "GET", nil, []string{cookie, "Sec-Fetch-Site: same-origin"}},
		{"another method", 405, "PUT", wish(), []string{bearer(statusToken)}},
		{"a body that is too large", 413, "POST", large(16 << 10), []string{bearer(statusToken)}},
		{"a very large one", 413, "POST", large(1 << 20), []string{bearer(statusToken)}},
		{"a misspelt key", 400, "POST", strings.NewReader(`{"aip": "webservice"}`), []string{bearer(statusToken)}},
		{"a key twice", 400, "POST", strings.NewReader(`{"api": "x", "api": "webservice"}`), []string{bearer(statusToken)}},
		{"a form", 400, "POST", strings.NewReader("api=webservice"), []string{bearer(statusToken)}},
	} {
		r, err := h.Try(Request{Route: "status", Method: c.method, Path: "/forget", Body: c.body, Headers: c.lines})
		if err != nil && c.status == 413 {
			continue // the connection was closed before all was sent
		}
		if err != nil || r.Status != c.status {
			t.Errorf("%s: %d %v, want %d", c.name, r.Status, err, c.status)
		}
	}
	h.Expect(200, getRequest("r", bearer(token)))
	expectCount(t, "calls", up.CallsWith(token), 1)
	// From the page itself it is forgotten.
	r := h.Do(Request{Route: "status", Method: "POST", Path: "/forget", Body: wish(), Headers: []string{cookie, "Sec-Fetch-Site: same-origin"}})
	if r.Status != 200 {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	h.Expect(200, getRequest("r", bearer(token)))
	expectCount(t, "calls", up.CallsWith(token), 2)
}
