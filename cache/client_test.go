package cache

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// patient is the policy of an instance that lets one client be refused that often.
func patient(calls int) Policy {
	p := usual()
	p.PerClient = verifier.Rate{Calls: calls, Period: time.Minute}
	return p
}

func from(address string) func() string {
	return func() string { return address }
}

// try asks about a token from an address, and compares.
func (w *fixture) try(c *Cache, token, address string, want verifier.Reason, calls int64) verifier.Decision {
	w.t.Helper()
	before := w.calls.Load()
	d, _ := c.Verify(context.Background(), bearer(token), from(address))
	if d.Denial.Reason != want || d.Allowed != (want == "") {
		w.t.Errorf("%s from %s: %+v, want %q", token, address, d, want)
	}
	if got := w.calls.Load() - before; got != calls {
		w.t.Errorf("%s from %s: %d calls, want %d", token, address, got, calls)
	}
	return d
}

func TestAClientThatWasRefusedTooOftenHasToWait(t *testing.T) {
	w := newWorld(t)
	c := w.cache(patient(3))
	w.try(c, "good", "a", "", 1)
	w.turn(refuse(verifier.Invalid))
	w.try(c, "1", "a", verifier.Invalid, 1)
	w.move(20 * time.Second)
	w.try(c, "2", "a", verifier.Invalid, 1)
	w.try(c, "2", "a", verifier.Invalid, 0) // remembered, so it costs nothing
	w.try(c, "3", "a", verifier.Invalid, 1)
	if d := w.try(c, "4", "a", verifier.Throttled, 0); d.Denial.RetryAfter != 40*time.Second || d.Denial.HTTP != 0 {
		t.Errorf("%+v", d.Denial)
	}
	w.try(c, "3", "a", verifier.Invalid, 0)
	w.try(c, "good", "a", "", 0)
	w.try(c, "4", "b", verifier.Invalid, 1) // and is nothing that another has to wait for
	w.move(40 * time.Second)
	w.try(c, "5", "a", verifier.Invalid, 1)
}

func TestGoodCredentialsSpendNothingHoweverMany(t *testing.T) {
	w := newWorld(t)
	c := w.cache(patient(3))
	for i := range [1000]int{} {
		w.try(c, fmt.Sprint(i), "school", "", 1)
	}
}

func TestFailuresSpendNothing(t *testing.T) {
	w := newWorld(t)
	c := w.cache(patient(3))
	w.turn(down)
	for i := range [20]int{} {
		w.try(c, fmt.Sprint(i), "a", verifier.Unavailable, 1)
	}
	w.turn(throttle(time.Second))
	for i := range [20]int{} {
		w.try(c, fmt.Sprint("later", i), "a", verifier.Throttled, 1)
	}
}

func TestWhatIsUnderWayCountsUntilItHasLanded(t *testing.T) {
	w := newWorld(t)
	c := w.cache(patient(3))
	g := newCrowd(w, yes)
	var done sync.WaitGroup
	for i := range [3]int{} {
		done.Add(1)
		go func(i int) {
			defer done.Done()
			_, _ = c.Verify(context.Background(), bearer(fmt.Sprint(i)), from("a"))
		}(i)
		<-g.arrived
	}
	if d := w.try(c, "4", "a", verifier.Throttled, 0); d.Denial.RetryAfter != time.Second {
		t.Errorf("%+v", d.Denial)
	}
	g.release()
	done.Wait()
	w.turn(yes)
	w.try(c, "4", "a", "", 1)
}

func TestWhoeverWasLetInBeforeIsAskedAboutWithoutPayment(t *testing.T) {
	w := newWorld(t)
	c := w.cache(patient(1))
	w.try(c, "good", "a", "", 1)
	w.turn(refuse(verifier.Invalid))
	w.try(c, "junk", "a", verifier.Invalid, 1)
	w.move(10*time.Hour - time.Minute)
	w.try(c, "junk", "a", verifier.Invalid, 1)
	w.move(time.Minute - time.Second)
	w.try(c, "junk2", "a", verifier.Throttled, 0)
	w.move(time.Second / 2)
	w.turn(yes)
	w.move(time.Second / 2)
	w.try(c, "good", "a", "", 1)
}

func TestTheRoomForClientsIsBounded(t *testing.T) {
	w := newWorld(t)
	c := w.cache(patient(2))
	w.turn(refuse(verifier.Invalid))
	w.try(c, "1", "attacker", verifier.Invalid, 1)
	w.try(c, "2", "attacker", verifier.Invalid, 1)
	for i := range [30000]int{} {
		_, _ = c.Verify(context.Background(), bearer("junk"+fmt.Sprint(i)), from(fmt.Sprint(i)))
	}
	w.try(c, "3", "attacker", verifier.Throttled, 0)
}
