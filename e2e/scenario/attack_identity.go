package scenario

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// faultWindow is the time in which the upstream's faults may show. It goes on after
// the fault itself, because an open circuit makes no calls for ten seconds, and what opens
// it may be a call that has lasted for its timeout.
type faultWindow struct {
	mu      sync.Mutex
	active  bool
	changed time.Time
}

const (
	recoveryTime   = 17 * time.Second
	mixtureTimeout = 5 * time.Second // nothing but a fault is to take as long
)

func (w *faultWindow) setActive(bad bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.active = bad
	w.changed = time.Now()
}

// covers reports whether a fault may show in a request that began then.
func (w *faultWindow) covers(begun time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.active || begun.Before(w.changed.Add(recoveryTime))
}

// faults are injected in turn.
var faults = []upstreams.Reply{
	{Status: 502, Body: "bad gateway"},
	{Status: 200, Body: "<html>", Header: map[string]string{"Content-Type": "text/html"}},
	{Status: 200, Body: `{"IsSuccess":true,"Data":{"UserName":"` + Marker + `user0"},"isSuccess":false}`},
	{Status: 200, Delay: 2 * mixtureTimeout, Body: `{"IsSuccess":true,"Data":{"UserName":"` + Marker + `user0"}}`},
	{Status: 429, Header: map[string]string{"Retry-After": "1"}, Body: "{}"},
}

// identitiesStayApart: cached users on one route, users with a lifetime of two
// seconds on another, denied and malformed credentials between them, a reload every
// second, and an upstream with faults. Every request that is allowed has its own
// user's identity; a cached user is never denied; a user who needs a lookup is
// denied only while a fault may show.
func identitiesStayApart(t *testing.T, h *Harness, n int) string {
	u := newUsers(200)
	defer u.up.Close()
	routes := func(version int) Routes {
		negative := map[string]any{"negativeLifetime": fmt.Sprint(version%20+1, "s")}
		return Routes{
			"r":     with(u.routeConfig("timeout", mixtureTimeout.String()), "cache", negative, "limits", map[string]any{"perClient": "100000000/1h"}),
			"short": with(u.routeConfig("timeout", mixtureTimeout.String(), "lifetime", "2s"), "cache", negative, "limits", map[string]any{"perClient": "100000000/1h"}),
		}
	}
	h.Serve(routes(0))
	u.warmUp(h, "r")
	window := &faultWindow{changed: time.Now().Add(-recoveryTime)}
	var stop atomic.Bool
	var background sync.WaitGroup
	var reloads int
	background.Go(func() {
		for !stop.Load() {
			time.Sleep(time.Second)
			reloads++
			if err := h.Apply(routes(reloads)); err != nil {
				t.Error(err)
			}
		}
	})
	background.Go(func() { u.injectFaults(window, &stop) })
	var next, failed atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for i := int(next.Add(1)); i <= n; i = int(next.Add(1)) {
				if !u.sendMixed(h, i, window) {
					failed.Add(1)
				}
			}
		})
	}
	all.Wait()
	stop.Store(true)
	background.Wait()
	return fmt.Sprintf("%d reloads; %d requests failed during upstream faults", reloads, failed.Load())
}

// injectFaults makes the upstream fail for a second, then work for longer than a
// circuit stays open, again and again.
func (u *users) injectFaults(window *faultWindow, stop *atomic.Bool) {
	pause := func(d time.Duration) {
		for end := time.Now().Add(d); time.Now().Before(end) && !stop.Load(); {
			time.Sleep(10 * time.Millisecond)
		}
	}
	for i := 0; !stop.Load(); i++ {
		pause(time.Second)
		window.setActive(true)
		fault := faults[i%len(faults)]
		u.up.AnswerAll(&fault)
		pause(time.Second)
		u.up.AnswerAll(nil)
		window.setActive(false)
		pause(recoveryTime + time.Second)
	}
}

// sendMixed sends the i-th request of the mixture, and reports whether it did not
// fail for an upstream fault.
func (u *users) sendMixed(h *Harness, i int, window *faultWindow) bool {
	user := i * 7 % len(u.tokens)
	switch {
	case i%20 == 3:
		r, err := h.Try(Request{Route: "r", Headers: []string{bearer(fmt.Sprint(Marker, "invalid", i%5000))}})
		h.Counters.rejected(r, err)
	case i%20 == 7:
		r, err := h.Try(Request{Route: "r", Headers: []string{bearer(u.tokens[user]), "Authorization: Bearer x"}})
		h.Counters.rejected(r, err)
	case i%4 == 0:
		begun := time.Now()
		r, err := h.Try(Request{Route: "short", Headers: []string{bearer(u.tokens[user]), "X-Auth-User: " + Marker + "admin"}})
		if err == nil && r.Status >= 429 && window.covers(begun) {
			return false
		}
		h.Counters.accepted(r, err, u.name(user))
	default:
		u.timedHit(h, "r", user)
	}
	return true
}
