package scenario

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// rest is longer than a connection rests after an answer.
const rest = 350 * time.Millisecond

// rested waits until a connection has rested. A machine that is held up in one of the two
// waits has the other one to notice that the rest is over.
func rested() {
	time.Sleep(rest)
	time.Sleep(rest / 2)
}

func secondAnswersLate(t *testing.T, h *Harness) {
	answer := upstreams.Twice(rawFirst, upstreams.Raw(200, rawYes), between(0, 2*rest))
	up := upstreams.NewRawServer(nil, answer)
	defer up.Close()
	h.Serve(Routes{"r": rawConfig(up, "keepAlive", "false")})
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range 20 {
				r, err := h.Try(Request{Route: "r", Headers: []string{bearer(fmt.Sprint(Marker, "junk-", worker, "-", i))}})
				if !h.Counters.rejected(r, err) || r.Status != 401 {
					t.Errorf("a junk token: %d %v", r.Status, err)
				}
				time.Sleep(30 * time.Millisecond)
			}
		})
	}
	all.Wait()
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(rawUser)}})
	if up.Connections() != up.Requests() {
		t.Errorf("%d connections for %d questions", up.Connections(), up.Requests())
	}
}

// tally counts questions by what they carry.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *tally) add(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = map[string]int{}
	}
	c.counts[text]++
}

func (c *tally) of(text string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts[text]
}

// keptConnectionsGone: an upstream that closes each kept connection as the next question
// comes, as one does whose idle timer ends at that moment.
func keptConnectionsGone(t *testing.T, h *Harness) {
	var asked tally
	var down atomic.Bool
	up := upstreams.NewRawServer(nil, func(c net.Conn, r *http.Request, nth int) bool {
		asked.add(r.Header.Get("Authorization"))
		if nth > 1 || down.Load() {
			return false
		}
		_, err := io.WriteString(c, rawFirst(r))
		return err == nil
	})
	defer up.Close()
	h.Serve(Routes{"r": rawConfig(up)})
	repeated := 0
	for i := 0; i < 6 || repeated < 4 && i < 20; i++ { // a busy machine may end a rest late
		token := fmt.Sprint(rawUser, i)
		r, err := h.Try(Request{Route: "r", Headers: []string{bearer(token)}})
		if !h.Counters.accepted(r, err, token) {
			t.Errorf("valid token %d: %d %v", i, r.Status, err)
		}
		if asked.of("Bearer "+token) == 2 {
			repeated++
		}
		rested()
	}
	if repeated < 4 {
		t.Errorf("%d of 20 questions were asked twice: the connections were not kept", repeated)
	}
	down.Store(true)
	h.Expect(500, Request{Route: "r", Headers: []string{bearer(rawUser + "-down")}})
	if count := asked.of("Bearer " + rawUser + "-down"); count < 1 || count > 2 {
		t.Errorf("a question was asked %d times", count)
	}
}

func sharedConnection(t *testing.T, h *Harness) {
	var connections, other atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			other.Add(1)
		}
		head, body, _ := strings.Cut(rawFirst(r), "\r\n\r\n")
		time.Sleep(5 * time.Millisecond)
		if strings.HasPrefix(head, "HTTP/1.1 401") {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = io.WriteString(w, body)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	config := routeConfig("bearer", "webservice", server.URL, "path", "/check", "tls", map[string]any{"insecureSkipVerify": "true"})
	h.Serve(Routes{"r": with(config, "limits", map[string]any{"perClient": "1000000/1m"}, "log", "info")})
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(rawUser)}})
	first := connections.Load()
	askJunk(t, h, "r", 400, 16)
	if more := connections.Load() - first; more > 1 || other.Load() > 0 {
		t.Errorf("%d connections more for 400 questions, %d of them not of HTTP/2", more, other.Load())
	}
}

func keptOverReloads(t *testing.T, h *Harness) {
	up := upstreams.NewRawServer(nil, func(c net.Conn, r *http.Request, _ int) bool {
		_, err := io.WriteString(c, rawFirst(r))
		return err == nil
	})
	defer up.Close()
	for i := range 6 {
		h.Serve(Routes{"r": rawConfig(up), fmt.Sprint("other", i): rawConfig(up)})
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(fmt.Sprint(rawUser, i))}})
		rested()
	}
	if up.Connections() > 2 || up.Open() > 2 { // the canary's question came beside the first
		t.Errorf("%d connections, %d of them open, for %d questions", up.Connections(), up.Open(), up.Requests())
	}
}

func answersOfCaches(t *testing.T, h *Harness) {
	var asked tally
	up := upstreams.NewRawServer(nil, func(c net.Conn, r *http.Request, _ int) bool {
		asked.add(fmt.Sprint(r.Header["Cache-Control"], r.Header["Pragma"], r.Header["Content-Type"]))
		reply := rawFirst(r)
		token := r.Header.Get("Authorization")
		if at := strings.LastIndex(token, "-age="); at >= 0 {
			reply = strings.Replace(reply, "\r\n", "\r\nAge: "+token[at+len("-age="):]+"\r\n", 1)
			if strings.Contains(token, "limited") {
				reply = strings.Replace(reply, "200 OK", "429 Too Many Requests", 1)
			}
		}
		_, err := io.WriteString(c, reply)
		return err == nil
	})
	defer up.Close()
	h.Serve(Routes{"r": rawConfig(up)})
	for token, status := range map[string]int{
		rawUser: 200, rawUser + "-age=0": 200, Marker + "junk-age=0": 401,
		rawUser + "-age=1": 500, rawUser + "-age=86400": 500, rawUser + "-age=-1": 500, rawUser + "-age=x": 500,
		Marker + "junk-age=30": 500, rawUser + "-limited-age=30": 500,
	} {
		h.Expect(status, Request{Route: "r", Headers: []string{bearer(token)}})
	}
	expectCount(t, "questions that do not say what they should", up.Requests()-asked.of("[no-store] [no-cache] []"), 0)
	if strings.Count(h.Logs(), `"event":"outage"`) == 0 {
		t.Error("no log line about the cache on the way")
	}
}
