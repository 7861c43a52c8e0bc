package scenario

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// firstLeaves: the caller that started the flight hangs up while the upstream
// is thinking; those who joined get their answer, of the same one call.
func firstLeaves(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	token := up.IssueToken(upstreams.User{UserName: Marker + "client"})
	h.Serve(Routes{"r": routeConfig("bearer", "webservice", up.URL, "path", up.Path(), "timeout", "20s")})
	release := up.Hold()
	call := Request{Route: "r", Headers: []string{bearer(token)}}

	ctx, hangUp := context.WithCancel(context.Background())
	left := make(chan error, 1)
	go func() {
		r, err := h.newRequest(call)
		if err == nil {
			_, err = client.Do(r.WithContext(ctx))
		}
		left <- err
	}()
	waitFor(t, "the first call is under way", func() bool { return up.CallsWith(token) == 1 })
	statuses := make(chan int, 20)
	var joined sync.WaitGroup
	for range 20 {
		joined.Go(func() {
			r, err := h.Try(call)
			if err != nil {
				t.Error(err)
			}
			statuses <- r.Status
		})
	}
	time.Sleep(200 * time.Millisecond)
	hangUp()
	if err := <-left; err == nil {
		t.Error("the first caller got an answer after all")
	}
	time.Sleep(100 * time.Millisecond)
	release()
	joined.Wait()
	for range 20 {
		if status := <-statuses; status != 200 {
			t.Errorf("a caller who stayed got %d", status)
		}
	}
	expectCount(t, "verifications", up.CallsWith(token), 1)
}

// waitFor waits for a condition, ten seconds at most.
func waitFor(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("waited ten seconds in vain: %s", what)
}
