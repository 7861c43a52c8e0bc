package scenario

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// SessionSockets: whose web sockets a session's cookie opens, and for how long.
var SessionSockets = []Scenario{
	{Name: "a web socket with a session's cookie is opened by pages of this site alone", Run: sessionSockets},
	{Name: "with websocket.maxAge token a web socket ends with its credential", Run: endingSockets},
}

// dial opens a web socket at the route r.
func dial(h *Harness, lines ...string) (*websocket.Conn, int, error) {
	header := http.Header{"Host": {"r.test"}}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		header.Add(name, value)
	}
	h.Counters.requests.Add(1)
	dialer := websocket.Dialer{HandshakeTimeout: 5 * time.Second}
	socket, response, err := dialer.Dial("ws"+strings.TrimPrefix(h.URL(), "http")+"/socket", header)
	status := 0
	if response != nil {
		status = response.StatusCode
	}
	return socket, status, err
}

func sessionSockets(t *testing.T, h *Harness) {
	up := newSMSPanel(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": sessionConfig(routeConfig("bearer", "ippanel", up.URL), "origins", "https://app.example.com")})
	b := h.newBrowser(t)
	token := up.IssueToken(Marker + "ali")
	b.followLink(303, token)
	cookie := "Cookie: upstreamauth=" + b.cookie.Value
	for _, c := range []struct {
		lines  []string
		status int
	}{
		{[]string{cookie}, 101},
		{[]string{cookie, "Origin: http://r.test"}, 101},
		{[]string{cookie, "Origin: https://app.example.com"}, 101},
		{[]string{cookie, "Origin: http://r.test", "Sec-Fetch-Site: same-origin"}, 101},
		{[]string{cookie, "Origin: https://balancer.test", "Sec-Fetch-Site: same-origin"}, 101},
		{[]string{bearer(token), "Origin: https://evil.test"}, 101}, // no page can send that header
		{[]string{bearer(token), cookie, "Origin: https://evil.test"}, 101},
		{[]string{cookie, "Origin: https://evil.test"}, 403},
		{[]string{cookie, "Origin: http://www.r.test", "Sec-Fetch-Site: same-site"}, 403},
		{[]string{cookie, "Origin: http://r.test.evil.test"}, 403},
		{[]string{cookie, "Origin: http://r.test:81"}, 403},
		{[]string{cookie, "Origin: null"}, 403},
		{[]string{cookie, "Origin: http://r.test", "Origin: https://evil.test"}, 403},
		{[]string{cookie, "Origin: http://r.test@evil.test"}, 403},
		{[]string{cookie, "Origin: http://r.test", "Sec-Fetch-Site: cross-site"}, 403},
		{[]string{cookie, "Sec-Fetch-Site: cross-site"}, 403},
		{[]string{cookie, "Origin:  "}, 403},
	} {
		socket, status, err := dial(h, c.lines...)
		if socket != nil {
			_ = socket.Close()
		}
		if status != c.status || (err == nil) != (c.status == 101) {
			if status == 101 {
				h.Counters.falseAccepts.Add(1)
			}
			t.Errorf("%v: %d, want %d", redact(c.lines[1:]), status, c.status)
		}
	}
}

func endingSockets(t *testing.T, h *Harness) {
	up := newSMSPanel(h.Clock())
	defer up.Close()
	const lifetime = 3 * time.Second
	config := routeConfig("bearer", "ippanel", up.URL, "lifetime", lifetime.String())
	h.Serve(Routes{"r": with(config, "websocket", map[string]any{"maxAge": "token"})})
	for _, remembered := range []bool{false, true} {
		h.again(func(h *Harness, _ int, by func(deadline time.Time)) {
			line := bearer(up.IssueToken(Marker + "ali"))
			begun := clockOf(h)
			by(begun.Add(lifetime))
			if remembered {
				h.Expect(200, Request{Route: "r", Headers: []string{line}})
			}
			socket := expectSocket(h, line)
			defer socket.Close()
			by(begun.Add(lifetime + time.Second))
			_ = socket.SetReadDeadline(time.Now().Add(lifetime + time.Second - clockOf(h).Sub(begun)))
			if _, _, err := socket.ReadMessage(); err == nil || strings.Contains(err.Error(), "timeout") {
				h.Counters.falseAccepts.Add(1)
				h.t.Errorf("the web socket is open after its credential's end: %v", err)
			}
		})
	}
	h.Serve(Routes{"r": config})
	socket := expectSocket(h, bearer(up.IssueToken(Marker+"ali")))
	defer socket.Close()
	_ = socket.SetReadDeadline(time.Now().Add(lifetime + time.Second))
	if _, _, err := socket.ReadMessage(); err == nil || !strings.Contains(err.Error(), "timeout") {
		t.Errorf("without the key the web socket ends: %v", err)
	}
}

// expectSocket opens a web socket, which greets with the user and echoes.
func expectSocket(h *Harness, line string) *websocket.Conn {
	h.t.Helper()
	socket, _, err := dial(h, line)
	if err != nil {
		h.t.Fatal(err)
	}
	_ = socket.SetReadDeadline(time.Now().Add(30 * time.Second))
	_, greeting, err := socket.ReadMessage()
	if err != nil {
		h.t.Fatal(err)
	}
	expectEqual(h.t, "the user", string(greeting), Marker+"ali")
	if err := socket.WriteMessage(websocket.TextMessage, []byte("x")); err != nil {
		h.t.Fatal(err)
	}
	if _, got, err := socket.ReadMessage(); err != nil || string(got) != "x" {
		h.t.Fatalf("no echo: %v", err)
	}
	return socket
}
