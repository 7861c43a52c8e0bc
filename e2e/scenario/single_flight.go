package scenario

import (
	"context"
	"sync"
	"testing"
	"time"
)

// SingleFlight: concurrent requests with the same uncached credential share one
// lookup.
var SingleFlight = []Scenario{
	{Name: "500 callers with one uncached credential make one call", Run: manyCallers},
	{Name: "the first caller disconnects and the others are answered", Run: firstDisconnects},
}

// firstDisconnects: the caller that started the lookup disconnects before the upstream
// responds; those that joined get the answer of that one call.
func firstDisconnects(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	token := issueToken(up, "client")
	h.Serve(Routes{"r": webServiceConfig(up, "timeout", "20s")})
	release := up.Hold()
	request := Request{Route: "r", Headers: []string{bearer(token)}}

	ctx, hangUp := context.WithCancel(context.Background())
	left := make(chan error, 1)
	go func() {
		r, err := h.newRequest(request)
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
			r, err := h.Try(request)
			if err != nil {
				t.Error(err)
			}
			statuses <- r.Status
		})
	}
	time.Sleep(200 * time.Millisecond)
	hangUp()
	if err := <-left; err == nil {
		t.Error("the first caller got a response although it disconnected")
	}
	time.Sleep(100 * time.Millisecond)
	release()
	joined.Wait()
	for range 20 {
		if status := <-statuses; status != 200 {
			t.Errorf("a caller that stayed got %d", status)
		}
	}
	expectCount(t, "calls", up.CallsWith(token), 1)
}

func manyCallers(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	token := issueToken(up, "client")
	h.Serve(Routes{"r": webServiceConfig(up, "timeout", "20s")})
	release := up.Hold()
	statuses := make(chan int, 500)
	var sent sync.WaitGroup
	for range 500 {
		sent.Go(func() {
			r, err := h.Try(Request{Route: "r", Headers: []string{bearer(token)}})
			if err != nil {
				t.Error(err)
			}
			statuses <- r.Status
		})
	}
	time.Sleep(1500 * time.Millisecond) // long enough for all of them to wait
	release()
	sent.Wait()
	good := 0
	for range 500 {
		if <-statuses == 200 {
			good++
		}
	}
	expectCount(t, "allowed callers", good, 500)
	expectCount(t, "calls", up.CallsWith(token), 1)
}
