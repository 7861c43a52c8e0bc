package scenario

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	attackers = 8                    // concurrent senders of invalid tokens
	pace      = 4 * time.Millisecond // between two requests of one sender, where latencies are compared
)

// concurrently calls do n times, from as many goroutines as there are attackers,
// each with a pause after every call.
func concurrently(n int, pause time.Duration, do func(i int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range attackers {
		all.Go(func() {
			for i := int(next.Add(1)); i <= n; i = int(next.Add(1)) {
				do(i)
				time.Sleep(pause)
			}
		})
	}
	all.Wait()
}

// sendInvalid sends n requests as fast as they are answered; none may be allowed.
func (h *Harness) sendInvalid(n int, call func(i int) Request) {
	concurrently(n, 0, func(i int) { h.expectRejected(call(i)) })
}

func (h *Harness) expectRejected(request Request) {
	r, err := h.Try(request)
	h.Counters.rejected(r, err)
}

// latencyDuring sends requests of cached users, one after the other, until work
// returns. It returns their median latency.
func (u *users) latencyDuring(h *Harness, route string, work func()) time.Duration {
	done := make(chan struct{})
	go func() {
		defer close(done)
		work()
	}()
	var waits []time.Duration
	for i := 0; ; i++ {
		select {
		case <-done:
			return median(waits)
		default:
			waits = append(waits, u.timedHit(h, route, i))
			time.Sleep(pace)
		}
	}
}

// compareLatency compares the latency of cached users during invalid requests with
// that during as many requests of cached users: in one run, on one machine, and at a
// pace that the machine can keep up with.
func (u *users) compareLatency(h *Harness, n int, send func(i int) Request) string {
	usual := u.latencyDuring(h, "r", func() { concurrently(n/4, pace, func(i int) { u.timedHit(h, "r", i) }) })
	under := u.latencyDuring(h, "r", func() { concurrently(n, pace, func(i int) { h.expectRejected(send(i)) }) })
	return fmt.Sprintf("median of cached users %s, %.2f × that during requests of cached users",
		under.Round(10*time.Microsecond), float64(under)/float64(usual))
}

func invalidFromOne(t *testing.T, h *Harness, n int) string {
	u := newUsers(200)
	defer u.up.Close()
	h.Serve(Routes{"r": with(u.routeConfig(), "limits", map[string]any{"perClient": "300/1h"})})
	u.warmUp(h, "r")
	calls, memory := u.up.Calls(), h.memoryMiB()
	note := u.compareLatency(h, n, func(i int) Request {
		return Request{Route: "r", Headers: []string{bearer(fmt.Sprintf("%sinvalid-%032d", Marker, i))}}
	})
	if spent := u.up.Calls() - calls; spent > 300 {
		t.Errorf("%d calls for invalid tokens from one address, want at most 300", spent)
	}
	return note + u.expectAllCached(t, h, memory)
}

// expectAllCached expects that every user's token is still cached, and returns a
// note about the memory.
func (u *users) expectAllCached(t *testing.T, h *Harness, before int64) string {
	calls := u.up.Calls()
	for i := range u.tokens {
		u.timedHit(h, "r", i)
	}
	expectCount(t, "calls for cached users", u.up.Calls(), calls)
	after := h.memoryMiB()
	if after-before > 200 {
		t.Errorf("memory went from %d to %d MiB", before, after)
	}
	return fmt.Sprintf("; %d → %d MiB", before, after)
}

func invalidFromMany(t *testing.T, h *Harness, n int) string {
	const addresses, each = 1000, 10
	u := newUsers(200)
	defer u.up.Close()
	h.Serve(Routes{"r": with(u.routeConfig(), "limits", map[string]any{"perClient": fmt.Sprint(each, "/1h"), "clientDepth": "1"})})
	u.warmUp(h, "r")
	calls, memory := u.up.Calls(), h.memoryMiB()
	note := u.compareLatency(h, n, func(i int) Request {
		hop := fmt.Sprintf("X-Forwarded-For: 10.9.%d.%d", i%addresses/250, i%250)
		return Request{Route: "r", Headers: []string{bearer(fmt.Sprintf("%sinvalid-%032d", Marker, i)), hop}}
	})
	if spent := u.up.Calls() - calls; spent > addresses*each {
		t.Errorf("%d calls for invalid tokens, want at most %d", spent, addresses*each)
	}
	return note + u.expectAllCached(t, h, memory)
}

// invalidKeys: every key costs one call; what is stored about them is bounded, and the
// key in use keeps its cache entry and its budget.
func invalidKeys(t *testing.T, h *Harness, n int) string {
	up := newThammasat(nil)
	defer up.Close()
	config := routeConfig("applicationKey", "thammasat", up.URL, "account", "true", "budget", "8/1h")
	config["log"] = "info"
	h.Serve(Routes{"r": with(config, "limits", map[string]any{"perClient": "1000000/1h"})})
	cached := Request{Route: "r", Headers: []string{key(validKey), basic(student, password)}}
	h.ExpectCached(cached)
	h.Expect(401, Request{Route: "r", Headers: []string{key(validKey), basic("unknown", "wrong")}})
	memory := h.memoryMiB()
	h.sendInvalid(n, func(i int) Request {
		return Request{Route: "r", Headers: []string{key(fmt.Sprintf("%sinvalid-%032d", Marker, i)), basic(fmt.Sprint("unknown", i), "wrong")}}
	})
	after := h.memoryMiB()
	if after-memory > 200 {
		t.Errorf("memory went from %d to %d MiB", memory, after)
	}
	calls := up.Calls()
	h.ExpectCached(cached)
	h.Expect(401, Request{Route: "r", Headers: []string{key(validKey), basic("unknown2", "wrong")}})
	h.Expect(401, Request{Route: "r", Headers: []string{key(validKey), basic("unknown3", "wrong")}})
	h.Expect(429, Request{Route: "r", Headers: []string{key(validKey), basic("unknown4", "wrong")}})
	expectCount(t, "calls with the key in use, under which this address had one of its three refusals", up.Calls()-calls, 2)
	return fmt.Sprintf("%d → %d MiB", memory, after)
}
