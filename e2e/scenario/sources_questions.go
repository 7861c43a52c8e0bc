package scenario

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

func ownPattern(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	token := issueToken(up, "ali")
	h.Serve(Routes{"r": webServiceConfig(up, "pattern", "a|[^x]{8,}", "cookie", "sid", "query", "t")})
	calls := 0
	for range 3 {
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
		if calls == 0 {
			calls = up.Calls()
		}
		for _, bad := range []string{"axxxxxxxx", "1234567", "xxxxxxxxxxxx", "aa"} {
			h.Expect(400, Request{Route: "r", Headers: []string{bearer(bad)}})
			h.Expect(400, Request{Route: "r", Headers: []string{"Cookie: sid=" + bad}})
			h.Expect(400, Request{Route: "r", Path: "/?t=" + bad})
		}
	}
	expectCount(t, "calls", up.Calls(), calls)
}

func otherWays(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": with(webServiceConfig(up, "header", "X-Token", "cookie", "sid", "query", "t"), "optional", "true", "preflight", "true")})
	ask := []string{"Origin: https://a.example", "Access-Control-Request-Method: GET"}
	r := h.Expect(200, Request{Route: "r", Method: http.MethodOptions, Path: "/?t=secret&x=1", Headers: ask})
	expectGone(t, r, "secret")
	expectEqual(t, "the address", r.Seen.URI, "/?x=1")
	h.Expect(401, Request{Route: "r", Method: http.MethodOptions, Path: "/", Headers: append([]string{"X-Token: secret"}, ask...)})
	h.Expect(401, Request{Route: "r", Method: http.MethodOptions, Path: "/", Headers: append([]string{"Cookie: sid=secret"}, ask...)})
	r = h.Expect(200, Request{Route: "r", Path: "/?t=&x=1", Headers: []string{"X-Token:", "Cookie: sid=; a=1"}})
	expectEqual(t, "an anonymous request", r.Seen.URI+" "+r.Seen.Header.Get("Cookie"), "/?x=1 a=1")
	h.Expect(401, Request{Route: "r", Path: "/?t=secret"})
	h.Expect(400, Request{Route: "r", Path: "/?t=secret&t=secret"})
}

func socketSources(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": webServiceConfig(up, "cookie", "sid", "query", "t")})
	token := issueToken(up, "ali")
	for range 2 {
		echoAt(t, h, "r", http.Header{"Cookie": {"sid=" + token}}, Marker+"ali")
		dialer := websocket.Dialer{}
		socket, _, err := dialer.Dial("ws"+strings.TrimPrefix(h.URL(), "http")+"/socket?t="+token, http.Header{"Host": {"r.test"}})
		if err != nil {
			t.Fatal(err)
		}
		_, greeting, _ := socket.ReadMessage()
		expectEqual(t, "the user", string(greeting), Marker+"ali")
		_ = socket.Close()
	}
}

func sessionBesideCookie(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": sessionConfig(webServiceConfig(up, "header", "X-Token", "cookie", "sid", "query", "t"))})
	browser, other := h.newBrowser(t), issueToken(up, "other")
	browser.followLink(303, issueToken(up, "ali"))
	for range 3 {
		browser.expectUser(Marker + "ali")
		for _, request := range []Request{
			{Headers: []string{"X-Token: " + other}}, {Headers: []string{"Cookie: sid=" + other}}, {Path: "/?t=" + other},
		} {
			r := browser.send(request)
			if r.Status != 200 || r.Seen == nil || identityOf(t, r.Seen)["X-Auth-User"] != Marker+"other" {
				t.Errorf("a credential beside a session: %d", r.Status)
			}
			expectGone(t, r, other)
		}
		if r := browser.send(Request{Path: "/?t=" + Marker + "unknown"}); r.Status != 401 {
			t.Errorf("a bad credential beside a session: %d", r.Status)
		}
	}
}

func linesBeside(t *testing.T, h *Harness) {
	up, tu := newWebService(h.Clock()), newThammasat(h.Clock())
	defer up.Close()
	defer tu.Close()
	h.Serve(Routes{
		"r": webServiceConfig(up, "cookie", "sid", "query", "t"), "own": webServiceConfig(up, "header", "X-Token", "scheme", "Key", "cookie", "sid", "query", "t"),
		"paired": {"applicationKey": map[string]any{"api": "thammasat", "url": tu.URL, "account": "true", "cookie": "sid", "query": "t"}},
	})
	token, account := issueToken(up, "ali"), basic(student, password)
	for _, c := range []struct{ route, secret, beside string }{
		{"r", token, "Authorization:"},
		{"r", token, "Authorization: Digest username=shared"},
		{"own", token, "X-Token:"},
		{"own", token, "X-Token: other"},
		{"paired", validKey, "Application-Key:"},
	} {
		beside := []string{c.beside}
		if c.route == "paired" {
			beside = append(beside, account)
		}
		for range 3 {
			h.Expect(200, Request{Route: c.route, Headers: append([]string{"Cookie: sid=" + c.secret}, beside...)})
			h.Expect(200, Request{Route: c.route, Headers: beside, Path: "/?t=" + c.secret})
		}
		h.Expect(401, Request{Route: c.route, Headers: beside})
	}
}

func questionHeaders(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": webServiceConfig(up, "host", "Keys.example.test", "headers", map[string]any{
		"language": "uz", "User-Agent": "own/1", "X-Gate": "env:UPSTREAMAUTH_TU_KEY",
	})})
	token := issueToken(up, "ali")
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
	for _, asked := range up.Requests() {
		expectEqual(t, "the headers of a question", asked.Header.Get("Language")+" "+asked.Header.Get("User-Agent"), "uz own/1")
		expectEqual(t, "the host", asked.Host, "keys.example.test")
		if asked.Header.Get("X-Gate") == "" || strings.HasPrefix(asked.Header.Get("X-Gate"), "env:") {
			t.Error("a header from a variable is not sent")
		}
	}
}

func questionProxy(t *testing.T, h *Harness) {
	for _, secured := range []bool{false, true} {
		up := upstreams.NewWebService(upstreams.WebServiceOptions{Options: upstreams.Options{Clock: h.Clock(), TLS: secured}})
		gateway, closed := upstreams.NewGateway("gate", "gate-word"), upstreams.NewGateway("gate", "gate-word")
		wrong := strings.Replace(gateway.URL, "gate-word", "gate-wrong", 1)
		more := []any{}
		if secured {
			more = []any{"tls", map[string]any{"ca": up.CA()}}
		}
		h.Serve(Routes{
			"r": webServiceConfig(up, append(more, "proxy", gateway.URL)...), "wrong": webServiceConfig(up, append(more, "proxy", wrong)...),
			"closed": webServiceConfig(up, append(more, "proxy", closed.URL)...),
		})
		closed.Close()
		for range 3 {
			h.Expect(200, Request{Route: "r", Headers: []string{bearer(issueToken(up, "ali"))}})
		}
		want := "GET " + up.URL + up.Path()
		if secured {
			want = "CONNECT " + strings.TrimPrefix(up.URL, "https://")
		}
		if seen := strings.Join(gateway.Seen(), "\n"); !strings.Contains(seen, want) {
			t.Errorf("the proxy has seen %s, want %s", seen, want)
		}
		token := issueToken(up, "other")
		h.Expect(500, Request{Route: "wrong", Headers: []string{bearer(token)}})
		h.Expect(500, Request{Route: "closed", Headers: []string{bearer(token)}})
		expectCount(t, "calls past the proxy", up.CallsWith(token), 0)
		gateway.Close()
		up.Close()
	}
}

func questionScopes(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	gateway := upstreams.NewGateway("", "")
	defer gateway.Close()
	h.Serve(Routes{
		"a": webServiceConfig(up), "b": webServiceConfig(up, "headers", map[string]any{"Language": "uz"}), "c": webServiceConfig(up, "headers", map[string]any{"Language": "fa"}),
		"d": webServiceConfig(up, "host", "a.test"), "e": webServiceConfig(up, "proxy", gateway.URL), "f": webServiceConfig(up, "cookie", "a"),
	})
	token := issueToken(up, "ali")
	for _, route := range []string{"a", "b", "c", "d", "e", "f", "a", "b", "c", "d", "e", "f"} {
		h.Expect(200, Request{Route: route, Headers: []string{bearer(token)}})
	}
	expectCount(t, "calls: one a scope", up.CallsWith(token), 5)
}

func partsOfRequests(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": routeConfig("bearer", "custom", up.URL, "path", up.Path(), "header", "X-Token", "cookie", "sid", "custom", map[string]any{
		"request": map[string]any{"headers": map[string]any{"Authorization": "Bearer {token}", "X-About": "{method}:{header:X-Tenant}"}},
	})})
	token := issueToken(up, "ali")
	for range 4 {
		for _, line := range []string{"X-Token: " + token, "Cookie: sid=" + token} {
			r := h.Expect(200, Request{Route: "r", Headers: []string{line}})
			expectGone(t, r, token)
			h.Expect(200, Request{Route: "r", Method: http.MethodPost, Headers: []string{line}})
			h.Expect(200, Request{Route: "r", Headers: []string{line, "X-Tenant: a"}})
			h.Expect(400, Request{Route: "r", Headers: []string{line, "X-Tenant: a", "X-Tenant: a"}})
			h.Expect(400, Request{Route: "r", Headers: []string{line, "X-Tenant: \xc3\xa9"}})
		}
	}
	expectCount(t, "calls with the token", up.CallsWith(token), 3)
}
