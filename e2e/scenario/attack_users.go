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

// afterRestart: nobody is known yet, and all come at once, from one address.
func afterRestart(t *testing.T, g *Gate, n int) string {
	u := newUsers(n)
	defer u.up.Close()
	g.Serve(Routes{"r": u.block()})
	var next atomic.Int64
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				r, err := g.Try(Call{Route: "r", Lines: []string{bearer(u.tokens[i])}})
				g.Tally.good(r, err, u.name(i))
			}
		})
	}
	all.Wait()
	counts(t, "the canary's, and one for each", u.up.Calls(), n+1)
	for i := range 100 {
		u.known(g, "r", i)
	}
	return ""
}

func guessing(t *testing.T, g *Gate, n int) string {
	up := university(nil)
	defer up.Close()
	config := block("basic", "thammasat", up.URL, "applicationKey", "env:UPSTREAMAUTH_TU_KEY")
	config["log"] = "info"
	g.Serve(Routes{"r": with(config, "limits", map[string]any{"perClient": "1000000/1h"})})
	known := Call{Route: "r", Lines: []string{basic(student, password)}}
	g.Known(known)
	calls := up.Calls()
	g.flood(n, func(i int) Call {
		return Call{Route: "r", Lines: []string{basic(student, fmt.Sprint("guess", i))}}
	})
	counts(t, "about the account that is guessed at", up.Calls(), calls+5)
	g.Known(known)
	return ""
}

// quotaSpent: junk gets half of the operator's quota, and who was let in before
// has the rest when asked about again.
func quotaSpent(t *testing.T, g *Gate, n int) string {
	const budget, students = 400, 90
	up := university(nil)
	defer up.Close()
	name := func(i int) string { return strings.ToLower(fmt.Sprint(Marker, "pupil", i)) }
	for i := range students {
		up.AddAccount(upstreams.Account{User: name(i), Password: password, Type: "student"})
	}
	config := block("basic", "thammasat", up.URL, "applicationKey", "env:UPSTREAMAUTH_TU_KEY",
		"budget", fmt.Sprint(budget, "/1h"), "lifetime", "5s")
	config["log"] = "info"
	g.Serve(Routes{"r": with(config, "limits", map[string]any{"perClient": "1000000/1h"})})
	enter := func() {
		for i := range students {
			r, err := g.Try(Call{Route: "r", Lines: []string{basic(name(i), password)}})
			g.Tally.good(r, err, name(i))
		}
	}
	enter()
	g.flood(n, func(i int) Call { return Call{Route: "r", Lines: []string{basic(fmt.Sprint("nobody", i), "wrong")}} })
	spent := up.Calls() - students - 1 // and the canary
	if spent > budget/2 {
		t.Errorf("junk spent %d of %d calls", spent, budget)
	}
	time.Sleep(5100 * time.Millisecond)
	enter() // their entries have ended
	if total := up.Calls(); total > budget {
		t.Errorf("%d calls, the budget is %d", total, budget)
	}
	return fmt.Sprintf("junk spent %d of %d calls", spent, budget)
}

func stampede(t *testing.T, g *Gate, n int) string {
	u := newUsers(2)
	defer u.up.Close()
	g.Serve(Routes{"r": u.block("timeout", "20s")})
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(u.tokens[0])}})
	calls := u.up.Calls()
	release := u.up.Hold()
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			r, err := g.Try(Call{Route: "r", Lines: []string{bearer(u.tokens[1])}})
			g.Tally.good(r, err, u.name(1))
		})
	}
	until(t, "it is asked about", func() bool { return u.up.Calls() == calls+1 })
	time.Sleep(300 * time.Millisecond)
	u.known(g, "r", 0)
	release()
	all.Wait()
	counts(t, "for all of them", u.up.Calls(), calls+1)
	return ""
}

// silence: 64 questions hang, further ones are turned away at once, and known
// users do not notice.
func silence(t *testing.T, g *Gate, n int) string {
	u := newUsers(200)
	defer u.up.Close()
	g.Serve(Routes{"r": u.block("timeout", "60s")})
	u.enter(g, "r")
	calls := u.up.Calls()
	release := u.up.Hold()
	var hanging sync.WaitGroup
	for i := range 64 {
		hanging.Go(func() {
			r, err := g.Try(Call{Route: "r", Lines: []string{bearer(fmt.Sprint(Marker, "hanging", i))}})
			g.Tally.bad(r, err)
		})
	}
	until(t, "64 questions hang", func() bool { return u.up.Calls() == calls+64 })
	u.beside(g, "r", func() {
		g.flood(n/10, func(i int) Call { return Call{Route: "r", Lines: []string{bearer(fmt.Sprint(Marker, "junk", i))}} })
	})
	for i := range n - n/10 {
		u.known(g, "r", i)
	}
	counts(t, "while they hang", u.up.Calls(), calls+64)
	release()
	hanging.Wait()
	return ""
}
