package scenario

import (
	"fmt"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Budgets: limits on the calls to an upstream, and who is affected by them.
var Budgets = []Scenario{
	{Name: "an exhausted budget is a 429 until its window ends, and cached callers are served", Run: budgetSpent},
	{Name: "invalid accounts of one address spend a tenth of the operator's quota, and of all at most half", Run: halfForUnknown},
	{Name: "the canary and revalidations count against the budget", Run: everyCallCounts},
	{Name: "routes that share an upstream share the count of calls, and each obeys its own budget", Run: sharedCount},
	{Name: "an account is not looked up after five wrong passwords", Run: accountLockedOut},
}

func budgetSpent(_ *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	config := routeConfig("applicationKey", "thammasat", up.URL, "account", "true", "budget", "8/5s")
	var late Request
	var counted time.Time
	h.again(func(h *Harness, n int, by func(deadline time.Time)) {
		h.Serve(Routes{"r": config})
		used := fmt.Sprint(validKey, n) // each key has a budget of its own
		up.AddKey(used)
		send := func(user, password string) Request {
			return Request{Route: "r", Headers: []string{key(used), basic(user, password)}}
		}
		cached := send(student, password)
		begun := clockOf(h)
		by(begun.Add(5 * time.Second))
		h.ExpectCached(cached)
		counted = clockOf(h) // the first call, with which the period began
		for i := range 2 {
			h.Expect(401, send(fmt.Sprint("unknown", n, "-", i), "wrong"))
		}
		for i := range 3 {
			user := fmt.Sprint(Marker, "new", i)
			up.AddAccount(upstreams.Account{User: user, Password: password, Type: "student"})
			request := send(user, password)
			request.From = "127.0.0.30"
			h.Expect(200, request)
		}
		calls := up.CallsWith(used)
		expectCount(h.t, "calls until a quarter is left", calls, 6)
		late = send(employee, password)
		asked := clockOf(h)
		r := h.Expect(429, late)
		h.expectRest(r, 5*time.Second, begun, counted, asked)
		h.ExpectCached(cached)
		h.Expect(200, Request{Route: "r", Headers: []string{key(otherKey), basic(employee, password)}})
		h.Serve(Routes{"r": with(config, "cache", map[string]any{"negativeLifetime": "31s"})})
		h.Expect(429, late)
		h.ExpectCached(cached)
		expectCount(h.t, "calls beyond the budget", up.CallsWith(used), calls)
	})
	h.Pass(counted, 5100*time.Millisecond)
	h.Expect(200, late)
}

func halfForUnknown(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": basicConfig(up, "budget", "12/1h", "lifetime", "1s")})
	cached := Request{Route: "r", Headers: []string{basic(student, password)}}
	h.ExpectCached(cached)
	guess := func(status int, from string, i int) Response {
		t.Helper()
		return h.Expect(status, Request{Route: "r", Headers: []string{basic(fmt.Sprint("unknown", from, i), "wrong")}, From: from})
	}
	for i := range 3 {
		guess(401, "127.0.0.31", i)
	}
	guess(429, "127.0.0.31", 3)
	for i := range 3 {
		guess(401, "127.0.0.32", i)
	}
	expectRetryAfter(t, guess(429, "127.0.0.32", 3), 3590, 3600)
	expectCount(t, "calls: the canary, a student, and half of the quota", up.Calls(), 8)
	guess(401, "127.0.0.33", 0) // until a quarter is left, each address has one
	guess(429, "127.0.0.33", 1)
	h.Expect(429, Request{Route: "r", Headers: []string{basic(employee, password)}, From: "127.0.0.34"})
	for call := 10; call <= 12; call++ {
		h.Advance(1100 * time.Millisecond)
		h.ExpectCached(cached)
		expectCount(t, "calls for an account that was valid before", up.Calls(), call)
	}
	h.Advance(1100 * time.Millisecond)
	h.Expect(429, cached)
	expectCount(t, "calls beyond the quota", up.Calls(), 12)
}

func everyCallCounts(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	token := issueToken(up, "client")
	other := issueToken(up, "other")
	third := issueToken(up, "third")
	h.Serve(Routes{"r": webServiceConfig(up, "budget", "5/1h", "revalidate", "1s")})
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
	expectCount(t, "calls: the canary's and the first", up.Calls(), 2)
	h.Advance(1100 * time.Millisecond)
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
	waitFor(t, "it is revalidated", func() bool { return up.CallsWith(token) == 2 })
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(other)}})
	h.Expect(429, Request{Route: "r", Headers: []string{bearer(third)}}) // the rest is for known ones
	h.Advance(1100 * time.Millisecond)
	waitFor(t, "it is revalidated again", func() bool {
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}}) // the first revalidation may not have ended yet
		return up.CallsWith(token) >= 3
	})
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(other)}})
	time.Sleep(100 * time.Millisecond)
	expectCount(t, "calls of the whole budget", up.Calls(), 5)
}

func sharedCount(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	token := func(i int) string { return up.IssueToken(upstreams.User{UserName: fmt.Sprint(Marker, "client", i)}) }
	config := func(budget string) map[string]any {
		return webServiceConfig(up, "budget", budget)
	}
	h.Serve(Routes{"wide": config("100/1h"), "narrow": config("4/1h")})
	for i := range 3 {
		h.Expect(200, Request{Route: "wide", Headers: []string{bearer(token(i))}})
	}
	last := token(3)
	h.Expect(429, Request{Route: "narrow", Headers: []string{bearer(last)}})
	h.Expect(200, Request{Route: "wide", Headers: []string{bearer(last)}})
}

func accountLockedOut(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": basicConfig(up)})
	cached := Request{Route: "r", Headers: []string{basic(student, password)}}
	h.ExpectCached(cached)
	for i := range 5 {
		h.Expect(401, Request{Route: "r", Headers: []string{basic(employee, fmt.Sprint("guess", i))}})
		h.Expect(401, Request{Route: "r", Headers: []string{basic(student, fmt.Sprint("guess", i))}})
	}
	calls := up.Calls()
	r := h.Expect(429, Request{Route: "r", Headers: []string{basic(employee, password)}})
	expectRetryAfter(t, r, 280, 300)
	h.Expect(429, Request{Route: "r", Headers: []string{basic(" "+employee, "guess")}})
	h.ExpectCached(cached)
	expectCount(t, "calls for a locked account", up.Calls(), calls)
	if h.Clock() == nil {
		return // five minutes are too long to wait
	}
	h.Clock().Advance(301 * time.Second)
	h.Expect(200, Request{Route: "r", Headers: []string{basic(employee, password)}})
}
