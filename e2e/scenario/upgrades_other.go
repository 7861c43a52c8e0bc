package scenario

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// newEager is a backend that switches to whatever protocol is asked for, and counts
// those that are not the web socket of a GET with one line that names nothing else.
func newEager() (server *httptest.Server, switched *atomic.Int64) {
	switched = &atomic.Int64{}
	return upstreams.NewHTTPServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(backendHeader, "reached")
		settings := 0
		for name := range r.Header {
			if folded := strings.NewReplacer("_", "-", ".", "-").Replace(strings.ToLower(name)); folded == "http2-settings" {
				settings++
			}
		}
		lines := r.Header["Upgrade"]
		protocol := strings.Join(lines, ", ")
		socket := len(lines) == 1 && lines[0] == "websocket" && r.Method == http.MethodGet
		if settings > 0 || (len(lines) > 0 && !socket) {
			switched.Add(1)
		}
		if protocol == "" {
			return
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", protocol)
		_ = conn.Close()
	})), switched
}

// rewritesConnection tells whether a proxy before the plugin does what Connection says,
// and writes its own, as Traefik does: a credential that is named there does not arrive.
func (h *Harness) rewritesConnection(line string) bool {
	name, _, _ := strings.Cut(line, ":")
	conn, _, response := h.raw(http.MethodGet, head("r", line, "Connection: "+name))
	_ = conn.Close()
	return response.StatusCode == http.StatusUnauthorized
}

func otherUpgrades(t *testing.T, h *Harness) {
	line, done := guarded(h)
	defer done()
	eager, switched := newEager()
	defer eager.Close()
	h.Backend.ProxyTo("r", eager.URL)
	h.Backend.ProxyTo("open", eager.URL)
	// Of two lines with a web socket Traefik makes one before the plugin. Then that is
	// what was checked, and what the backend may get.
	doubled := 0
	if h.rewritesConnection(line) {
		doubled = 2
	}
	for i, lines := range [][]string{
		{"Connection: Upgrade", "Upgrade: websocket", "Upgrade: h2c"},
		{"Connection: Upgrade", "Upgrade: websocket", "Upgrade: websocket"},
		{"Connection: Upgrade", "Upgrade: h2c"},
		{"Connection: upgrade", "Upgrade: H2C"},
		{"Connection: keep-alive, Upgrade", "Upgrade: TLS/1.0"},
		{"Connection: Upgrade", "Upgrade: websocket, h2c"},
		{"Connection: Upgrade", "Upgrade: h2c,websocket"},
		{"Connection: Upgrade", "Upgrade: websocket/13"},
		{"Connection: Upgrade", "Upgrade: connect-udp"},
		{"Connection: Upgrade", "Upgrade: HTTP/2.0"},
		{"Connection: Upgrade", "Upgrade: "},
		{"Upgrade: websocket"},
		{"Connection: HTTP2-Settings", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"},
		{"HTTP2_Settings: AAMAAABk"},
		{"Http2.Settings: AAMAAABk"},
	} {
		for route, credential := range map[string]string{"r": line, "open": "Accept: */*"} {
			conn, _, response := h.raw(http.MethodGet, head(route, append(lines, credential)...))
			_ = conn.Close()
			socket := i < doubled && response.StatusCode == http.StatusSwitchingProtocols && response.Header.Get("Upgrade") == "websocket"
			if response.StatusCode != http.StatusOK && !socket {
				h.Counters.falseRejects.Add(1)
				t.Errorf("%s %q: status %d, want the page that the request is for", route, lines, response.StatusCode)
			}
		}
	}
	conn, _, response := h.raw(http.MethodPost, strings.Replace(head("r", line, "Content-Length: 0", "Connection: Upgrade", "Upgrade: websocket"), "GET", "POST", 1))
	_ = conn.Close()
	expectCount(t, "the status of a web socket by POST", response.StatusCode, http.StatusOK)
	if n := switched.Load(); n > 0 {
		h.Counters.falseAccepts.Add(n)
		t.Errorf("%d requests could switch the protocol", n)
	}
}

func optionalSocket(t *testing.T, h *Harness) {
	line, done := guarded(h)
	defer done()
	_, value, _ := strings.Cut(line, ": ")
	for range 3 {
		echoOverSocket(t, h, http.Header{"Authorization": {value}}, Marker+"ali")
	}
	echoAt(t, h, "open", http.Header{}, "")
	echoAt(t, h, "both", http.Header{"X-Auth-User": {"admin"}}, "")
}

func connectRefused(t *testing.T, h *Harness) {
	line, done := guarded(h)
	defer done()
	h.Backend.TakeSeen()
	for _, route := range []string{"r", "open", "pre", "both"} {
		for _, more := range []string{line, "Accept: */*", "Origin: https://a.test\r\nAccess-Control-Request-Method: PUT"} {
			text := "CONNECT " + route + ".test:80 HTTP/1.1\r\nHost: " + route + ".test:80\r\n" + more + "\r\n\r\n"
			conn, _, response := h.raw(http.MethodConnect, text)
			_ = conn.Close()
			if response.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("%s: CONNECT %s: status %d, want 405", route, redact([]string{more}), response.StatusCode)
			}
		}
	}
	if n := len(h.Backend.TakeSeen()); n > 0 {
		h.Counters.falseAccepts.Add(int64(n))
		t.Errorf("%d requests reached the backend", n)
	}
}
