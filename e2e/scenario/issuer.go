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

// Issuers: what an issuer route does to what passes, which is nothing.
var Issuers = []Scenario{
	{Name: "replies of a login pass byte for byte, and teach only if they are whole, small and plain", Run: loginReplies},
	{Name: "everything but a documented login passes an issuer route untouched", Run: otherRequests},
}

// rawServer is a server that answers with bytes of a test's own: a whole reply as
// it goes over the wire, after which it hangs up.
type rawServer struct {
	*httptest.Server
	mu   sync.Mutex
	wire string
}

func newRawServer(t testing.TB) *rawServer {
	raw := &rawServer{}
	raw.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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

func chunked(text string) string {
	half := len(text) / 2
	return fmt.Sprintf("%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n", half, text[:half], len(text)-half, text[half:])
}

func loginReplies(t *testing.T, h *Harness) {
	up := newBTS(h.Clock())
	defer up.Close()
	raw := newRawServer(t)
	defer raw.Close()
	h.Serve(Routes{"login": issuerConfig("bts", up.URL), "r": routeConfig("bearer", "bts", up.URL, "path", upstreams.BTSStatusPath, "loginSecret", loginSecret)})
	h.Backend.ProxyTo("login", raw.URL)
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(up.IssueToken(Marker + "courier"))}}) // it is trusted from here on

	padded := func(token string, size int) string {
		return loginReply(token, `,"pad":"`+strings.Repeat("x", size)+`"`)
	}
	whole := func(body string, headers ...string) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n%s\r\n%s", len(body), lines(headers), body)
	}
	open := func(body string, headers ...string) string {
		return "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n" + lines(headers) + "\r\n" + chunked(body)
	}
	zip := "Content-Encoding: gzip"
	for name, c := range map[string]struct {
		teaches bool
		wire    func(token string) (wire, body string)
	}{
		"plain":                 {true, func(k string) (string, string) { b := loginReply(k, ""); return whole(b), b }},
		"chunked":               {true, func(k string) (string, string) { b := loginReply(k, ""); return open(b), b }},
		"gzip":                  {true, func(k string) (string, string) { b := gzipped(loginReply(k, "")); return whole(b, zip), b }},
		"gzip, chunked":         {true, func(k string) (string, string) { b := gzipped(loginReply(k, "")); return open(b, zip), b }},
		"of 60 KiB":             {true, func(k string) (string, string) { b := padded(k, 60<<10); return whole(b), b }},
		"over 64 KiB":           {false, func(k string) (string, string) { b := padded(k, 64<<10); return whole(b), b }},
		"over 64 KiB, chunked":  {false, func(k string) (string, string) { b := padded(k, 64<<10); return open(b), b }},
		"over 64 KiB, unpacked": {false, func(k string) (string, string) { b := gzipped(padded(k, 64<<10)); return whole(b, zip), b }},
		"another coding":        {false, func(k string) (string, string) { b := loginReply(k, ""); return whole(b, "Content-Encoding: br"), b }},
		"gzip that is none":     {false, func(k string) (string, string) { b := loginReply(k, ""); return whole(b, zip), b }},
		"malformed":             {false, func(k string) (string, string) { b := loginReply(k, "") + "}"; return whole(b), b }},
		"a key twice":           {false, func(k string) (string, string) { b := loginReply(k, `,"Access_Token":"x"`); return whole(b), b }},
		"status false": {false, func(k string) (string, string) {
			b := strings.Replace(loginReply(k, ""), "true", "false", 1)
			return whole(b), b
		}},
		"status as text": {false, func(k string) (string, string) {
			b := strings.Replace(loginReply(k, ""), "true", `"true"`, 1)
			return whole(b), b
		}},
		"a token that is a number": {false, func(k string) (string, string) {
			b := strings.Replace(loginReply(k, ""), `"`+k+`"`, "7", 1)
			return whole(b), b
		}},
		"not UTF-8": {false, func(k string) (string, string) { b := loginReply(k, ",\"x\":\"\xff\""); return whole(b), b }},
	} {
		token := up.IssueToken(Marker + "courier")
		wire, body := c.wire(token)
		raw.respondWith(wire)
		r := h.Do(Request{Route: "login", Method: "POST", Path: "/auth/login", Headers: []string{"Accept-Encoding: gzip"}})
		if r.Status != 200 || r.Body != body {
			t.Errorf("%s: %d, %d bytes passed of %d", name, r.Status, len(r.Body), len(body))
		}
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
		expectCount(t, name, up.CallsWith(token), map[bool]int{true: 0, false: 1}[c.teaches])
	}

	const nobodys = "given-out-by-nobody"
	for name, change := range map[string]func(wire string) string{
		"cut off":         func(wire string) string { return wire[:len(wire)-8] },
		"another success": func(wire string) string { return strings.Replace(wire, "200 OK", "201 Created", 1) },
		"a refusal":       func(wire string) string { return strings.Replace(wire, "200 OK", "401 No", 1) },
	} {
		for _, wire := range []string{whole(loginReply(nobodys, "")), open(loginReply(nobodys, ""))} {
			raw.respondWith(change(wire))
			_, err := h.send(Request{Route: "login", Method: "POST", Path: "/auth/login"})
			if cut := name == "cut off"; (err != nil) != cut {
				t.Errorf("%s: %v", name, err)
			}
			h.Expect(401, Request{Route: "r", Headers: []string{bearer(nobodys)}})
		}
	}
}

// otherRequests: an issuer route is nobody's guard, and takes nothing away.
func otherRequests(t *testing.T, h *Harness) {
	up := newBTS(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": issuerConfig("bts", up.URL)})
	lines := []string{"X-Auth-User: " + Marker + "as-it-came", "X_Auth_Id: 7", "Authorization: Bearer a", "Application-Key: b", "Cookie: upstreamauth=x; a=1"}
	for _, method := range []string{"GET", "POST", "PUT", "OPTIONS"} {
		r := h.Expect(200, Request{Route: "r", Method: method, Headers: lines, Body: strings.NewReader("1234")})
		expectEqual(t, "the length", fmt.Sprint(r.Seen.Length), "4")
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
		"another call of the API": {200, Request{Path: upstreams.BTSStatusPath, Headers: []string{bearer(token), "Accept: application/json"}}},
		"a login by GET":          {405, Request{Path: "/auth/login"}},
		"a path below it":         {404, Request{Method: "POST", Path: "/auth/login/x"}},
		"an encoded one":          {0, Request{Method: "POST", Path: "/auth%2Flogin"}},
		"another case":            {404, Request{Method: "POST", Path: "/Auth/Login"}},
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

// loginReply is what the courier's API says to a login.
func loginReply(token, more string) string {
	return `{"status":true,"message":"ok","status_code":200,"data":{"access_token":"` + token + `","refresh_token":"another"` + more + `}}`
}
