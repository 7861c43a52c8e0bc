package cache

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// confirming is the policy of an instance that has a yes confirmed every hour.
func confirming() Policy {
	p := usual()
	p.Revalidate = time.Hour
	return p
}

// landed waits until no flight is under way.
func (w *fixture) landed(c *Cache) {
	w.t.Helper()
	waitUntil(w.t, func() bool {
		c.scope.mu.Lock()
		defer c.scope.mu.Unlock()
		return c.scope.flights.pending == 0
	})
}

// after asks once that much later, and compares: let in, and how many calls the
// upstream got for it, also behind the request's back.
func (w *fixture) after(d time.Duration, c *Cache, calls int64) verifier.Decision {
	w.t.Helper()
	w.move(d)
	before := w.calls.Load()
	decision, _ := c.Verify(context.Background(), bearer("x"), client)
	if !decision.Allowed {
		w.t.Errorf("not let in: %+v", decision.Denial)
	}
	w.landed(c)
	if got := w.calls.Load() - before; got != calls {
		w.t.Errorf("%d calls, want %d", got, calls)
	}
	return decision
}

func TestAnOldYesIsConfirmedOnceBehindTheRequest(t *testing.T) {
	w := newWorld(t)
	c := w.cache(confirming())
	end := w.after(0, c, 1).Expires
	w.after(time.Hour-time.Second, c, 0)
	w.after(time.Second, c, 1)
	w.after(0, c, 0)
	if d := w.after(time.Hour, c, 1); !d.Expires.Equal(end) {
		t.Errorf("it ends %s, before it was confirmed %s", d.Expires, end)
	}
}

func TestTheRequestDoesNotWaitAndOneQuestionIsUnderWay(t *testing.T) {
	w := newWorld(t)
	c := w.cache(confirming())
	w.after(0, c, 1)
	w.move(time.Hour)
	g := newCrowd(w, yes)
	for range [100]int{} {
		if d, err := c.Verify(context.Background(), bearer("x"), client); !d.Allowed || err != nil {
			t.Fatalf("%+v (%v)", d, err)
		}
	}
	<-g.arrived
	w.move(time.Hour) // due again, while the last question is not answered
	w.expect(c, bearer("x"), "", 0)
	g.release()
	w.landed(c)
	if w.calls.Load() != 2 {
		t.Errorf("%d calls", w.calls.Load())
	}
}

func TestARefusalRemovesTheEntry(t *testing.T) {
	w := newWorld(t)
	c := w.cache(confirming())
	w.after(0, c, 1)
	w.turn(refuse(verifier.Invalid))
	w.after(time.Hour, c, 1)
	w.expect(c, bearer("x"), verifier.Invalid, 0)
	if c.scope.answers.allowed.count() != 0 {
		t.Error("it is still there")
	}
}

func TestNothingButARefusalChangesAnything(t *testing.T) {
	for name, trouble := range map[string]verifies{
		"an outage": down, "not now": throttle(time.Minute), "a spent budget": spent(time.Minute),
		"a panic": func(context.Context, verifier.Credential) (verifier.Decision, error) { panic("while it is confirmed") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c := w.cache(confirming())
			end := w.after(0, c, 1).Expires
			w.turn(trouble)
			for range [9]int{} {
				if d := w.after(time.Hour, c, 1); !d.Expires.Equal(end) {
					t.Errorf("it ends %s, before %s", d.Expires, end)
				}
				w.after(time.Minute, c, 0) // and is not tried again at once
				w.move(-time.Minute)
			}
			w.turn(yes)
			w.after(time.Hour, c, 1) // its end: asked as if it were new
		})
	}
}

func spent(wait time.Duration) verifies {
	return func(context.Context, verifier.Credential) (verifier.Decision, error) {
		return verifier.Decision{Denial: verifier.Denial{Reason: verifier.Throttled, RetryAfter: wait}}, nil
	}
}

func TestACoolDownPutsTheQuestionOff(t *testing.T) {
	w := newWorld(t)
	c, _ := w.join(context.Background(), "scope", "plan", confirming(), true)
	w.after(0, c, 1)
	w.turn(throttle(time.Hour))
	w.after(time.Hour, c, 1)
	w.move(59 * time.Minute)
	w.turn(yes)
	w.after(0, c, 0)
	w.after(time.Minute, c, 1)
}

func TestThousandsThatAreDueAtOnceMakeNoStorm(t *testing.T) {
	w := newWorld(t)
	p := confirming()
	p.Size = 1000
	c := w.cache(p)
	for i := range [500]int{} {
		w.expect(c, bearer(fmt.Sprint(i)), "", 1)
	}
	w.move(time.Hour)
	g := newCrowd(w, yes)
	for i := range [500]int{} {
		if d, _ := c.Verify(context.Background(), bearer(fmt.Sprint(i)), client); !d.Allowed {
			t.Fatalf("%d: %+v", i, d)
		}
	}
	c.scope.mu.Lock()
	if c.scope.flights.pending != maxRevalidating {
		t.Errorf("%d questions at once", c.scope.flights.pending)
	}
	c.scope.mu.Unlock()
	g.release()
	w.landed(c)
	// There is room for who is not known.
	w.expect(c, bearer("new"), "", 1)
}

func TestTheHitPathLetsGoWhenAYesIsDue(t *testing.T) {
	w := newWorld(t)
	p := confirming()
	c, f := w.join(context.Background(), "scope", "plan", p, false)
	line := f.Line("Bearer x")
	heat := func(d verifier.Decision) time.Duration {
		c.Prebuild(bearer("x"), d, line, told("x"))
		return f.Answers[line].Until
	}
	if until := heat(w.after(0, c, 1)); until != time.Hour {
		t.Errorf("ready for %s", until)
	}
	d := w.after(time.Hour, c, 1)
	if c.Prebuilt(line, d.Answer) != nil {
		t.Error("still ready")
	}
	d = w.after(0, c, 0)
	if until := heat(d); until != 2*time.Hour {
		t.Errorf("ready until %s", until)
	}
	w.move(8*time.Hour + time.Minute)
	w.after(0, c, 1)
	if until := heat(w.after(0, c, 0)); until != 10*time.Hour {
		t.Errorf("ready until %s, beyond its end", until)
	}
}
