package cache

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// A "not now" has room of its own: who floods the refusals does not get an
// upstream asked that wants to be left alone.
func TestAFloodOfJunkDoesNotEndACoolDown(t *testing.T) {
	w := newWorld(t)
	p := usual()
	p.NegativeSize = 5
	c, _ := w.join(context.Background(), "scope", "plan", p, true)
	w.turn(throttle(time.Hour))
	w.expect(c, bearer("x"), verifier.Throttled, 1)
	w.turn(refuse(verifier.Invalid))
	for i := 0; i < 100; i++ {
		w.expect(c, bearer(fmt.Sprint("junk", i)), verifier.Invalid, 1)
	}
	w.expect(c, bearer("x"), verifier.Throttled, 0)
	w.turn(throttle(time.Hour))
	for i := 0; i < 100; i++ {
		w.expect(c, bearer(fmt.Sprint("more", i)), verifier.Throttled, 1)
	}
	if got := c.scope.answers.limited.count(); got != 5 {
		t.Errorf("%d cool-downs are held, room is for 5", got)
	}
}

// What the clock says of an answer that it places in the future is nothing.
func TestAClockThatIsSetBackMakesNothingYounger(t *testing.T) {
	w := newWorld(t)
	c, f := w.join(context.Background(), "scope", "plan", usual(), false)
	w.move(time.Hour)
	w.hot(c, f, bearer("x"), "Bearer x")
	w.turn(refuse(verifier.Invalid))
	w.expect(c, bearer("y"), verifier.Invalid, 1)
	w.turn(throttle(time.Minute))
	w.expect(c, bearer("z"), verifier.Throttled, 1)
	w.move(-time.Minute)
	f.Lock.Lock()
	if x := f.Answers[f.Line("Bearer x")]; w.Now().Sub(w.registry.start) >= x.From {
		t.Error("the hit path would honour an answer from the future")
	}
	f.Lock.Unlock()
	w.turn(yes)
	for _, token := range []string{"x", "y", "z"} {
		w.expect(c, bearer(token), "", 1)
		w.expect(c, bearer(token), "", 0)
	}
}

// A credential that was asked about again is not younger for it.
func TestFirstSeenIsSeenOnce(t *testing.T) {
	w := newWorld(t)
	short, long := usual(), usual()
	short.Lifetime = time.Hour
	a, b := w.cache(short), w.cache(long)
	end := w.Now().Add(10 * time.Hour)
	w.expect(a, bearer("x"), "", 1)
	for i := 0; i < 9; i++ {
		w.move(time.Hour)
		w.expect(a, bearer("x"), "", 1)
		if d := w.expect(b, bearer("x"), "", 0); !d.Expires.Equal(end) {
			t.Errorf("after %d hours it ends at %s, want %s", i+1, d.Expires, end)
		}
	}
}

// Beyond 64 questions under way a new one is not asked; who asks about one of
// the 64 waits with the others.
func TestQuestionsUnderWayAreBounded(t *testing.T) {
	w := newWorld(t)
	c := w.cache(usual())
	release := make(chan struct{})
	w.turn(func(ctx context.Context, credential verifier.Credential) (verifier.Decision, error) {
		<-release
		return yes(ctx, credential)
	})
	landed := make(chan bool, maxFlights+1)
	ask := func(token string) {
		d, _ := c.Verify(context.Background(), bearer(token), client)
		landed <- d.Allowed
	}
	for i := 0; i < maxFlights; i++ {
		go ask(fmt.Sprint(i))
	}
	waitUntil(t, func() bool { return w.calls.Load() == maxFlights })
	d := w.expect(c, bearer("one more"), verifier.Unavailable, 0)
	if d.Denial.RetryAfter != time.Second {
		t.Errorf("come again in %s, want 1s", d.Denial.RetryAfter)
	}
	go ask("0")
	close(release)
	for i := 0; i <= maxFlights; i++ {
		if !<-landed {
			t.Fatal("one that was under way is lost")
		}
	}
	w.expect(c, bearer("one more"), "", 1)
	if len(c.scope.flights.byKey) != 0 {
		t.Errorf("%d are still under way", len(c.scope.flights.byKey))
	}
}

// Each instance waits for as long as it says, and the flight for the longest.
func TestAnImpatientInstanceLeavesTheFlightToTheOthers(t *testing.T) {
	w := newWorld(t)
	hasty := usual()
	hasty.Timeout = 20 * time.Millisecond
	impatient, patient := w.cache(hasty), w.cache(usual())
	g := newCrowd(w, func(ctx context.Context, credential verifier.Credential) (verifier.Decision, error) {
		if ctx.Err() != nil {
			return down(ctx, credential)
		}
		return yes(ctx, credential)
	})
	g.ask(context.Background(), patient, 10)
	<-g.arrived
	start := time.Now()
	if d, err := impatient.Verify(context.Background(), bearer("x"), client); d.Allowed || err == nil || time.Since(start) > time.Second {
		t.Errorf("%+v (%v) after %s", d, err, time.Since(start))
	}
	g.release()
	g.done.Wait()
	if w.calls.Load() != 1 || g.in.Load() != 10 {
		t.Errorf("%d calls, %d let in; want 1, 10", w.calls.Load(), g.in.Load())
	}
	w.expect(impatient, bearer("x"), "", 0)
}

// A refusal that nobody was asked for costs nothing, and takes no room.
func TestATokenThatIsRefusedForItsEndAloneIsNotRemembered(t *testing.T) {
	w := newWorld(t)
	c := w.cache(usual())
	w.turn(func(context.Context, verifier.Credential) (verifier.Decision, error) {
		return verifier.Decision{Denial: verifier.Denial{Reason: verifier.Expired}}, nil
	})
	w.expect(c, bearer("x"), verifier.Expired, 1)
	w.expect(c, bearer("x"), verifier.Expired, 1)
	if got := c.scope.answers.denied.count(); got != 0 {
		t.Errorf("%d refusals are held", got)
	}
}
