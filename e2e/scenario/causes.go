package scenario

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Causes: what the log says about an upstream that gives no answer.
var Causes = []Scenario{
	{Name: "each cause of no answer names the key to change, the block, the API and the address", Run: causesOfResponses},
	{Name: "a connection that fails names what to change, too", Run: causesOfConnections},
	{Name: "a certificate that is refused names what to change, and nothing that is in it", Run: causesOfCertificates},
	{Name: "a wrong path is misconfigured for each API, and logged once", Run: causesOfEachAPI},
}

// causeCase is an upstream that gives no answer, and what the log has to say about it.
type causeCase struct {
	name  string
	url   string // of the upstream
	more  []any  // keys of the block beside it
	event string // empty: the credential is allowed
	says  []string
	never []string
}

// causePath has a query that is not to be logged.
const causePath = "/check/me?key=a-word"

// runCauses asks each upstream twice, and compares the lines that it caused.
func runCauses(t *testing.T, h *Harness, cases []causeCase) {
	routes := Routes{}
	for i, c := range cases {
		keys := append([]any{"path", causePath}, c.more...)
		routes[fmt.Sprint("r", i)] = with(routeConfig("bearer", "webservice", c.url, keys...), "canary", "false")
	}
	h.Serve(routes)
	var expected []string
	for i, c := range cases {
		request := Request{Route: fmt.Sprint("r", i), Headers: []string{bearer(Marker + "token")}}
		if c.event == "" {
			h.Expect(200, request)
			continue
		}
		h.Expect(500, request)
		h.Expect(500, request)
		expected = append(expected, request.Route)
	}
	logged := causesByMiddleware(h, expected...)
	for i, c := range cases {
		if lines := logged[fmt.Sprint("r", i)]; c.event != "" {
			c.check(t, lines)
		}
	}
}

// check compares the lines about one upstream.
func (c *causeCase) check(t *testing.T, lines []causeLine) {
	if len(lines) != 1 || lines[0].Event != c.event {
		t.Errorf("%s: %v, want one line of %s", c.name, lines, c.event)
		return
	}
	address, _ := url.Parse(c.url)
	detail := lines[0].Detail
	asked := "GET " + address.Scheme + "://" + address.Host + "/check/me"
	if lines[0].API != "webservice" || lines[0].Address != asked {
		t.Errorf("%s: the line is about %s at %s, want webservice at %s", c.name, lines[0].API, lines[0].Address, asked)
	}
	for _, part := range append([]string{"bearer (webservice), " + asked + ": "}, c.says...) {
		if !strings.Contains(detail, part) {
			t.Errorf("%s: the line lacks %q: %s", c.name, part, detail)
		}
	}
	for _, part := range append([]string{"key=", "a-word", "$", Marker}, c.never...) {
		if strings.Contains(detail, part) {
			t.Errorf("%s: the line has %q: %s", c.name, part, detail)
		}
	}
}

// causeLine is a log line about an upstream that gives no answer.
type causeLine struct{ Event, Detail, API, Address string }

// causesByMiddleware waits until there is a line of each of these middlewares, and a while
// for further ones, and returns those of each middleware.
func causesByMiddleware(h *Harness, expected ...string) map[string][]causeLine {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		found := causesSoFar(h)
		if !slices.ContainsFunc(expected, func(name string) bool { return len(found[name]) == 0 }) {
			break
		}
	}
	time.Sleep(300 * time.Millisecond)
	return causesSoFar(h)
}

func causesSoFar(h *Harness) map[string][]causeLine {
	found := map[string][]causeLine{}
	for _, entry := range Entries(h.Logs()) {
		line := causeLine{fmt.Sprint(entry["event"]), fmt.Sprint(entry["detail"]), fmt.Sprint(entry["api"]), fmt.Sprint(entry["address"])}
		if line.Event == "outage" || line.Event == "misconfigured" {
			name, _, _ := strings.Cut(fmt.Sprint(entry["middleware"]), "@")
			found[name] = append(found[name], line)
		}
	}
	return found
}

// rawUpstream is an upstream that sends a text, and closes the connection.
func rawUpstream(t *testing.T, text string) string {
	s := upstreams.NewRawServer(nil, func(c net.Conn, _ *http.Request, _ int) bool {
		_, _ = c.Write([]byte(text))
		return false
	})
	t.Cleanup(s.Close)
	return s.URL
}

func causesOfResponses(t *testing.T, h *Harness) {
	const page = "<!doctype html><title>" + Marker + "</title>"
	html := func(status int) string {
		return strings.Replace(upstreams.Raw(status, page), "application/json", "text/html", 1)
	}
	to := func(where string) string { return "Location: " + where }
	var cases []causeCase
	add := func(name, text, event string, says ...string) {
		cases = append(cases, causeCase{name: name, url: rawUpstream(t, text), event: event, says: says})
	}
	self := func(status int, change func(base string) string) string {
		server := upstreams.NewRawServer(nil, func(c net.Conn, r *http.Request, _ int) bool {
			_, _ = c.Write([]byte(upstreams.Raw(status, page, to(change("http://"+r.Host+"/check/me")+"?"+Marker))))
			return false
		})
		t.Cleanup(server.Close)
		return server.URL
	}
	misconfigured := func(name, where string, says ...string) {
		cases = append(cases, causeCase{name: name, url: where, event: "misconfigured", says: says})
	}
	for _, status := range []int{404, 410} {
		add(fmt.Sprint(status), upstreams.Raw(status, "{}"), "misconfigured", "bearer.path", "bearer.url", fmt.Sprint(status))
		add(fmt.Sprint(status, " with a page"), html(status), "misconfigured", "bearer.path", "bearer.url")
	}
	add("405", upstreams.Raw(405, "", "Allow: POST, "+Marker), "misconfigured", "bearer.method", "405")
	add("407", upstreams.Raw(407, page, "Proxy-Authenticate: Basic realm="+Marker), "misconfigured", "proxy", "bearer.url")
	add("421", upstreams.Raw(421, ""), "misconfigured", "bearer.tls.serverName")
	add("426", upstreams.Raw(426, ""), "misconfigured", "https", "bearer.url")
	add("401 of a proxy", html(401), "outage", "web page", "401", "bearer.url")
	add("403 of a firewall", upstreams.Raw(403, `{"error":"`+Marker+`"}`), "outage", "firewall", "403")
	add("a page", html(200), "misconfigured", "web page", "bearer.url", "bearer.path")
	add("a page without a type", upstreams.Raw(200, "\r\n <HTML>"+page), "misconfigured", "web page", "bearer.url")
	add("a page with 503", html(503), "outage", "503", "down")
	add("500", upstreams.Raw(500, "{}"), "outage", "500", "failed")
	add("501", upstreams.Raw(501, "{}"), "outage", "bearer.method")
	add("nothing", upstreams.Raw(200, ""), "outage", "empty", "bearer.path")
	add("blanks", upstreams.Raw(200, " \r\n"), "outage", "empty")
	add("no gzip", upstreams.Raw(200, allowBody, "Content-Encoding: gzip"), "outage", "not the gzip")
	add("brotli", upstreams.Raw(200, "\x0b\x02\x80", "Content-Encoding: br"), "outage", "compressed")
	add("too large", upstreams.Raw(200, `{"a":"`+strings.Repeat("x", 70000)+`"}`), "outage", "64 KiB", "bearer.path")
	add("cut off", upstreams.Raw(200, "{}", "Content-Length: 500")[:60]+"\r\nContent-Length: 500\r\n\r\n{", "outage", "cut off")
	add("an object of another API", upstreams.Raw(200, "{}"), "outage", "undocumented", "bearer.path", "bearer.url", "bearer.api")
	add("no object to its end", upstreams.Raw(200, `{"a":`), "outage", "not one plain JSON object", "bearer.path")
	add("a list", upstreams.Raw(200, "[]"), "outage", "not one plain JSON object", "bearer.path")
	add("XML", upstreams.Raw(200, "<?xml version=\"1.0\"?><a/>"), "outage", "not one plain JSON object", "bearer.url")
	add("an Age", upstreams.Raw(200, allowBody, "Age: 3"), "outage", "cache", "bearer.url")
	misconfigured("a redirect to https", self(301, func(s string) string { return "https" + strings.TrimPrefix(s, "http") }), "redirect", "write https:// in bearer.url")
	misconfigured("to https at its own port", self(308, func(string) string { return "https://127.0.0.1/check/me" }), "write https:// in bearer.url")
	misconfigured("a slash", self(307, func(s string) string { return s + "/" }), "redirect", "slash", "bearer.path")
	misconfigured("a login page", self(302, func(string) string { return "/login" }), "redirect", "another path", "bearer.path")
	misconfigured("another host", self(303, func(string) string { return "https://" + Marker + ".example/" }), "redirect", "another host", "bearer.url")
	misconfigured("no place", rawUpstream(t, upstreams.Raw(302, "")), "redirect", "bearer.url")
	cases = append(cases, causeCase{name: "HTTP/1.0", url: rawUpstream(t, strings.Replace(upstreams.Raw(200, allowBody), "HTTP/1.1", "HTTP/1.0", 1))})
	runCauses(t, h, cases)
}

func causesOfConnections(t *testing.T, h *Harness) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := "http://" + listener.Addr().String()
	over := make(chan struct{})
	silent := upstreams.NewRawServer(nil, func(net.Conn, *http.Request, int) bool { <-over; return false })
	defer silent.Close()
	half := upstreams.NewRawServer(nil, func(c net.Conn, _ *http.Request, _ int) bool {
		_, _ = c.Write([]byte(upstreams.Raw(200, "")[:40] + "\r\nContent-Length: 9\r\n\r\n{"))
		<-over
		return false
	})
	defer half.Close()
	defer close(over)
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	certificate, ca, err := upstreams.Certificate("127.0.0.1", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	secure := upstreams.NewRawServer(&tls.Config{Certificates: []tls.Certificate{certificate}}, func(c net.Conn, _ *http.Request, _ int) bool {
		_, _ = c.Write([]byte(upstreams.Raw(200, allowBody)))
		return true
	})
	defer secure.Close()
	plain := upstreams.NewHTTPServer(http.NotFoundHandler())
	defer plain.Close()
	var none http.Protocols
	none.SetUnencryptedHTTP2(true)
	trusted := []any{"tls", map[string]any{"ca": ca}}
	alone := append([]any{"keepAlive", "false"}, trusted...)
	brief := []any{"timeout", "700ms"} // where that is what ends the call
	cases := []causeCase{
		{name: "no such name", url: "http://upstream.invalid:8080", more: brief, event: nameEvent(), says: []string{"does not resolve"}},
		{name: "refused", url: gone, event: "outage", says: []string{"connection refused", "bearer.url"}},
		{name: "no response", url: silent.URL, more: brief, event: "outage", says: []string{"no response in time", "bearer.timeout"}},
		{name: "half a body", url: half.URL, more: brief, event: "outage", says: []string{"cut off", "in time", "bearer.timeout"}},
		{name: "no handshake", url: "https://" + mute.Addr().String(), more: brief, event: "outage", says: []string{"TLS", "in time", "bearer.timeout"}},
		{name: "closed", url: rawUpstream(t, ""), event: "outage", says: []string{"closed early", "HTTP/2", "https"}},
		{name: "SSH", url: rawUpstream(t, "SSH-2.0-"+Marker+"\r\n"), event: "misconfigured", says: []string{"not understood as HTTP", "bearer.url"}},
		{name: "an alert of TLS", url: rawUpstream(t, "\x15\x03\x01\x00\x02\x02\x46"), event: "misconfigured", says: []string{"TLS", "write https:// in bearer.url"}},
		{name: "a TLS port, asked without", url: tlsPort(t, certificate), event: "misconfigured", says: []string{"TLS", "write https:// in bearer.url"}},
		{name: "nginx's words", url: rawUpstream(t, upstreams.Raw(400, "<html>The plain HTTP request was sent to HTTPS port")), event: "misconfigured", says: []string{"write https:// in bearer.url"}},
		{name: "a plain port, asked with TLS", url: "https" + strings.TrimPrefix(plain.URL, "http"), event: "misconfigured", says: []string{"without TLS", "write http:// in bearer.url"}},
		{name: "frames of HTTP/2", url: rawUpstream(t, "\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64"), event: "misconfigured", says: []string{"HTTP/2 alone", "bearer.url"}},
		{name: "HTTP/2 alone, chosen", url: http2Alone(t, certificate), more: trusted},
		{name: "HTTP/2 alone, keepAlive false", url: http2Alone(t, certificate), more: alone, event: "outage", says: []string{"HTTP/2 alone", "bearer.keepAlive"}},
		{name: "no HTTP offered", url: serveHTTP(t, &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"spdy"}}, &none), more: alone, event: "misconfigured", says: []string{"versions of HTTP", "bearer.keepAlive"}},
		{name: "HTTP/1.1 over TLS", url: secure.URL, more: trusted},
	}
	_ = listener.Close() // only now: no other server here is to get its port
	runCauses(t, h, cases)
}
