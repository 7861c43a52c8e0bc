package cache

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

func TestFlights(t *testing.T) {
	// Beyond 64 questions under way a new one is not asked; who asks about one of
	// the 64 waits with the others.
	t.Run("their number is bounded", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(usual())
		release := make(chan struct{})
		fx.respond(func(ctx context.Context, credential verifier.Credential) (verifier.Decision, error) {
			<-release
			return allow(ctx, credential)
		})
		landed := make(chan bool, maxFlights+1)
		ask := func(token string) {
			d, _ := c.Verify(context.Background(), bearer(token), client)
			landed <- d.Allowed
		}
		for i := 0; i < maxFlights; i++ {
			go ask(fmt.Sprint(i))
		}
		waitUntil(t, func() bool { return fx.calls.Load() == maxFlights })
		d := fx.expect(c, bearer("one more"), verifier.Unavailable, 0)
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
		fx.expect(c, bearer("one more"), "", 1)
		if len(c.scope.flights.byKey) != 0 {
			t.Errorf("%d are still under way", len(c.scope.flights.byKey))
		}
	})
}

func TestFlightTimeout(t *testing.T) {
	// A flight has the policy's time, and no caller's context.
	t.Run("it is the policy's, and the context no caller's", func(t *testing.T) {
		fx := newFixture(t)
		p := usual()
		p.Timeout = 40 * time.Millisecond
		c := fx.cache(p)
		type contextKey struct{}
		fx.respond(func(ctx context.Context, credential verifier.Credential) (verifier.Decision, error) {
			deadline, limited := ctx.Deadline()
			if !limited || time.Until(deadline) > p.Timeout || ctx.Value(contextKey{}) != nil {
				t.Error("a flight in somebody's context, or without an end")
			}
			<-ctx.Done()
			return fail(ctx, credential)
		})
		start := time.Now()
		d, err := c.Verify(context.WithValue(context.Background(), contextKey{}, "request"), bearer("x"), client)
		if d.Allowed || err == nil || time.Since(start) > 5*time.Second {
			t.Errorf("%+v (%v) after %s", d, err, time.Since(start))
		}
	})

	// Each instance waits for as long as it says, and the flight for the longest.
	t.Run("an instance with a shorter one leaves the flight to the others", func(t *testing.T) {
		fx := newFixture(t)
		hasty := usual()
		hasty.Timeout = 20 * time.Millisecond
		impatient, patient := fx.cache(hasty), fx.cache(usual())
		call := holdCalls(fx, func(ctx context.Context, credential verifier.Credential) (verifier.Decision, error) {
			if ctx.Err() != nil {
				return fail(ctx, credential)
			}
			return allow(ctx, credential)
		})
		call.verify(context.Background(), patient, 10)
		<-call.arrived
		start := time.Now()
		if d, err := impatient.Verify(context.Background(), bearer("x"), client); d.Allowed || err == nil || time.Since(start) > time.Second {
			t.Errorf("%+v (%v) after %s", d, err, time.Since(start))
		}
		call.release()
		call.callers.Wait()
		if fx.calls.Load() != 1 || call.allowed.Load() != 10 {
			t.Errorf("%d calls, %d let in; want 1, 10", fx.calls.Load(), call.allowed.Load())
		}
		fx.expect(impatient, bearer("x"), "", 0)
	})

	// A flight that a patient instance began is not waited for by an impatient one,
	// also when the patient one has left meanwhile.
	t.Run("an instance waits no longer than its own", func(t *testing.T) {
		fx := newFixture(t)
		release := make(chan bool)
		fx.respond(func(context.Context, verifier.Credential) (verifier.Decision, error) {
			<-release
			return verifier.Decision{Allowed: true}, nil
		})
		defer close(release)
		patient, impatient := usual(), usual()
		patient.Timeout, impatient.Timeout = time.Minute, 50*time.Millisecond
		ctx, leave := context.WithCancel(context.Background())
		long, _ := fx.join(ctx, "scope", "plan", patient, false)
		go func() {
			_, _ = long.Verify(context.Background(), verifier.Credential{Kind: verifier.Bearer, Token: "a"}, client)
		}()
		for fx.calls.Load() == 0 {
			time.Sleep(time.Millisecond)
		}
		leave()
		fx.join(context.Background(), "scope", "plan", impatient, false)
		fx.advance(grace + time.Second)
		short, _ := fx.join(context.Background(), "scope", "plan", impatient, false)
		begun := time.Now()
		d, err := short.Verify(context.Background(), verifier.Credential{Kind: verifier.Bearer, Token: "a"}, client)
		if err == nil || d.Allowed || time.Since(begun) > 5*time.Second {
			t.Errorf("%+v (%v) after %s", d, err, time.Since(begun))
		}
	})
}
