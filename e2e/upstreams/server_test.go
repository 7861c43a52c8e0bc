package upstreams

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// webServiceFixture starts a web service, the smallest of the four, for tests of what all share.
func webServiceFixture(t *testing.T, o Options) *WebService {
	t.Helper()
	w := NewWebService(WebServiceOptions{Options: o})
	t.Cleanup(w.Close)
	return w
}

func TestRequestLog(t *testing.T) {
	t.Run("counts requests by path and by credential", func(t *testing.T) {
		w := webServiceFixture(t, Options{})
		token := w.IssueToken(User{UserName: "mina"})
		send(t, "GET", w.URL+w.Path()+"?a=1", "", "Authorization", "Bearer "+token)
		send(t, "POST", w.URL+w.Path(), `{"x":1}`, "Authorization", "bearer "+token)
		send(t, "GET", w.URL+"/elsewhere", "")
		if got := w.Calls(); got != 3 {
			t.Errorf("Calls() = %d, want 3", got)
		}
		if got := w.CallsTo(w.Path()); got != 2 {
			t.Errorf("CallsTo(path) = %d, want 2", got)
		}
		if got := w.CallsWith(token); got != 2 {
			t.Errorf("CallsWith(token) = %d, want 2", got)
		}
		if got := w.CallsWith("another"); got != 0 {
			t.Errorf("CallsWith(another) = %d, want 0", got)
		}

		record := w.Requests()
		if len(record) != 3 {
			t.Fatalf("%d requests recorded, want 3", len(record))
		}
		if r := record[0]; r.Method != "GET" || r.URI != w.Path()+"?a=1" || r.Credentials[0] != token {
			t.Errorf("first request recorded as %s %s", r.Method, r.URI)
		}
		if r := record[1]; r.Body != `{"x":1}` || r.Header.Get("Authorization") != "bearer "+token {
			t.Errorf("second request recorded with body %s", r.Body)
		}

		w.Reset()
		if w.Calls() != 0 || w.CallsTo(w.Path()) != 0 || w.CallsWith(token) != 0 || len(w.Requests()) != 0 {
			t.Error("Reset left something")
		}
		if send(t, "GET", w.URL+w.Path(), "", "Authorization", "Bearer "+token).status != http.StatusOK {
			t.Error("Reset took the token too")
		}
	})

	t.Run("keeps the last thousand", func(t *testing.T) {
		l := newRequestLog()
		for i := range maxRecord + 5 {
			r, _ := http.NewRequest("GET", "http://upstream/", nil)
			r.RequestURI = "/" + strings.Repeat("x", i)
			l.add(&call{Request: r}, time.Now())
		}
		record := l.Requests()
		if len(record) != maxRecord {
			t.Fatalf("%d requests are recorded", len(record))
		}
		if oldest, newest := len(record[0].URI), len(record[maxRecord-1].URI); oldest != 6 || newest != maxRecord+5 {
			t.Errorf("the record runs from %d to %d", oldest, newest)
		}
		if l.Calls() != maxRecord+5 {
			t.Errorf("%d calls are counted", l.Calls())
		}
	})
}

func TestScript(t *testing.T) {
	t.Run("Answer applies to one credential, after the protocol is checked", func(t *testing.T) {
		w := webServiceFixture(t, Options{})
		token := w.IssueToken(User{UserName: "mina"})
		bearer := []string{"Authorization", "Bearer " + token}
		w.Answer(token, Reply{Status: 429, Header: map[string]string{"Retry-After": "7"}, Body: `{"a":1}`})

		got := send(t, "GET", w.URL+w.Path(), "", bearer...)
		got.expect(t, 429, `{"a":1}`)
		if got.header.Get("Retry-After") != "7" {
			t.Error("the scripted header is missing")
		}
		if status := send(t, "GET", w.URL+"/elsewhere", "", bearer...).status; status != 404 {
			t.Errorf("a scripted token at a wrong path got %d", status)
		}
		if status := send(t, "PUT", w.URL+w.Path(), "", bearer...).status; status != 405 {
			t.Errorf("a scripted token with a wrong method got %d", status)
		}
		if status := send(t, "GET", w.URL+w.Path(), "", "Authorization", "Bearer x").status; status != 401 {
			t.Errorf("another token got %d", status)
		}
		w.Unscript(token)
		if status := send(t, "GET", w.URL+w.Path(), "", bearer...).status; status != 200 {
			t.Errorf("after Unscript the token got %d", status)
		}
	})

	t.Run("AnswerAll applies to every request until it is turned off", func(t *testing.T) {
		w := webServiceFixture(t, Options{})
		w.AnswerAll(&Reply{Status: 502, Header: map[string]string{"Content-Type": "text/html"}, Body: "<h1>Bad gateway</h1>"})
		for _, path := range []string{w.Path(), "/elsewhere"} {
			got := send(t, "DELETE", w.URL+path, "")
			got.expect(t, 502, "<h1>Bad gateway</h1>")
			if got.header.Get("Content-Type") != "text/html" {
				t.Error("the media type is not the script's")
			}
		}
		w.AnswerAll(nil)
		if status := send(t, "GET", w.URL+w.Path(), "").status; status != 401 {
			t.Errorf("turned off, it still answers %d", status)
		}
	})

	t.Run("a delayed reply is late", func(t *testing.T) {
		w := webServiceFixture(t, Options{})
		w.AnswerAll(&Reply{Delay: 60 * time.Millisecond})
		began := time.Now()
		send(t, "GET", w.URL, "").expect(t, 200, "")
		if waited := time.Since(began); waited < 60*time.Millisecond {
			t.Errorf("the reply came after %s", waited)
		}
	})
}

func TestHold(t *testing.T) {
	t.Run("requests are counted, and answered after the release", func(t *testing.T) {
		const callers = 500
		w := webServiceFixture(t, Options{})
		token := w.IssueToken(User{UserName: "mina"})
		release, second := w.Hold(), w.Hold()
		answers := make(chan int, callers)
		var waiting sync.WaitGroup
		for range callers {
			waiting.Go(func() {
				answers <- send(t, "GET", w.URL+w.Path(), "", "Authorization", "Bearer "+token).status
			})
		}
		waitFor(t, "all callers to arrive", func() bool { return w.CallsWith(token) == callers })
		second()
		second()
		time.Sleep(20 * time.Millisecond)
		if len(answers) > 0 {
			t.Error("answers came while a hold was on")
		}
		release()
		waiting.Wait()
		for range callers {
			if status := <-answers; status != 200 {
				t.Fatalf("a held caller got %d", status)
			}
		}
	})

	t.Run("a client that disconnects leaves nothing behind", func(t *testing.T) {
		w := webServiceFixture(t, Options{})
		release := w.Hold()
		ctx, leave := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() {
			r, _ := http.NewRequestWithContext(ctx, "GET", w.URL+w.Path(), nil)
			response, err := http.DefaultClient.Do(r)
			if err == nil {
				response.Body.Close()
			}
			left <- err
		}()
		waitFor(t, "the request to arrive", func() bool { return w.Calls() == 1 })
		leave()
		if <-left == nil {
			t.Error("a client that left got an answer")
		}
		release()
		if status := send(t, "GET", w.URL+w.Path(), "").status; status != 401 {
			t.Errorf("the next one got %d", status)
		}
	})
}

func TestServer(t *testing.T) {
	t.Run("Close ends held and delayed requests", func(t *testing.T) {
		for name, stall := range map[string]func(w *WebService){
			"held":    func(w *WebService) { w.Hold() },
			"delayed": func(w *WebService) { w.AnswerAll(&Reply{Delay: time.Hour}) },
		} {
			t.Run(name, func(t *testing.T) {
				w := webServiceFixture(t, Options{})
				stall(w)
				failed := make(chan error, 1)
				go func() {
					response, err := http.Get(w.URL)
					if err == nil {
						response.Body.Close()
					}
					failed <- err
				}()
				waitFor(t, "the request to arrive", func() bool { return w.Calls() == 1 })
				w.Close()
				w.Close()
				if <-failed == nil {
					t.Error("a stalled request was answered by Close")
				}
			})
		}
	})

	t.Run("a body over 64 KiB is refused and counted", func(t *testing.T) {
		w := webServiceFixture(t, Options{})
		got := send(t, "POST", w.URL+w.Path(), strings.Repeat("x", maxBody+1))
		if got.status != http.StatusRequestEntityTooLarge || w.Calls() != 1 {
			t.Errorf("got %d after %d calls", got.status, w.Calls())
		}
	})

	t.Run("an occupied address is a panic that names it", func(t *testing.T) {
		w := webServiceFixture(t, Options{})
		addr := strings.TrimPrefix(w.URL, "http://")
		defer func() {
			if message, _ := recover().(string); !strings.Contains(message, addr) {
				t.Errorf("the panic says %q", message)
			}
		}()
		NewWebService(WebServiceOptions{Options: Options{Addr: addr}})
	})
}
