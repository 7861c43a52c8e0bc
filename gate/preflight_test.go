package gate

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestIsPreflight(t *testing.T) {
	preflight := func() *http.Request {
		r := httptest.NewRequest(http.MethodOptions, "/?_method=DELETE", nil)
		for _, name := range []string{"Accept", "Origin", requestMethod, "Access-Control-Request-Headers", "User-Agent", "Sec-Fetch-Mode", "X-Forwarded-For", "Connection", "Content-Length"} {
			r.Header[name] = []string{"x"}
		}
		return r
	}
	t.Run("a browser's is one", func(t *testing.T) {
		if !isPreflight(preflight(), nil) {
			t.Error("it is not")
		}
	})
	for _, name := range []string{
		"Cookie", "Authorization", "Application-Key", "Application_Key", "application.key", "Proxy-Authorization", "Upgrade", "Http2-Settings", "Http2_Settings", "Expect",
		"X-Http-Method-Override", "X_HTTP_Method_Override", "x.http.method", "X-Method-Override", "X~Method~Override", "X-Http-Method", "X-Original-Method",
		"Access_control-Request-Method", "X-" + strings.Repeat("Long-", 13),
	} {
		t.Run("none with "+name, func(t *testing.T) {
			r := preflight()
			r.Header[name] = []string{""}
			if isPreflight(r, nil) {
				t.Error("it is one")
			}
		})
	}
	for name, change := range map[string]func(r *http.Request){
		"another method":      func(r *http.Request) { r.Method = http.MethodGet },
		"a body":              func(r *http.Request) { r.Body, r.ContentLength = http.NoBody, 3 },
		"an unknown length":   func(r *http.Request) { r.ContentLength = -1 },
		"a transfer encoding": func(r *http.Request) { r.TransferEncoding = []string{"chunked"} },
		"a trailer":           func(r *http.Request) { r.Trailer = http.Header{"X": nil} },
		"two origins":         func(r *http.Request) { r.Header["Origin"] = []string{"a", "b"} },
		"no origin":           func(r *http.Request) { r.Header["Origin"] = []string{""} },
		"two methods":         func(r *http.Request) { r.Header[requestMethod] = strings.Split("PUT,PUT", ",") },
		"an empty method":     func(r *http.Request) { r.Header[requestMethod] = []string{""} },
	} {
		t.Run("none with "+name, func(t *testing.T) {
			r := preflight()
			change(r)
			if isPreflight(r, nil) {
				t.Error("it is one")
			}
		})
	}
}
