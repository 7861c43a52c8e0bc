package scenario

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Issuers: an issuer route changes nothing of what passes it.
var Issuers = []Scenario{
	{Name: "login responses pass byte for byte; only complete, small and well-formed ones are read", Run: loginReplies},
	{Name: "all requests but documented logins pass an issuer route unchanged", Run: otherRequests},
}

// rawServer responds with the bytes that it is given, status line included, and
// closes the connection.
type rawServer struct {
	*httptest.Server
	mu   sync.Mutex
	wire string
}

func newRawServer(t testing.TB) *rawServer {
	raw := &rawServer{}
	raw.Server = upstreams.NewHTTPServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		raw.mu.Lock()
		defer raw.mu.Unlock()
		_, _ = io.WriteString(conn, raw.wire)
		_ = conn.Close()
	}))
	return raw
}

func (raw *rawServer) respondWith(wire string) {
	raw.mu.Lock()
	defer raw.mu.Unlock()
	raw.wire = wire
}

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.String()
}

// wholeReply is an HTTP response with this body and a Content-Length.
func wholeReply(body string, headers ...string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n%s\r\n%s", len(body), lines(headers), body)
}

// chunkedReply is an HTTP response with this body in two chunks.
func chunkedReply(body string, headers ...string) string {
	half := len(body) / 2
	return "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n" + lines(headers) +
		fmt.Sprintf("\r\n%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n", half, body[:half], len(body)-half, body[half:])
}

const (
	gzipHeader   = "Content-Encoding: gzip"
	brotliHeader = "Content-Encoding: br"
)

// loginReplyCases are responses to a login, and whether the token in them is known
// from then on.
var loginReplyCases = map[string]struct {
	known   bool
	reply   func(body string, headers ...string) string
	body    func(token string) string
	headers []string
}{
	"plain":                    {true, wholeReply, plainLogin, nil},
	"chunked":                  {true, chunkedReply, plainLogin, nil},
	"gzip":                     {true, wholeReply, gzippedLogin(0), []string{gzipHeader}},
	"gzip, chunked":            {true, chunkedReply, gzippedLogin(0), []string{gzipHeader}},
	"of 60 KiB":                {true, wholeReply, paddedLogin(60 << 10), nil},
	"over 64 KiB":              {false, wholeReply, paddedLogin(64 << 10), nil},
	"over 64 KiB, chunked":     {false, chunkedReply, paddedLogin(64 << 10), nil},
	"over 64 KiB decompressed": {false, wholeReply, gzippedLogin(64 << 10), []string{gzipHeader}},
	"another encoding":         {false, wholeReply, plainLogin, []string{brotliHeader}},
	"not gzip, but declared":   {false, wholeReply, plainLogin, []string{gzipHeader}},
	"malformed":                {false, wholeReply, func(token string) string { return plainLogin(token) + "}" }, nil},
	"a key twice":              {false, wholeReply, func(token string) string { return loginReply(token, `,"Access_Token":"x"`) }, nil},
	"status false":             {false, wholeReply, replacedLogin("true", "false"), nil},
	"status as text":           {false, wholeReply, replacedLogin("true", `"true"`), nil},
	"the token is a number":    {false, wholeReply, func(token string) string { return strings.Replace(plainLogin(token), `"`+token+`"`, "7", 1) }, nil},
	"not UTF-8":                {false, wholeReply, func(token string) string { return loginReply(token, ",\"x\":\"\xff\"") }, nil},
}

func plainLogin(token string) string { return loginReply(token, "") }

func paddedLogin(size int) func(token string) string {
	return func(token string) string { return loginReply(token, `,"pad":"`+strings.Repeat("x", size)+`"`) }
}

func gzippedLogin(size int) func(token string) string {
	return func(token string) string { return gzipped(paddedLogin(size)(token)) }
}

// replacedLogin replaces the first occurrence of a text.
func replacedLogin(old, replacement string) func(token string) string {
	return func(token string) string { return strings.Replace(plainLogin(token), old, replacement, 1) }
}

func loginReplies(t *testing.T, h *Harness) {
	up := newBTS(h.Clock())
	defer up.Close()
	raw := newRawServer(t)
	defer raw.Close()
	h.Serve(Routes{"login": issuerConfig("bts", up.URL), "r": btsConfig(up, "loginSecret", loginSecret)})
	h.Backend.ProxyTo("login", raw.URL)
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(up.IssueToken(Marker + "courier"))}}) // the canary has run

	for name, c := range loginReplyCases {
		token := up.IssueToken(Marker + "courier")
		body := c.body(token)
		raw.respondWith(c.reply(body, c.headers...))
		r := h.Do(Request{Route: "login", Method: "POST", Path: "/auth/login", Headers: []string{"Accept-Encoding: gzip"}})
		if r.Status != 200 || r.Body != body {
			t.Errorf("%s: %d, %d bytes passed of %d", name, r.Status, len(r.Body), len(body))
		}
		up.Answer(token, upstreams.Reply{Status: 429}) // then only a token of a login is allowed
		if got := h.Get("r", bearer(token)); got.Status != map[bool]int{true: 200, false: 429}[c.known] {
			t.Errorf("%s: %d", name, got.Status)
		}
	}
	for name, change := range map[string]func(wire string) string{
		"cut off":         func(wire string) string { return wire[:len(wire)-8] },
		"another success": func(wire string) string { return strings.Replace(wire, "200 OK", "201 Created", 1) },
		"a denial":        func(wire string) string { return strings.Replace(wire, "200 OK", "401 No", 1) },
	} {
		const unissued = "never-issued"
		for _, wire := range []string{wholeReply(plainLogin(unissued)), chunkedReply(plainLogin(unissued))} {
			raw.respondWith(change(wire))
			_, err := h.send(Request{Route: "login", Method: "POST", Path: "/auth/login"})
			if cut := name == "cut off"; (err != nil) != cut {
				t.Errorf("%s: %v", name, err)
			}
			h.Expect(401, Request{Route: "r", Headers: []string{bearer(unissued)}})
		}
	}
}

// otherRequests: an issuer route protects nothing and removes nothing.
func otherRequests(t *testing.T, h *Harness) {
	up := newBTS(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": issuerConfig("bts", up.URL)})
	lines := []string{"X-Auth-User: " + Marker + "as-it-came", "X_Auth_Id: 7", "Authorization: Bearer a", "Application-Key: b", "Cookie: upstreamauth=x; a=1"}
	for _, method := range []string{"GET", "POST", "PUT", "OPTIONS"} {
		r := h.Expect(200, Request{Route: "r", Method: method, Headers: lines, Body: strings.NewReader("1234")})
		expectEqual(t, "bytes of the body", fmt.Sprint(r.Seen.Length), "4")
		for _, line := range lines {
			name, value, _ := strings.Cut(line, ": ")
			if got := strings.Join(r.Seen.Header[http.CanonicalHeaderKey(name)], "|"); got != value && !strings.Contains(name, "_") {
				t.Errorf("%s %s: %q", method, name, got)
			}
		}
	}
	echoOverSocket(t, h, http.Header{"X-Auth-User": {"as-it-came"}}, "as-it-came")
	h.Backend.ProxyTo("r", up.URL)
	token := up.IssueToken(Marker + "courier")
	for name, c := range map[string]struct {
		status int
		call   Request
	}{
		"another call of the API":  {200, Request{Path: upstreams.BTSStatusPath, Headers: []string{bearer(token), "Accept: application/json"}}},
		"a login by GET":           {405, Request{Path: "/auth/login"}},
		"a path below the login's": {404, Request{Method: "POST", Path: "/auth/login/x"}},
		"the path encoded":         {0, Request{Method: "POST", Path: "/auth%2Flogin"}},
		"the path in other case":   {404, Request{Method: "POST", Path: "/Auth/Login"}},
	} {
		c.call.Route = "r"
		r := h.Do(c.call)
		if c.status != 0 && r.Status != c.status {
			t.Errorf("%s: %d %s", name, r.Status, r.Body)
		}
	}
}

func lines(headers []string) string {
	text := ""
	for _, line := range headers {
		text += line + "\r\n"
	}
	return text
}

// loginReply is the body of a BTS login's response.
func loginReply(token, more string) string {
	return `{"status":true,"message":"ok","status_code":200,"data":{"access_token":"` + token + `","refresh_token":"another"` + more + `}}`
}
