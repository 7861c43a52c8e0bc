package refusals

import (
	"context"
	"fmt"
	"net/http"
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
		var all sync.WaitGroup
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
			all.Go(func() { ask("app", "/", token) })
		}
		all.Go(func() { ask("app", "/external-login?token="+s.api.IssueToken("ali"), "") })
		ask("slow", "/", "00000000000000000000000000000slow"+protocol[5:6]) // its own time is over: that is no one's leaving
		time.Sleep(1500 * time.Millisecond)
		leave()
		all.Wait()
		want["app "+protocol+" 499"] = each + 1
		want["slow "+protocol+" 500"] = 1
	}
	time.Sleep(500 * time.Millisecond)
	got := s.statuses()
	for line, n := range want {
		if got[line] != n {
			t.Errorf("%s: %d lines, want %d; all: %v", line, got[line], n, got)
		}
	}
}
