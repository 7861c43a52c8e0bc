package scenario

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	attackers = 8                    // send junk at once
	pace      = 4 * time.Millisecond // of each, where latencies are compared
)

// crowd does something n times, by as many as attackers at once, each with a
// pause of that length between two.
func crowd(n int, pause time.Duration, do func(i int)) {
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

// flood sends n calls as fast as they are answered, and judges that none gets in.
func (g *Gate) flood(n int, call func(i int) Call) {
	crowd(n, 0, func(i int) { g.junk(call(i)) })
}

func (g *Gate) junk(c Call) {
	r, err := g.Try(c)
	g.Tally.bad(r, err)
}

// beside has known users call one after the other while work goes on, and
// returns how long the median of them waited.
func (u *users) beside(g *Gate, route string, work func()) time.Duration {
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
			waits = append(waits, u.known(g, route, i))
			time.Sleep(pace)
		}
	}
}

// ratio compares how long known users wait beside junk with how long they wait
// beside as many known users: in one run, on one machine, and at a pace that
// leaves the machine room for both.
func (u *users) ratio(g *Gate, n int, junk func(i int) Call) string {
	usual := u.beside(g, "r", func() { crowd(n/4, pace, func(i int) { u.known(g, "r", i) }) })
	under := u.beside(g, "r", func() { crowd(n, pace, func(i int) { g.junk(junk(i)) }) })
	return fmt.Sprintf("known callers' median %s, %.2f × that beside other known callers",
		under.Round(10*time.Microsecond), float64(under)/float64(usual))
}

func junkFromOne(t *testing.T, g *Gate, n int) string {
	u := newUsers(200)
	defer u.up.Close()
	g.Serve(Routes{"r": with(u.block(), "limits", map[string]any{"perClient": "300/1h"})})
	u.enter(g, "r")
	calls, memory := u.up.Calls(), g.megabytes()
	note := u.ratio(g, n, func(i int) Call {
		return Call{Route: "r", Lines: []string{bearer(fmt.Sprintf("%sjunk-%032d", Marker, i))}}
	})
	if spent := u.up.Calls() - calls; spent > 300 {
		t.Errorf("%d calls for junk from one address, allowed are 300", spent)
	}
	return note + u.settled(t, g, memory)
}

// settled looks whether every known user is still known, and tells the memory.
func (u *users) settled(t *testing.T, g *Gate, before int64) string {
	calls := u.up.Calls()
	for i := range u.tokens {
		u.known(g, "r", i)
	}
	counts(t, "for known users after all", u.up.Calls(), calls)
	after := g.megabytes()
	if after-before > 200 {
		t.Errorf("memory went from %d to %d MiB", before, after)
	}
	return fmt.Sprintf("; %d → %d MiB", before, after)
}

func junkFromMany(t *testing.T, g *Gate, n int) string {
	const addresses, each = 1000, 10
	u := newUsers(200)
	defer u.up.Close()
	g.Serve(Routes{"r": with(u.block(), "limits", map[string]any{"perClient": fmt.Sprint(each, "/1h"), "clientDepth": "1"})})
	u.enter(g, "r")
	calls, memory := u.up.Calls(), g.megabytes()
	note := u.ratio(g, n, func(i int) Call {
		hop := fmt.Sprintf("X-Forwarded-For: 10.9.%d.%d", i%addresses/250, i%250)
		return Call{Route: "r", Lines: []string{bearer(fmt.Sprintf("%sjunk-%032d", Marker, i)), hop}}
	})
	if spent := u.up.Calls() - calls; spent > addresses*each {
		t.Errorf("%d calls for junk, allowed are %d", spent, addresses*each)
	}
	return note + u.settled(t, g, memory)
}

// junkKeys: every key is asked about once; their windows and refusals stay in
// bounded room, and the key in use keeps both its entry and its budget.
func junkKeys(t *testing.T, g *Gate, n int) string {
	up := university(nil)
	defer up.Close()
	config := block("applicationKey", "thammasat", up.URL, "account", "true", "budget", "3/1h")
	config["log"] = "info"
	g.Serve(Routes{"r": with(config, "limits", map[string]any{"perClient": "1000000/1h"})})
	known := Call{Route: "r", Lines: []string{key(goodKey), basic(student, password)}}
	g.Known(known)
	g.Expect(401, Call{Route: "r", Lines: []string{key(goodKey), basic("nobody", "wrong")}})
	memory := g.megabytes()
	g.flood(n, func(i int) Call {
		return Call{Route: "r", Lines: []string{key(fmt.Sprintf("%sjunk-%032d", Marker, i)), basic(fmt.Sprint("nobody", i), "wrong")}}
	})
	after := g.megabytes()
	if after-memory > 200 {
		t.Errorf("memory went from %d to %d MiB", memory, after)
	}
	calls := up.Calls()
	g.Known(known)
	g.Expect(401, Call{Route: "r", Lines: []string{key(goodKey), basic("nobody2", "wrong")}})
	g.Expect(429, Call{Route: "r", Lines: []string{key(goodKey), basic("nobody3", "wrong")}})
	counts(t, "under the key in use, which had two of its three", up.Calls()-calls, 1)
	return fmt.Sprintf("%d → %d MiB", memory, after)
}
