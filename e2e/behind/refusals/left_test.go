package refusals

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"sync"
	"testing"
	"time"
)

// A client that leaves while its credential is checked is 499 in Traefik's access log,
// as where Traefik itself waits for a backend: over HTTP/1.1 and HTTP/2, with a lookup
// under way or still waiting its turn, in a hand-off, and with a session's cookie.
func TestLeft(t *testing.T) {
	s := newSite(t)
	session := map[string]any{"session": map[string]any{"secret": "0123456789abcdef0123456789abcdef"}}
	slow := s.block(nil)
	slow["bearer"].(map[string]any)["timeout"] = "1s"
	s.serve(backend(t), map[string]map[string]any{"app": s.block(session), "slow": slow})
	release := s.api.Hold()
	defer release()
	const each = 70 // more than there are turns
	want := map[string]int{}
	for protocol, client := range clients() {
		ctx, leave := context.WithCancel(context.Background())
		var all, sent sync.WaitGroup
		ask := func(route, path, token string) {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.server.URL+path, nil)
			if err != nil {
				t.Error(err)
				return
			}
			request.Host = route + ".example.com"
			request.Header.Set("Sec-Fetch-Site", "none")
			if token != "" {
				request.Header.Set("Authorization", "Bearer "+token)
			}
			written := sync.OnceFunc(sent.Done)
			defer written()
			request = request.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
				WroteRequest: func(httptrace.WroteRequestInfo) { written() },
			}))
			response, err := client.Do(request)
			if err == nil {
				_ = response.Body.Close()
				if route == "app" {
					t.Errorf("%s: %d for a client that left", protocol, response.StatusCode)
				}
			}
		}
		for i := range each {
			token := fmt.Sprintf("00000000000000000000000000%s%03d", protocol[5:6]+protocol[7:8], i)
			sent.Add(1)
			all.Go(func() { ask("app", "/", token) })
		}
		sent.Add(2)
		all.Go(func() { ask("app", "/external-login?token="+s.api.IssueToken("ali"), "") })
		ask("slow", "/", "00000000000000000000000000000slow"+protocol[5:6]) // its own time is over: that is no one's leaving
		sent.Wait()
		time.Sleep(1500 * time.Millisecond) // by then all of them are checked, or wait for their turn
		leave()
		all.Wait()
		want["app "+protocol+" 499"] = each + 1
		want["slow "+protocol+" 500"] = 1
	}
	lines := 0
	for _, n := range want {
		lines += n
	}
	for end := time.Now().Add(time.Minute); total(s.statuses()) < lines && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond) // Traefik notices a client that left on its own time
	}
	if err := s.server.Stop(); err != nil {
		t.Error(err)
	}
	got := s.statuses()
	for line, n := range want {
		if got[line] != n {
			t.Errorf("%s: %d lines, want %d; all: %v", line, got[line], n, got)
		}
	}
}

func total(counts map[string]int) (sum int) {
	for _, n := range counts {
		sum += n
	}
	return sum
}
