package verifier

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// fuse is a circuit in front of an upstream that is counted.
type fuse struct {
	*CircuitBreaker
	t     *testing.T
	clock *clock
	log   *journal
	next  verifies
	calls int
}

func newFuse(t *testing.T) *fuse {
	f := &fuse{t: t, clock: newClock(), log: &journal{}, next: faulty}
	f.CircuitBreaker = NewCircuitBreaker(verifies(func(ctx context.Context, c Credential) (Decision, error) {
		f.calls++
		return f.next(ctx, c)
	}), f.clock.Now, f.log.report)
	return f
}

func faulty(context.Context, Credential) (Decision, error) {
	return NoAnswer(ErrOutage, "connection refused", Denial{})
}

// ask asks about a credential, and compares: let through, or left alone for how long.
func (f *fuse) ask(token string, wait time.Duration) {
	f.t.Helper()
	before := f.calls
	d, err := f.Verify(context.Background(), Credential{Token: token})
	if called := f.calls > before; called != (wait == 0) {
		f.t.Errorf("%s: called %v, want a wait of %s", token, called, wait)
	}
	if wait > 0 && (d.Allowed || err == nil || d.Denial.Reason != Unavailable || d.Denial.RetryAfter != wait) {
		f.t.Errorf("%s: %+v (%v), want unavailable for %s", token, d, err, wait)
	}
}

func (f *fuse) trip() {
	f.t.Helper()
	for i := range [5]int{} {
		f.ask(fmt.Sprint(i), 0)
	}
	f.log.expect(f.t, "error circuit open")
}

func TestCircuitBreaker(t *testing.T) {
	t.Run("five failures in a row open it for ten seconds", func(t *testing.T) {
		f := newFuse(t)
		f.trip()
		f.ask("x", 10*time.Second)
		f.clock.move(9 * time.Second)
		f.ask("x", time.Second)
		f.clock.move(time.Second)
		f.next = yes
		f.ask("x", 0)
		f.log.expect(t, "info circuit closed")
		for i := range [20]int{} {
			f.ask(fmt.Sprint(i), 0)
		}
	})

	t.Run("a failed probe keeps it open", func(t *testing.T) {
		f := newFuse(t)
		f.trip()
		f.clock.move(10 * time.Second)
		f.ask("x", 0)
		f.ask("y", 10*time.Second)
		f.log.expect(t)
		f.clock.move(10 * time.Second)
		f.next = no
		f.ask("y", 0)
		f.log.expect(t, "info circuit closed")
	})

	t.Run("exactly one call is made as a probe", func(t *testing.T) {
		f := newFuse(t)
		f.trip()
		f.clock.move(10 * time.Second)
		arrived, release, ended := make(chan bool), make(chan bool), make(chan bool)
		f.CircuitBreaker.next = verifies(func(ctx context.Context, c Credential) (Decision, error) {
			arrived <- true
			<-release
			return yes(ctx, c)
		})
		go func() {
			f.Verify(context.Background(), Credential{Token: "trial"})
			close(ended)
		}()
		<-arrived
		for range [100]int{} {
			f.ask("x", time.Second)
		}
		close(release)
		<-ended
		f.log.expect(t, "info circuit closed")
	})

	// One credential at which the upstream stumbles is no outage.
	t.Run("the failures of one credential alone do not open it", func(t *testing.T) {
		f := newFuse(t)
		for range [50]int{} {
			f.ask("odd", 0)
		}
		f.ask("another", 0)
		f.log.expect(t, "error circuit open")
	})

	t.Run("any other response ends the row of failures", func(t *testing.T) {
		for name, other := range map[string]verifies{"a yes": yes, "a no": no, "an undocumented reply": down} {
			f := newFuse(t)
			for i := range [40]int{} {
				f.next = faulty
				if i%5 == 4 {
					f.next = other
				}
				f.ask(fmt.Sprint(i), 0)
			}
			f.log.expect(t)
			if t.Failed() {
				t.Fatalf("with %s", name)
			}
		}
	})
}

func TestCircuitBreakerInconclusive(t *testing.T) {
	// A budget that is spent says nothing about the upstream, and a panic neither.
	t.Run("a call that does not reach the upstream, or that panics, proves nothing", func(t *testing.T) {
		f := newFuse(t)
		spent := verifies(func(context.Context, Credential) (Decision, error) { return denied(Throttled, 0) })
		for i := range [4]int{} {
			f.ask(fmt.Sprint(i), 0)
			f.next = spent
			f.ask("spent", 0)
			f.next = faulty
		}
		f.ask("fifth", 0)
		f.log.expect(t, "error circuit open")
		f.clock.move(10 * time.Second)
		f.next = spent
		f.ask("a trial that is not asked", 0)
		f.next = func(context.Context, Credential) (Decision, error) { panic("in a trial") }
		func() {
			defer func() { _ = recover() }()
			_, _ = f.Verify(context.Background(), Credential{Token: "a trial that panics"})
		}()
		f.next = yes
		f.ask("a trial", 0)
		f.log.expect(t, "info circuit closed")
	})

	t.Run("a call that began before it opened does not close it", func(t *testing.T) {
		f := newFuse(t)
		arrived, release, ended := make(chan bool), make(chan bool), make(chan bool)
		next := f.CircuitBreaker.next
		f.CircuitBreaker.next = verifies(func(ctx context.Context, c Credential) (Decision, error) {
			if c.Token == "slow" {
				close(arrived)
				<-release
				return yes(ctx, c)
			}
			return next.Verify(ctx, c)
		})
		go func() {
			_, _ = f.Verify(context.Background(), Credential{Token: "slow"})
			close(ended)
		}()
		<-arrived
		f.trip()
		close(release)
		<-ended
		f.ask("x", 10*time.Second)
	})
}
