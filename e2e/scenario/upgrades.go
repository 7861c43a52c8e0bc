package scenario

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Upgrades: one request that was checked does not become a connection of requests
// that were not.
var Upgrades = []Scenario{
	{Name: "no client gets a connection for HTTP/2 requests that no gate checks", Run: h2cTunnel},
	{Name: "only web sockets upgrade, however another protocol is named", Run: otherUpgrades},
	{Name: "web sockets pass where the credential is cached, and anonymous ones where the route is optional", Run: optionalSocket},
	{Name: "CONNECT is refused with 405 and reaches no backend", Run: connectRefused},
}

// h2cBackend takes HTTP/2 from whoever asks for it, as servers do that speak it
// without TLS and look at Upgrade alone. It counts the requests that claim to be the
// administrator's.
type h2cBackend struct {
	*httptest.Server
	forged atomic.Int64
}

func newH2CBackend() *h2cBackend {
	b := &h2cBackend{}
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 2 && r.Header.Get("X-Auth-User") == "admin" {
			b.forged.Add(1)
		}
		w.Header().Set(backendHeader, "reached")
	})
	b.Server = upstreams.NewHTTPServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(strings.ToLower(strings.Join(r.Header["Upgrade"], ",")), "h2c") {
			page(w, r)
			return
		}
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "+r.Header.Get("Upgrade")+"\r\n\r\n")
		(&http2.Server{}).ServeConn(bufferedConn{conn, buffered.Reader}, &http2.ServeConnOpts{Handler: page})
	}))
	return b
}

// bufferedConn is a hijacked connection, with what was read of it before.
type bufferedConn struct {
	net.Conn
	reader *bufio.Reader
}

func (c bufferedConn) Read(p []byte) (int, error) { return c.reader.Read(p) }

// raw sends a request as it is written, over a connection of its own, and reads the
// head of the response to it.
func (h *Harness) raw(method, text string) (net.Conn, *bufio.Reader, *http.Response) {
	h.t.Helper()
	h.Counters.requests.Add(1)
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.URL(), "http://"))
	if err != nil {
		h.t.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	// A server that refuses a request before it has read it closes the connection.
	go func() { _, _ = conn.Write([]byte(text)) }()
	reader := bufio.NewReader(conn)
	response, err := http.ReadResponse(reader, &http.Request{Method: method})
	if err != nil {
		h.Counters.noResponse.Add(1)
		h.t.Errorf("no response: %v", err)
		return conn, reader, &http.Response{Header: http.Header{}}
	}
	return conn, reader, response
}

// head is the text of a GET with these lines.
func head(route string, lines ...string) string {
	return "GET / HTTP/1.1\r\nHost: " + route + ".test\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// sendForged writes an HTTP/2 request with the administrator's identity into an
// upgraded connection, and waits for what comes back.
func sendForged(conn net.Conn, reader *bufio.Reader) {
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
	_, _ = conn.Write([]byte(http2.ClientPreface))
	framer := http2.NewFramer(conn, reader)
	_ = framer.WriteSettings()
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for _, f := range [][2]string{{":method", "GET"}, {":scheme", "http"}, {":authority", "r.test"}, {":path", "/"}, {"x-auth-user", "admin"}} {
		_ = encoder.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
	}
	_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 3, BlockFragment: block.Bytes(), EndStream: true, EndHeaders: true})
	for {
		frame, err := framer.ReadFrame()
		if err != nil || (frame.Header().Type == http2.FrameHeaders && frame.Header().StreamID == 3) {
			return
		}
	}
}

// guarded is routes with everything that lets a request pass, and a credential for
// them that is cached.
func guarded(h *Harness) (line string, done func()) {
	up := newIPPanel(h.Clock())
	config := routeConfig("bearer", "ippanel", up.URL)
	h.Serve(Routes{"r": config, "open": with(config, "optional", true), "pre": with(config, "preflight", true), "both": with(config, "preflight", true, "optional", true)})
	line = bearer(up.IssueToken(Marker + "ali"))
	for range 3 {
		for _, route := range []string{"r", "open", "pre", "both"} {
			h.Expect(200, Request{Route: route, Headers: []string{line}})
		}
	}
	return line, up.Close
}

func h2cTunnel(t *testing.T, h *Harness) {
	line, done := guarded(h)
	defer done()
	backend := newH2CBackend()
	defer backend.Close()
	for _, route := range []string{"r", "open", "pre", "both"} {
		h.Backend.ProxyTo(route, backend.URL)
	}
	const settings = "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"
	preflight := "Origin: https://a.test\r\nAccess-Control-Request-Method: PUT"
	for _, c := range []struct{ name, text string }{
		{"with a cached credential", head("r", line, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", settings)},
		{"with the usual Connection", head("r", line, "Connection: Upgrade", "Upgrade: h2c", settings)},
		{"beside a web socket", head("r", line, "Connection: Upgrade, HTTP2-Settings", "Upgrade: websocket, h2c", settings)},
		{"in a second line", head("r", line, "Connection: Upgrade", "Connection: HTTP2-Settings", "Upgrade: websocket", "Upgrade: h2c", settings)},
		{"anonymously", head("open", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", settings)},
		{"anonymously, where preflights pass too", head("both", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", settings)},
		{"by a preflight", strings.Replace(head("pre", preflight, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", settings), "GET", "OPTIONS", 1)},
		{"by a preflight of an optional route", strings.Replace(head("both", preflight, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", settings), "GET", "OPTIONS", 1)},
		{"by a POST", strings.Replace(head("r", line, "Content-Length: 0", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", settings), "GET", "POST", 1)},
	} {
		conn, reader, response := h.raw(http.MethodGet, c.text)
		if response.StatusCode == http.StatusSwitchingProtocols {
			h.Counters.falseAccepts.Add(1)
			t.Errorf("%s: the connection is upgraded", c.name)
			sendForged(conn, reader)
		}
		_ = conn.Close()
	}
	if n := backend.forged.Load(); n > 0 {
		t.Errorf("%d requests with an identity that no gate has set", n)
	}
}
