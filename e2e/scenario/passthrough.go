package scenario

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Passthrough: what an allowed request and its response are not to lose.
var Passthrough = []Scenario{
	{Name: "web sockets pass through an allowed route", Run: webSocket},
	{Name: "server-sent events arrive one by one", Run: serverSentEvents},
	{Name: "a streamed upload of 100 MB arrives whole", Run: bigUpload},
	{Name: "trailers pass from the backend, and carry no identity to it", Run: trailersPass},
	{Name: "reloads under load lose no request and repeat no lookup", Run: reloads},
}

// servePanel serves one route of the SMS panel, and returns the header of a valid
// credential.
func servePanel(h *Harness) (up *upstreams.IPPanel, line string) {
	up = newIPPanel(h.Clock())
	h.Serve(Routes{"r": routeConfig("bearer", "ippanel", up.URL)})
	return up, bearer(up.IssueToken(Marker + "ali"))
}

func webSocket(t *testing.T, h *Harness) {
	up, line := servePanel(h)
	defer up.Close()
	address := "ws" + strings.TrimPrefix(h.URL(), "http") + "/socket"
	dialer := websocket.Dialer{HandshakeTimeout: 30 * time.Second}
	if _, response, err := dialer.Dial(address, http.Header{"Host": {"r.test"}}); err == nil || response == nil || response.StatusCode != 401 {
		t.Errorf("without a credential: %v %v, want 401", response, err)
	}
	for range 2 {
		_, value, _ := strings.Cut(line, ": ")
		echoOverSocket(t, h, http.Header{"Authorization": {value}}, Marker+"ali")
	}
}

// echoOverSocket opens a web socket and sends messages that the backend echoes; its
// first message is the user of the identity headers.
func echoOverSocket(t *testing.T, h *Harness, header http.Header, user string) {
	t.Helper()
	echoAt(t, h, "r", header, user)
}

// echoAt is echoOverSocket on a route of this name.
func echoAt(t *testing.T, h *Harness, route string, header http.Header, user string) {
	t.Helper()
	header.Set("Host", route+".test")
	dialer := websocket.Dialer{HandshakeTimeout: 30 * time.Second}
	socket, _, err := dialer.Dial("ws"+strings.TrimPrefix(h.URL(), "http")+"/socket", header)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	_, greeting, err := socket.ReadMessage()
	if err != nil {
		t.Fatal(err)
	}
	expectEqual(t, "the user", string(greeting), user)
	for i := range 20 {
		sent := strings.Repeat(fmt.Sprint(i), 1000)
		if err = socket.WriteMessage(websocket.TextMessage, []byte(sent)); err != nil {
			t.Fatal(err)
		}
		_, got, err := socket.ReadMessage()
		if err != nil || string(got) != sent {
			t.Fatalf("message %d: %v", i, err)
		}
	}
}

func serverSentEvents(t *testing.T, h *Harness) {
	up, line := servePanel(h)
	defer up.Close()
	r, err := h.newRequest(Request{Route: "r", Path: "/events", Headers: []string{line}})
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	got := 0
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "data:") {
			got++
			h.Do(Request{Route: "r", Path: "/events/arrived", Headers: []string{line}})
		}
	}
	expectEqual(t, "events, each of which arrived before the next one was sent", got, 5)
}

func bigUpload(t *testing.T, h *Harness) {
	up, line := servePanel(h)
	defer up.Close()
	const size = 100 << 20
	body := io.LimitReader(zeroReader{}, size)
	r := h.Do(Request{Route: "r", Method: http.MethodPost, Path: "/upload", Headers: []string{line}, Body: body})
	expectEqual(t, "bytes and error of the upload", strings.TrimSpace(r.Body), fmt.Sprint(size, " <nil>"))
}

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) { return len(p), nil }

func trailersPass(t *testing.T, h *Harness) {
	up, line := servePanel(h)
	defer up.Close()
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	fmt.Fprintf(conn, "POST /trailers HTTP/1.1\r\nHost: r.test\r\n%s\r\nTE: trailers\r\nConnection: close\r\n"+
		"Transfer-Encoding: chunked\r\nTrailer: X-Auth-User, X_Auth_Api\r\n\r\n"+
		"5\r\nhello\r\n0\r\nX-Auth-User: forged\r\nX_Auth_Api: forged\r\n\r\n", line)
	raw, _ := io.ReadAll(conn)
	reply := string(raw)
	if !strings.HasPrefix(reply, "HTTP/1.1 200") || !strings.Contains(reply, "X-Checksum: abc") {
		t.Errorf("the response's trailer is missing: %s", reply)
	}
	if strings.Contains(reply, "forged") || !strings.Contains(reply, "\n0\n") {
		t.Errorf("an identity reached the backend in a trailer: %s", reply)
	}
}

// reloads: a configuration of 20 routers is replaced 100 times while cached callers
// send requests.
func reloads(t *testing.T, h *Harness) {
	all, done := oneOfEach(h.Clock())
	defer done()
	routes := Routes{}
	for _, cred := range all {
		for i := range 4 {
			routes[fmt.Sprint(cred.route, i)] = cred.config
		}
	}
	h.Serve(routes)
	calls := 0
	for _, cred := range all {
		for i := range 4 {
			h.Expect(200, Request{Route: fmt.Sprint(cred.route, i), Headers: []string{cred.header}})
		}
		calls += cred.calls()
	}
	before := h.goroutines()
	if before < 1 {
		t.Fatal("no goroutines are counted")
	}
	var stop atomic.Bool
	var sent, failed atomic.Int64
	var load sync.WaitGroup
	for worker := range 8 {
		load.Go(func() {
			for n := worker; !stop.Load(); n++ {
				cred := all[n%len(all)]
				r, err := h.Try(Request{Route: fmt.Sprint(cred.route, n%4), Headers: []string{cred.header}})
				sent.Add(1)
				if err != nil || r.Status != 200 || r.Seen == nil || r.Seen.Header.Get("X-Auth-Api") == "" {
					failed.Add(1)
				}
			}
		})
	}
	times := h.reloadOften(t, routes)
	stop.Store(true)
	load.Wait()
	after := 0
	for _, cred := range all {
		after += cred.calls()
	}
	t.Logf("%d reloads of 20 routers, %d requests", times, sent.Load())
	expectCount(t, "requests that failed", int(failed.Load()), 0)
	expectCount(t, "calls for cached credentials", after, calls)
	client.CloseIdleConnections()
	waitFor(t, "no goroutines are left over", func() bool { now := h.goroutines(); return now > 0 && now <= before+20 })
}

// goroutines is the number of those that serve the level.
func (h *Harness) goroutines() int { return h.Level.(interface{ Goroutines() int }).Goroutines() }

// reloadOften replaces routes again and again, and returns how often.
func (h *Harness) reloadOften(t *testing.T, routes Routes) (times int) {
	t.Helper()
	times = 100
	if h.Clock() != nil { // in one process with its load a reload takes ten times as long
		times = 40
	}
	for i := range times {
		changed := Routes{}
		for name, config := range routes {
			changed[name] = with(config, "cache", map[string]any{"negativeLifetime": fmt.Sprint(i+1, "s")})
		}
		if err := h.Apply(changed); err != nil {
			t.Fatal(err)
		}
	}
	return times
}
