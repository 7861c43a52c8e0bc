package scenario

import (
	"net/http"
	"strings"
	"testing"
)

// Preflights: what a browser never sends with one is no preflight.
var Preflights = []Scenario{
	{Name: "a preflight with a credential, a cookie, a body or a method override is an ordinary request", Run: noPreflights},
	{Name: "a browser's preflight passes, through proxies too", Run: browsersPreflight},
}

// preflightRoutes serves a route with preflights for each way of sending a credential.
func preflightRoutes(h *Harness) (done func()) {
	all, done := oneOfEach(h.Clock())
	routes := Routes{}
	for _, cred := range all {
		routes[cred.route] = with(cred.config, "preflight", true)
	}
	h.Serve(routes)
	return done
}

func noPreflights(t *testing.T, h *Harness) {
	defer preflightRoutes(h)()
	preflight := []string{"Origin: https://a.test", "Access-Control-Request-Method: PUT"}
	for _, route := range []string{"panel", "key", "account"} {
		for _, line := range []string{
			"Cookie: theme=dark", "Authorization: Digest x", "Authorization: ", "Application-Key: ", "Application_Key: x",
			"Upgrade: h2c", "Upgrade: websocket", "HTTP2-Settings: AAMAAABk", "Expect: 100-continue",
			"X-HTTP-Method-Override: DELETE", "X-Http-Method: DELETE", "X-Method-Override: DELETE",
			"X_HTTP_Method_Override: DELETE", "x.method.override: DELETE", "X-HTTP_Method: PUT", "X_Method-Override: DELETE",
			"Origin: https://b.test", "Access-Control-Request-Method: DELETE", "Access_Control_Request_Method: DELETE",
		} {
			r := h.Do(Request{Route: route, Method: http.MethodOptions, Headers: append(preflight[:2:2], line)})
			if r.Status/100 != 4 || r.Seen != nil {
				h.Counters.falseAccepts.Add(1)
				t.Errorf("%s: with %q: status %d, backend reached: %t", route, redact([]string{line}), r.Status, r.Seen != nil)
			}
		}
		r := h.Do(Request{Route: route, Method: http.MethodOptions, Headers: preflight, Body: strings.NewReader("_method=DELETE")})
		if r.Status != 401 {
			h.Counters.falseAccepts.Add(1)
			t.Errorf("%s: with a body: status %d", route, r.Status)
		}
		text := "OPTIONS / HTTP/1.1\r\nHost: " + route + ".test\r\n" + strings.Join(preflight, "\r\n") + "\r\n"
		for _, end := range []string{
			"Transfer-Encoding: chunked\r\n\r\n3\r\nx=1\r\n0\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
			"Transfer-Encoding: chunked\r\nTrailer: X-Http-Method\r\n\r\n0\r\nX-Http-Method: DELETE\r\n\r\n",
		} {
			conn, _, response := h.raw(http.MethodOptions, text+end)
			_ = conn.Close()
			if response.StatusCode != 401 {
				h.Counters.falseAccepts.Add(1)
				t.Errorf("%s: %q: status %d", route, end, response.StatusCode)
			}
		}
	}
}

func browsersPreflight(t *testing.T, h *Harness) {
	defer preflightRoutes(h)()
	browser := []string{
		"Accept: */*", "Accept-Encoding: gzip, deflate, br, zstd", "Accept-Language: fa", "Access-Control-Request-Headers: authorization,x-http-method-override",
		"Access-Control-Request-Method: PUT", "Access-Control-Request-Private-Network: true", "Cache-Control: no-cache", "Connection: keep-alive",
		"Origin: https://a.test", "Pragma: no-cache", "Priority: u=1, i", "Referer: https://a.test/", "Sec-Fetch-Dest: empty", "Sec-Fetch-Mode: cors",
		"Sec-Fetch-Site: cross-site", "User-Agent: Mozilla/5.0", "Via: 1.1 proxy", "X-Forwarded-For: 192.0.2.1", "Forwarded: for=192.0.2.1", "Cf-Ray: x",
		"X-Auth-User: admin", "Content-Length: 0",
	}
	for range 2 {
		r := h.Expect(200, Request{Route: "panel", Method: http.MethodOptions, Path: "/?_method=DELETE", Headers: browser})
		expectEqual(t, "identities on a preflight", len(identityOf(t, r.Seen)), 0)
	}
}
