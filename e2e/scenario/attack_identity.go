package scenario

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// weather is when faults of the upstream are played, and until when they may
// show: an open circuit leaves it alone for ten seconds.
type weather struct {
	mu   sync.Mutex
	bad  bool
	last time.Time
}

const aftermath = 12 * time.Second

func (w *weather) set(bad bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bad = bad
	w.last = time.Now()
}

// excuses tells whether a fault may show in a call that began then.
func (w *weather) excuses(begun time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.bad || begun.Before(w.last.Add(aftermath))
}

// faults are played in turn.
var faults = []upstreams.Reply{
	{Status: 502, Body: "bad gateway"},
	{Status: 200, Body: "<html>", Header: map[string]string{"Content-Type": "text/html"}},
	{Status: 200, Body: `{"IsSuccess":true,"Data":{"UserName":"` + Marker + `user0"},"isSuccess":false}`},
	{Status: 200, Delay: 3 * time.Second, Body: `{"IsSuccess":true,"Data":{"UserName":"` + Marker + `user0"}}`},
	{Status: 429, Header: map[string]string{"Retry-After": "1"}, Body: "{}"},
}

// identityNeverCrosses: known users on one route, users who are asked about
// every two seconds on another, refused and malformed credentials between them,
// a reload every second, and an upstream that stumbles. Whoever is let in is
// who the credential says; a known user is never refused; one who has to be
// asked about is, beyond the faults played.
func identityNeverCrosses(t *testing.T, g *Gate, n int) string {
	u := newUsers(200)
	defer u.up.Close()
	routes := func(version int) Routes {
		negative := map[string]any{"negativeLifetime": fmt.Sprint(version%20+1, "s")}
		return Routes{
			"r":     with(u.block("timeout", "1s"), "cache", negative, "limits", map[string]any{"perClient": "100000000/1h"}),
			"brief": with(u.block("timeout", "1s", "lifetime", "2s"), "cache", negative, "limits", map[string]any{"perClient": "100000000/1h"}),
		}
	}
	g.Serve(routes(0))
	u.enter(g, "r")
	sky := &weather{last: time.Now().Add(-aftermath)}
	var stop atomic.Bool
	var background sync.WaitGroup
	var reloads int
	background.Go(func() {
		for !stop.Load() {
			time.Sleep(time.Second)
			reloads++
			if err := g.Apply(routes(reloads)); err != nil {
				t.Error(err)
			}
		}
	})
	background.Go(func() { u.stumble(sky, &stop) })
	var next, putOff atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for i := int(next.Add(1)); i <= n; i = int(next.Add(1)) {
				if !u.mixed(g, i, sky) {
					putOff.Add(1)
				}
			}
		})
	}
	all.Wait()
	stop.Store(true)
	background.Wait()
	return fmt.Sprintf("%d reloads; %d put off while the upstream stumbled", reloads, putOff.Load())
}

// stumble has the upstream fail for a second, and leaves it well for as long as
// a circuit stays open, and longer.
func (u *users) stumble(sky *weather, stop *atomic.Bool) {
	pause := func(d time.Duration) {
		for end := time.Now().Add(d); time.Now().Before(end) && !stop.Load(); {
			time.Sleep(10 * time.Millisecond)
		}
	}
	for i := 0; !stop.Load(); i++ {
		pause(time.Second)
		sky.set(true)
		fault := faults[i%len(faults)]
		u.up.AnswerAll(&fault)
		pause(time.Second)
		u.up.AnswerAll(nil)
		sky.set(false)
		pause(aftermath + time.Second)
	}
}

// mixed sends the i-th request of the mixture, and tells whether it was not put
// off.
func (u *users) mixed(g *Gate, i int, sky *weather) bool {
	who := i * 7 % len(u.tokens)
	switch {
	case i%20 == 3:
		r, err := g.Try(Call{Route: "r", Lines: []string{bearer(fmt.Sprint(Marker, "junk", i%5000))}})
		g.Tally.bad(r, err)
	case i%20 == 7:
		r, err := g.Try(Call{Route: "r", Lines: []string{bearer(u.tokens[who]), "Authorization: Bearer x"}})
		g.Tally.bad(r, err)
	case i%4 == 0:
		begun := time.Now()
		r, err := g.Try(Call{Route: "brief", Lines: []string{bearer(u.tokens[who]), "X-Auth-User: " + Marker + "admin"}})
		if err == nil && r.Status >= 429 && sky.excuses(begun) {
			return false
		}
		g.Tally.good(r, err, u.name(who))
	default:
		u.known(g, "r", who)
	}
	return true
}
