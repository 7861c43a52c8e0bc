package cache

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// crowd lets n callers ask about one credential at once, while the upstream
// does not answer before release is called; and counts who got in.
type crowd struct {
	arrived chan struct{} // a call has reached the upstream
	release func()
	done    sync.WaitGroup
	in      atomic.Int64
	errs    atomic.Int64
}

func newCrowd(w *fixture, answer verifies) *crowd {
	gate := make(chan struct{})
	var once sync.Once
	g := &crowd{arrived: make(chan struct{}, 1000), release: func() { once.Do(func() { close(gate) }) }}
	w.turn(func(ctx context.Context, c verifier.Credential) (verifier.Decision, error) {
		g.arrived <- struct{}{}
		<-gate
		return answer(ctx, c)
	})
	w.t.Cleanup(g.release)
	return g
}

func (g *crowd) ask(ctx context.Context, c *Cache, n int) {
	for i := 0; i < n; i++ {
		g.done.Add(1)
		go func() {
			defer g.done.Done()
			d, err := c.Verify(ctx, bearer("x"), client)
			if d.Allowed && d.Identity.Get("user") == "x" && err == nil {
				g.in.Add(1)
			}
			if err != nil {
				g.errs.Add(1)
			}
		}()
	}
}

func TestFiveHundredCallersMakeOneCall(t *testing.T) {
	w := newWorld(t)
	c := w.cache(usual())
	g := newCrowd(w, yes)
	g.ask(context.Background(), c, 500)
	<-g.arrived
	g.release()
	g.done.Wait()
	if w.calls.Load() != 1 || g.in.Load() != 500 {
		t.Errorf("%d calls, %d let in; want 1, 500", w.calls.Load(), g.in.Load())
	}
}

func TestInstancesOfOneScopeShareAFlight(t *testing.T) {
	w := newWorld(t)
	short := usual()
	short.Lifetime = time.Minute
	one, other := w.cache(usual()), w.cache(short)
	g := newCrowd(w, yes)
	g.ask(context.Background(), one, 50)
	g.ask(context.Background(), other, 50)
	<-g.arrived
	g.release()
	g.done.Wait()
	if w.calls.Load() != 1 || g.in.Load() != 100 {
		t.Errorf("%d calls, %d let in; want 1, 100", w.calls.Load(), g.in.Load())
	}
	if d, _ := other.Verify(context.Background(), bearer("x"), client); !d.Expires.Equal(w.Now().Add(time.Minute)) {
		t.Errorf("until %s", d.Expires)
	}
}

func TestACallerThatLeavesTakesNobodyWithIt(t *testing.T) {
	w := newWorld(t)
	c := w.cache(usual())
	g := newCrowd(w, yes)
	first, leave := context.WithCancel(context.Background())
	left := make(chan error, 1)
	go func() {
		d, err := c.Verify(first, bearer("x"), client)
		if d.Allowed || d.Denial.Reason != verifier.Unavailable {
			err = errors.New("it got in")
		}
		left <- err
	}()
	<-g.arrived
	g.ask(context.Background(), c, 100)
	leave()
	if err := <-left; !errors.Is(err, errGone) {
		t.Errorf("the first caller: %v", err)
	}
	g.release()
	g.done.Wait()
	if w.calls.Load() != 1 || g.in.Load() != 100 {
		t.Errorf("%d calls, %d let in; want 1, 100", w.calls.Load(), g.in.Load())
	}
}

// The first caller leaves, and nobody else waits: the answer is kept all the same.
func TestAFlightLandsWithoutAnybodyWaiting(t *testing.T) {
	w := newWorld(t)
	c := w.cache(usual())
	g := newCrowd(w, func(ctx context.Context, credential verifier.Credential) (verifier.Decision, error) {
		if ctx.Err() != nil {
			return down(ctx, credential)
		}
		return yes(ctx, credential)
	})
	gone, leave := context.WithCancel(context.Background())
	leave()
	if _, err := c.Verify(gone, bearer("x"), client); !errors.Is(err, errGone) {
		t.Errorf("%v", err)
	}
	<-g.arrived
	g.release()
	waitUntil(t, func() bool {
		c.scope.mu.Lock()
		defer c.scope.mu.Unlock()
		return c.scope.answers.allowed.count() == 1
	})
	w.expect(c, bearer("x"), "", 0)
}

func waitUntil(t *testing.T, done func() bool) {
	t.Helper()
	for i := 0; i < 1000; i++ {
		if done() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("it never happens")
}

func TestAFlightThatPanicsRefusesAllAndTheNextWorks(t *testing.T) {
	w := newWorld(t)
	c := w.cache(usual())
	g := newCrowd(w, func(context.Context, verifier.Credential) (verifier.Decision, error) { panic("in the verifier") })
	g.ask(context.Background(), c, 100)
	<-g.arrived
	g.release()
	g.done.Wait()
	if g.in.Load() != 0 || g.errs.Load() != 100 {
		t.Errorf("%d let in, %d errors; want 0, 100", g.in.Load(), g.errs.Load())
	}
	w.turn(yes)
	w.expect(c, bearer("x"), "", 1)
}

// A flight has the policy's time, and no caller's context.
func TestAFlightHasATimeOfItsOwn(t *testing.T) {
	w := newWorld(t)
	p := usual()
	p.Timeout = 40 * time.Millisecond
	c := w.cache(p)
	type contextKey struct{}
	w.turn(func(ctx context.Context, credential verifier.Credential) (verifier.Decision, error) {
		deadline, limited := ctx.Deadline()
		if !limited || time.Until(deadline) > p.Timeout || ctx.Value(contextKey{}) != nil {
			t.Error("a flight in somebody's context, or without an end")
		}
		<-ctx.Done()
		return down(ctx, credential)
	})
	start := time.Now()
	d, err := c.Verify(context.WithValue(context.Background(), contextKey{}, "request"), bearer("x"), client)
	if d.Allowed || err == nil || time.Since(start) > 5*time.Second {
		t.Errorf("%+v (%v) after %s", d, err, time.Since(start))
	}
}

// Whoever finds nothing remembered finds the flight: there is no moment between
// an answer's landing and its being known.
func TestManyCallersOneAfterAnotherMakeOneCallEach(t *testing.T) {
	w := newWorld(t)
	c := w.cache(usual())
	for round := int64(1); round <= 200; round++ {
		var done sync.WaitGroup
		for i := 0; i < 8; i++ {
			done.Add(1)
			go func() {
				defer done.Done()
				if d, err := c.Verify(context.Background(), bearer("x"), client); !d.Allowed || err != nil {
					t.Errorf("%+v (%v)", d, err)
				}
			}()
		}
		done.Wait()
		if got := w.calls.Load(); got != round {
			t.Fatalf("%d calls in %d lifetimes", got, round)
		}
		w.move(10 * time.Hour)
	}
}

func TestNoGoroutineStays(t *testing.T) {
	w := newWorld(t)
	c := w.cache(usual())
	before := runtime.NumGoroutine()
	g := newCrowd(w, yes)
	ctx, leave := context.WithCancel(context.Background())
	g.ask(ctx, c, 100)
	<-g.arrived
	leave()
	g.release()
	g.done.Wait()
	w.turn(down)
	for i := 0; i < 100; i++ {
		_, _ = c.Verify(context.Background(), bearer("y"), client)
	}
	waitUntil(t, func() bool { return runtime.NumGoroutine() <= before })
}

// A flight that a patient instance began is not waited for by an impatient one,
// also when the patient one has left meanwhile.
func TestAnInstanceWaitsNoLongerThanItWants(t *testing.T) {
	w := newWorld(t)
	release := make(chan bool)
	w.turn(func(context.Context, verifier.Credential) (verifier.Decision, error) {
		<-release
		return verifier.Decision{Allowed: true}, nil
	})
	defer close(release)
	patient, impatient := usual(), usual()
	patient.Timeout, impatient.Timeout = time.Minute, 50*time.Millisecond
	ctx, leave := context.WithCancel(context.Background())
	long, _ := w.join(ctx, "scope", "plan", patient, false)
	go func() {
		_, _ = long.Verify(context.Background(), verifier.Credential{Kind: verifier.Bearer, Token: "a"}, client)
	}()
	for w.calls.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	leave()
	w.join(context.Background(), "scope", "plan", impatient, false)
	w.move(grace + time.Second)
	short, _ := w.join(context.Background(), "scope", "plan", impatient, false)
	begun := time.Now()
	d, err := short.Verify(context.Background(), verifier.Credential{Kind: verifier.Bearer, Token: "a"}, client)
	if err == nil || d.Allowed || time.Since(begun) > 5*time.Second {
		t.Errorf("%+v (%v) after %s", d, err, time.Since(begun))
	}
}
