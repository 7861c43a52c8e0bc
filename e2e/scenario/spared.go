package scenario

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Spared: how upstreams are spared calls, and who notices.
var Spared = []Scenario{
	{Name: "a spent budget says what is left of its window, and known callers go on", Play: budgetSpent},
	{Name: "refused accounts spend no more than half of the operator's quota", Play: halfForJunk},
	{Name: "the canary and the revalidation are paid from the budget", Play: everyCallCounts},
	{Name: "the smallest budget of the routes that share an upstream holds", Play: smallestBudget},
	{Name: "an account whose password is guessed is left alone", Play: braked},
}

// retryAfter compares the whole seconds that a refusal tells to wait.
func retryAfter(t testing.TB, r Reply, least, most int) {
	t.Helper()
	seconds, err := strconv.Atoi(r.Header.Get("Retry-After"))
	if err != nil || seconds < least || seconds > most {
		t.Errorf("Retry-After %q, want %d…%d", r.Header.Get("Retry-After"), least, most)
	}
}

func budgetSpent(t *testing.T, g *Gate) {
	up := university(g.Clock())
	defer up.Close()
	config := block("applicationKey", "thammasat", up.URL, "account", "true", "budget", "4/3s")
	g.Serve(Routes{"r": config})
	known := Call{Route: "r", Lines: []string{key(goodKey), basic(student, password)}}
	begun := time.Now()
	g.Known(known)
	for i := range 3 {
		g.Expect(401, Call{Route: "r", Lines: []string{key(goodKey), basic(fmt.Sprint("nobody", i), "wrong")}})
	}
	calls := up.CallsWith(goodKey)
	counts(t, "within the budget", calls, 4)
	late := Call{Route: "r", Lines: []string{key(goodKey), basic(employee, password)}}
	r := g.Expect(429, late)
	gone := int(time.Since(begun) / time.Second)
	retryAfter(t, r, max(1, 3-gone-1), 3-gone)
	g.Known(known)
	g.Expect(200, Call{Route: "r", Lines: []string{key(otherKey), basic(employee, password)}})
	g.Serve(Routes{"r": with(config, "cache", map[string]any{"negativeLifetime": "31s"})})
	g.Expect(429, late)
	g.Known(known)
	counts(t, "past the budget", up.CallsWith(goodKey), calls)
	g.Pass(3*time.Second - time.Since(begun) + 100*time.Millisecond)
	g.Expect(200, late)
}

func halfForJunk(t *testing.T, g *Gate) {
	up := university(g.Clock())
	defer up.Close()
	g.Serve(Routes{"r": block("basic", "thammasat", up.URL, "applicationKey", "env:UPSTREAMAUTH_TU_KEY", "budget", "10/1h", "lifetime", "1s")})
	known := Call{Route: "r", Lines: []string{basic(student, password)}}
	g.Known(known)
	for i := range 5 {
		g.Expect(401, Call{Route: "r", Lines: []string{basic(fmt.Sprint("nobody", i), "wrong")}})
	}
	r := g.Expect(429, Call{Route: "r", Lines: []string{basic("nobody", "wrong")}})
	retryAfter(t, r, 3590, 3600)
	counts(t, "the canary, a student, and half of the quota", up.Calls(), 7)
	for call := 8; call <= 10; call++ {
		g.Pass(1100 * time.Millisecond)
		g.Known(known)
		counts(t, "for who was let in before", up.Calls(), call)
	}
	g.Pass(1100 * time.Millisecond)
	g.Expect(429, known)
	counts(t, "past the quota", up.Calls(), 10)
}

func everyCallCounts(t *testing.T, g *Gate) {
	up := service(g.Clock())
	defer up.Close()
	token := up.IssueToken(upstreams.User{UserName: Marker + "client"})
	other := up.IssueToken(upstreams.User{UserName: Marker + "other"})
	third := up.IssueToken(upstreams.User{UserName: Marker + "third"})
	g.Serve(Routes{"r": block("bearer", "webservice", up.URL, "path", up.Path(), "budget", "4/1h", "revalidate", "1s")})
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(token)}})
	counts(t, "the canary's and the first", up.Calls(), 2)
	g.Pass(1100 * time.Millisecond)
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(token)}})
	until(t, "it is asked about again", func() bool { return up.CallsWith(token) == 2 })
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(other)}})
	g.Expect(429, Call{Route: "r", Lines: []string{bearer(third)}})
	g.Pass(1100 * time.Millisecond)
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(token)}})
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(other)}})
	time.Sleep(100 * time.Millisecond)
	counts(t, "the whole budget", up.Calls(), 4)
}

func smallestBudget(t *testing.T, g *Gate) {
	up := service(g.Clock())
	defer up.Close()
	token := func(i int) string { return up.IssueToken(upstreams.User{UserName: fmt.Sprint(Marker, "client", i)}) }
	config := func(budget string) map[string]any {
		return block("bearer", "webservice", up.URL, "path", up.Path(), "budget", budget)
	}
	g.Serve(Routes{"wide": config("100/1h"), "narrow": config("4/1h")})
	for i := range 3 {
		g.Expect(200, Call{Route: "wide", Lines: []string{bearer(token(i))}})
	}
	last := token(3)
	g.Expect(429, Call{Route: "wide", Lines: []string{bearer(last)}})
	g.Serve(Routes{"wide": config("100/1h")})
	g.Expect(200, Call{Route: "wide", Lines: []string{bearer(last)}})
}

func braked(t *testing.T, g *Gate) {
	up := university(g.Clock())
	defer up.Close()
	g.Serve(Routes{"r": block("basic", "thammasat", up.URL, "applicationKey", "env:UPSTREAMAUTH_TU_KEY")})
	known := Call{Route: "r", Lines: []string{basic(student, password)}}
	g.Known(known)
	for i := range 5 {
		g.Expect(401, Call{Route: "r", Lines: []string{basic(employee, fmt.Sprint("guess", i))}})
		g.Expect(401, Call{Route: "r", Lines: []string{basic(student, fmt.Sprint("guess", i))}})
	}
	calls := up.Calls()
	r := g.Expect(429, Call{Route: "r", Lines: []string{basic(employee, password)}})
	retryAfter(t, r, 280, 300)
	g.Expect(429, Call{Route: "r", Lines: []string{basic(" "+employee, "guess")}})
	g.Known(known)
	counts(t, "about a braked account", up.Calls(), calls)
	if g.Clock() == nil {
		return // nobody waits for five minutes
	}
	g.Clock().Advance(301 * time.Second)
	g.Expect(200, Call{Route: "r", Lines: []string{basic(employee, password)}})
}
