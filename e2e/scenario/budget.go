package scenario

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Budgets: how upstreams are spared calls, and who notices.
var Budgets = []Scenario{
	{Name: "a spent budget says what is left of its window, and known callers go on", Run: budgetSpent},
	{Name: "refused accounts spend no more than half of the operator's quota", Run: halfForUnknown},
	{Name: "the canary and the revalidation are paid from the budget", Run: everyCallCounts},
	{Name: "the smallest budget of the routes that share an upstream holds", Run: smallestBudget},
	{Name: "an account whose password is guessed is left alone", Run: accountLockedOut},
}

// expectRetryAfter compares the whole seconds that a refusal tells to wait.
func expectRetryAfter(t testing.TB, r Response, least, most int) {
	t.Helper()
	seconds, err := strconv.Atoi(r.Header.Get("Retry-After"))
	if err != nil || seconds < least || seconds > most {
		t.Errorf("Retry-After %q, want %d…%d", r.Header.Get("Retry-After"), least, most)
	}
}

func budgetSpent(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	config := routeConfig("applicationKey", "thammasat", up.URL, "account", "true", "budget", "4/3s")
	h.Serve(Routes{"r": config})
	known := Request{Route: "r", Headers: []string{key(goodKey), basic(student, password)}}
	begun := time.Now()
	h.ExpectCached(known)
	for i := range 3 {
		h.Expect(401, Request{Route: "r", Headers: []string{key(goodKey), basic(fmt.Sprint("nobody", i), "wrong")}})
	}
	calls := up.CallsWith(goodKey)
	expectCount(t, "within the budget", calls, 4)
	late := Request{Route: "r", Headers: []string{key(goodKey), basic(employee, password)}}
	r := h.Expect(429, late)
	gone := int(time.Since(begun) / time.Second)
	expectRetryAfter(t, r, max(1, 3-gone-1), 3-gone)
	h.ExpectCached(known)
	h.Expect(200, Request{Route: "r", Headers: []string{key(otherKey), basic(employee, password)}})
	h.Serve(Routes{"r": with(config, "cache", map[string]any{"negativeLifetime": "31s"})})
	h.Expect(429, late)
	h.ExpectCached(known)
	expectCount(t, "past the budget", up.CallsWith(goodKey), calls)
	h.Advance(3*time.Second - time.Since(begun) + 100*time.Millisecond)
	h.Expect(200, late)
}

func halfForUnknown(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": routeConfig("basic", "thammasat", up.URL, "applicationKey", "env:UPSTREAMAUTH_TU_KEY", "budget", "10/1h", "lifetime", "1s")})
	known := Request{Route: "r", Headers: []string{basic(student, password)}}
	h.ExpectCached(known)
	for i := range 5 {
		h.Expect(401, Request{Route: "r", Headers: []string{basic(fmt.Sprint("nobody", i), "wrong")}})
	}
	r := h.Expect(429, Request{Route: "r", Headers: []string{basic("nobody", "wrong")}})
	expectRetryAfter(t, r, 3590, 3600)
	expectCount(t, "the canary, a student, and half of the quota", up.Calls(), 7)
	for call := 8; call <= 10; call++ {
		h.Advance(1100 * time.Millisecond)
		h.ExpectCached(known)
		expectCount(t, "for who was let in before", up.Calls(), call)
	}
	h.Advance(1100 * time.Millisecond)
	h.Expect(429, known)
	expectCount(t, "past the quota", up.Calls(), 10)
}

func everyCallCounts(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	token := up.IssueToken(upstreams.User{UserName: Marker + "client"})
	other := up.IssueToken(upstreams.User{UserName: Marker + "other"})
	third := up.IssueToken(upstreams.User{UserName: Marker + "third"})
	h.Serve(Routes{"r": routeConfig("bearer", "webservice", up.URL, "path", up.Path(), "budget", "4/1h", "revalidate", "1s")})
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
	expectCount(t, "the canary's and the first", up.Calls(), 2)
	h.Advance(1100 * time.Millisecond)
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
	waitFor(t, "it is asked about again", func() bool { return up.CallsWith(token) == 2 })
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(other)}})
	h.Expect(429, Request{Route: "r", Headers: []string{bearer(third)}})
	h.Advance(1100 * time.Millisecond)
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(other)}})
	time.Sleep(100 * time.Millisecond)
	expectCount(t, "the whole budget", up.Calls(), 4)
}

func smallestBudget(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	token := func(i int) string { return up.IssueToken(upstreams.User{UserName: fmt.Sprint(Marker, "client", i)}) }
	config := func(budget string) map[string]any {
		return routeConfig("bearer", "webservice", up.URL, "path", up.Path(), "budget", budget)
	}
	h.Serve(Routes{"wide": config("100/1h"), "narrow": config("4/1h")})
	for i := range 3 {
		h.Expect(200, Request{Route: "wide", Headers: []string{bearer(token(i))}})
	}
	last := token(3)
	h.Expect(429, Request{Route: "wide", Headers: []string{bearer(last)}})
	h.Serve(Routes{"wide": config("100/1h")})
	h.Expect(200, Request{Route: "wide", Headers: []string{bearer(last)}})
}

func accountLockedOut(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": routeConfig("basic", "thammasat", up.URL, "applicationKey", "env:UPSTREAMAUTH_TU_KEY")})
	known := Request{Route: "r", Headers: []string{basic(student, password)}}
	h.ExpectCached(known)
	for i := range 5 {
		h.Expect(401, Request{Route: "r", Headers: []string{basic(employee, fmt.Sprint("guess", i))}})
		h.Expect(401, Request{Route: "r", Headers: []string{basic(student, fmt.Sprint("guess", i))}})
	}
	calls := up.Calls()
	r := h.Expect(429, Request{Route: "r", Headers: []string{basic(employee, password)}})
	expectRetryAfter(t, r, 280, 300)
	h.Expect(429, Request{Route: "r", Headers: []string{basic(" "+employee, "guess")}})
	h.ExpectCached(known)
	expectCount(t, "about a braked account", up.Calls(), calls)
	if h.Clock() == nil {
		return // nobody waits for five minutes
	}
	h.Clock().Advance(301 * time.Second)
	h.Expect(200, Request{Route: "r", Headers: []string{basic(employee, password)}})
}
