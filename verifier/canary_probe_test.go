package verifier

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

func TestCanaryWait(t *testing.T) {
	t.Run("a denial does not wait for the probe", func(t *testing.T) {
		denied := Credential{Kind: Bearer, Token: "denied"}
		f := newCanaryFixture(t, nil)
		release := make(chan struct{})
		defer close(release)
		f.respond(func(ctx context.Context, c Credential) (Decision, error) {
			if c != denied {
				<-release
			}
			return deny(ctx, c)
		})
		d, err := f.canary.Verify(callContext(t), denied)
		if err != nil || d.Denial.Reason != Invalid {
			t.Errorf("%+v (%v)", d, err)
		}
	})

	t.Run("a hundred callers make one probe", func(t *testing.T) {
		f := newCanaryFixture(t, nil)
		arrived, release := f.hold(deny)
		allowed := make(chan bool)
		for range [100]int{} {
			go func() {
				d, err := f.canary.Verify(callContext(t), validCredential)
				allowed <- d.Allowed && err == nil
			}()
		}
		f.awaitCall(arrived)
		for all := false; !all; time.Sleep(time.Millisecond) { // later ones would be a row of allows
			f.mu.Lock()
			all = f.validCalls == 100
			f.mu.Unlock()
		}
		close(release)
		for range [100]int{} {
			if !<-allowed {
				t.Error("a caller was denied")
			}
		}
		f.expectCalls(100, 1)
	})

	t.Run("a caller whose time is over does not wait", func(t *testing.T) {
		f := newCanaryFixture(t, nil)
		arrived, release := f.hold(deny)
		defer close(release)
		go func() { <-arrived }()
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
		defer cancel()
		start := time.Now()
		d, err := f.canary.Verify(ctx, validCredential)
		if d.Allowed || !errors.Is(err, ErrUnavailable) || time.Since(start) > ample/2 {
			t.Errorf("%+v (%v) after %s", d, err, time.Since(start))
		}
	})
}

func TestCanaryProbe(t *testing.T) {
	t.Run("a panic while its outcome is applied ends it, and the next caller gets another", func(t *testing.T) {
		f := newCanaryFixture(t, nil)
		f.canary.now = func() time.Time { panic("planted") }
		p := newProbe(f.clock.Now())
		p.outcome, p.err = distrusted(time.Minute) // update looks at the clock
		f.canary.running = p
		f.canary.finish(p)
		f.canary.now = f.clock.Now
		if f.canary.running != nil || !await(callContext(t), p.done) {
			t.Error("it still runs")
		}
	})

	t.Run("a probe outlives the caller that began it, and has as much time", func(t *testing.T) {
		f := newCanaryFixture(t, func(ctx context.Context, c Credential) (Decision, error) {
			time.Sleep(30 * time.Millisecond)
			if ctx.Err() != nil {
				return unavailable(ctx, c)
			}
			return deny(ctx, c)
		})
		ctx, leave := context.WithTimeout(context.Background(), ample)
		until, _ := ctx.Deadline()
		go leave()
		_, _ = f.canary.Verify(ctx, validCredential)
		f.expectAllowed()
		f.expectCalls(2, 1)
		f.mu.Lock()
		defer f.mu.Unlock()
		if !f.fakeUntil.Equal(until) {
			t.Errorf("the probe had to end %s later than the call", f.fakeUntil.Sub(until))
		}
	})

	t.Run("a fake credential counts against no client's limit", func(t *testing.T) {
		f := newCanaryFixture(t, deny)
		f.expectAllowed()
		if !f.fake.Known {
			t.Error("it counts as a client's new credential")
		}
	})

	t.Run("a fake credential counts under the budget of the route that caused it", func(t *testing.T) {
		f := newCanaryFixture(t, deny)
		c := validCredential
		c.Budget = Rate{Calls: 7, Period: time.Hour}
		_, _ = f.canary.Verify(callContext(t), c)
		if f.fake.Budget != c.Budget {
			t.Errorf("%+v", f.fake.Budget)
		}
	})

	t.Run("a fake credential goes with what of the request is sent beside the real one", func(t *testing.T) {
		f := newCanaryFixture(t, deny)
		c := validCredential
		c.Parts = JoinParts([]string{"acme"})
		_, _ = f.canary.Verify(callContext(t), c)
		if f.fake.Parts != c.Parts {
			t.Errorf("%q", f.fake.Parts)
		}
	})

	t.Run("a probe that does not end is replaced after two minutes", func(t *testing.T) {
		f := newCanaryFixture(t, nil)
		arrived, release := f.hold(deny)
		var calls sync.WaitGroup
		calls.Add(1)
		go func() {
			defer calls.Done()
			_, _ = f.canary.Verify(callContext(t), validCredential)
		}()
		f.awaitCall(arrived)
		f.respond(deny)
		f.clock.move(probeLimit)
		f.expectAllowed()
		f.expectCalls(2, 2)
		close(release)
		calls.Wait()
	})
}
