package scenario

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// afterRestart: no token is cached, and all users send requests at once, from one
// address.
func afterRestart(t *testing.T, h *Harness, n int) string {
	u := newUsers(n)
	defer u.up.Close()
	h.Serve(Routes{"r": u.routeConfig()})
	var next atomic.Int64
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				r, err := h.Try(Request{Route: "r", Headers: []string{bearer(u.tokens[i])}})
				h.Counters.accepted(r, err, u.name(i))
			}
		})
	}
	all.Wait()
	u.expectCalls(t, n, n)
	for i := range 100 {
		u.timedHit(h, "r", i)
	}
	return ""
}

// expectCalls compares the calls, without those of the canary: one, and one more for each 20
// users in a row who are not cached and are all allowed.
func (u *users) expectCalls(t *testing.T, want, allowed int) {
	t.Helper()
	if calls := u.up.Calls(); calls < want || calls > want+2+allowed/20 {
		t.Errorf("%d calls, want %d beside the canary's", calls, want)
	}
}

func passwordGuessing(t *testing.T, h *Harness, n int) string {
	up := newThammasat(nil)
	defer up.Close()
	config := routeConfig("basic", "thammasat", up.URL, "applicationKey", "env:UPSTREAMAUTH_TU_KEY")
	config["log"] = "info"
	h.Serve(Routes{"r": with(config, "limits", map[string]any{"perClient": "1000000/1h"})})
	cached := Request{Route: "r", Headers: []string{basic(student, password)}}
	h.ExpectCached(cached)
	calls := up.Calls()
	h.sendInvalid(n, func(i int) Request {
		return Request{Route: "r", Headers: []string{basic(student, fmt.Sprint("guess", i))}}
	})
	expectCount(t, "calls for the account that is guessed at", up.Calls(), calls+5)
	h.ExpectCached(cached)
	return ""
}

// quotaSpent: invalid accounts may spend half of the operator's quota; the rest is
// left for accounts that were valid before.
func quotaSpent(t *testing.T, h *Harness, n int) string {
	const budget, students = 400, 90
	up := newThammasat(nil)
	defer up.Close()
	name := func(i int) string { return strings.ToLower(fmt.Sprint(Marker, "student", i)) }
	for i := range students {
		up.AddAccount(upstreams.Account{User: name(i), Password: password, Type: "student"})
	}
	config := routeConfig("basic", "thammasat", up.URL, "applicationKey", "env:UPSTREAMAUTH_TU_KEY",
		"budget", fmt.Sprint(budget, "/1h"), "lifetime", "5s")
	config["log"] = "info"
	h.Serve(Routes{"r": with(config, "limits", map[string]any{"perClient": "1000000/1h"})})
	expectAllAllowed := func() {
		for i := range students {
			r, err := h.Try(Request{Route: "r", Headers: []string{basic(name(i), password)}})
			h.Counters.accepted(r, err, name(i))
		}
	}
	expectAllAllowed()
	h.sendInvalid(n, func(i int) Request {
		return Request{Route: "r", Headers: []string{basic(fmt.Sprint("unknown", i), "wrong")}}
	})
	spent := up.Calls() - students - 1 // and one for the canary
	if spent > budget/2 {
		t.Errorf("invalid accounts spent %d of %d calls", spent, budget)
	}
	time.Sleep(5100 * time.Millisecond)
	expectAllAllowed() // their cache entries have ended
	if total := up.Calls(); total > budget {
		t.Errorf("%d calls, the budget is %d", total, budget)
	}
	return fmt.Sprintf("invalid accounts spent %d of %d calls", spent, budget)
}

func manyAtOnce(t *testing.T, h *Harness, n int) string {
	u := newUsers(2)
	defer u.up.Close()
	h.Serve(Routes{"r": u.routeConfig("timeout", "20s")})
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(u.tokens[0])}})
	calls := u.up.Calls()
	release := u.up.Hold()
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			r, err := h.Try(Request{Route: "r", Headers: []string{bearer(u.tokens[1])}})
			h.Counters.accepted(r, err, u.name(1))
		})
	}
	waitFor(t, "the lookup has begun", func() bool { return u.up.Calls() == calls+1 })
	time.Sleep(300 * time.Millisecond)
	u.timedHit(h, "r", 0)
	release()
	all.Wait()
	expectCount(t, "calls for all of them", u.up.Calls(), calls+1)
	return ""
}

// hangingUpstream: while all lookups of one address hang, as many as there is room for,
// cached users are served as before, users of other addresses who are not cached are allowed
// at once, and further lookups of that address are denied at once.
func hangingUpstream(t *testing.T, h *Harness, n int) string {
	const lookups, waiting, beyond = 57, 512, 16
	u := newUsers(200)
	defer u.up.Close()
	h.Serve(Routes{"r": with(u.routeConfig("timeout", "60s"), "limits", map[string]any{"clientDepth": "1", "perClient": "1000000/1h"})})
	u.warmUp(h, "r")
	calls := u.up.Calls()
	junk := func(name string, i int) Request {
		token := fmt.Sprint(Marker, name, i)
		u.up.Answer(token, upstreams.Reply{Status: 401, Delay: 50 * time.Second, Body: `{"IsSuccess":false,"Msg":{"Code":-202,"Msg":"no"}}`})
		return Request{Route: "r", Headers: []string{bearer(token), "X-Forwarded-For: 198.51.100.66"}}
	}
	var turnedAway atomic.Int64
	for i := range lookups + waiting + beyond {
		request := junk("hanging", i)
		go func() { // nearly all have a response long after the attack
			if _, err := h.send(request); err == nil {
				turnedAway.Add(1)
			}
		}()
	}
	waitFor(t, "lookups hang", func() bool { return u.up.Calls() == calls+lookups })
	waitFor(t, "there is no more room to wait", func() bool { return turnedAway.Load() >= beyond })
	u.latencyDuring(h, "r", func() { h.sendInvalid(n/10, func(i int) Request { return junk("invalid", i) }) })
	newcomers := n / 10
	concurrently(newcomers, 0, func(i int) {
		name := fmt.Sprint(Marker, "newcomer", i)
		token := u.up.IssueToken(upstreams.User{UserName: name})
		r, err := h.Try(Request{Route: "r", Headers: []string{bearer(token), fmt.Sprintf("X-Forwarded-For: 10.9.%d.%d", i/250, i%250)}})
		if !h.Counters.accepted(r, err, name) {
			t.Errorf("a newcomer: %d %v %s", r.Status, err, r.Body)
		}
	})
	for i := range n - 2*(n/10) {
		u.timedHit(h, "r", i)
	}
	u.expectCalls(t, calls+lookups+newcomers, newcomers)
	return fmt.Sprintf("%d newcomers allowed", newcomers)
}
