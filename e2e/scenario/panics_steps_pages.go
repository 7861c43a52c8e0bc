package scenario

import (
	"net/http"
	"net/url"
	"strings"
)

// stepPages reaches what is for people in browsers alone: pages of refusals, the way to a
// login and back, a list of secrets, a cookie's domain.
func stepPages(f *panicFixture) {
	up := newSMSPanel(f.Clock())
	defer up.Close()
	session := []any{
		"secret",
		[]any{"env:UPSTREAMAUTH_SESSION_ANOTHER", "env:UPSTREAMAUTH_SESSION"},
		"login", "https://panel.test/in?rd={return}", "return", "rd",
		"logoutRedirect", "/bye", "domain", "example.com",
	}
	config := sessionConfig(routeConfig("bearer", "ippanel", up.URL), session...)
	f.apply(Routes{"old": sessionConfig(routeConfig("bearer", "ippanel", up.URL)), "r": config, "here": sessionConfig(routeConfig("bearer", "ippanel", up.URL), "login", "/in", "secret", "env:UPSTREAMAUTH_SESSION, env:UPSTREAMAUTH_SESSION_ANOTHER")})
	token := up.IssueToken(Marker + "ali")
	cookie := f.handOff(303, Request{Route: "old", Path: "/external-login?token=" + token})
	for _, lines := range load {
		f.expect(303, "", Request{Route: "r", Path: "/a?b=c", Headers: append([]string{"X-Forwarded-Prefix: /app"}, lines...)})
		f.expect(303, "", Request{Route: "here", Path: "/a", Headers: lines})
		f.expect(401, "", Request{Route: "here", Path: "/in", Headers: lines})
		f.expect(401, "", Request{Route: "r", Headers: append([]string{bearer("wrong")}, lines...)})
		f.expect(401, "", Request{Route: "old", Headers: lines})
		f.expect(401, "", Request{Route: "r", Method: http.MethodPost, Headers: append([]string{form}, lines...), Body: strings.NewReader("a=b")})
		if cookie != "" {
			f.expect(200, Marker+"ali", getRequest("r", append([]string{cookie}, lines...)...))
		}
	}
	f.expect(303, "", Request{Route: "r", Path: "/external-login?rd=%2Fa&token=" + url.QueryEscape(token)})
	f.expectPage(Request{Route: "r", Path: "/external-login?rd=%2Fa&token=" + token, Headers: []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Dest: iframe"}})
	if cookie != "" {
		f.expect(303, "", Request{Route: "r", Method: http.MethodPost, Path: "/logout", Headers: []string{cookie, "Origin: http://r.test"}})
	}
}

// stepLoginPage reaches the login page, an account that a cookie carries, and web sockets.
func stepLoginPage(f *panicFixture) {
	up := newThammasat(f.Clock())
	defer up.Close()
	config := with(sessionConfig(basicConfig(up)), "websocket", map[string]any{"maxAge": "token"})
	f.apply(Routes{"r": config, "forwards": with(config, "forwardCredential", true)})
	post := func(user, password string) Request {
		body := url.Values{"username": {user}, "password": {password}}.Encode()
		return Request{Route: "r", Method: http.MethodPost, Path: "/login?return=%2Fa", Body: strings.NewReader(body), Headers: []string{form, "Origin: http://r.test"}}
	}
	f.expect(303, "", Request{Route: "r", Path: "/a", Headers: load[0]})
	f.expect(401, "", Request{Route: "r", Path: "/a", Headers: []string{"Sec-Fetch-Mode: cors"}})
	f.expectPage(Request{Route: "r", Path: "/login"})
	f.expect(401, "", post(student, ""))
	f.expect(401, "", post(student, Marker+"wrong"))
	f.expect(403, "", Request{Route: "r", Method: http.MethodPost, Path: "/login", Headers: []string{form, "Origin: https://evil.test"}})
	r, err := f.Try(post(student, password))
	line, _, _ := strings.Cut(r.Header.Get("Set-Cookie"), ";")
	if err != nil || r.Status != 303 || line == "" {
		if !f.enabled {
			f.t.Errorf("a login: %d %v", r.Status, err)
		}
		return
	}
	cookie := "Cookie: " + line
	user := strings.ToLower(student)
	f.expect(200, user, getRequest("r", cookie))
	f.expect(200, user, getRequest("forwards", cookie))
	f.expect(303, "", Request{Route: "r", Path: "/login", Headers: []string{cookie}})
	// The backend of this step speaks no web sockets: what counts is whether it is reached.
	for origin, status := range map[string]int{"http://r.test": 200, "https://evil.test": 403} {
		socket, got, err := dial(f.Harness, cookie, "Origin: "+origin)
		if socket != nil {
			_ = socket.Close()
		}
		if got != status && !f.enabled {
			f.t.Errorf("a web socket from %s: %d %v", origin, got, err)
		}
	}
}
