package cache

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

func TestFlights(t *testing.T) {
	// Beyond the bound a new flight does not start; callers of one under way still join
	// it.
	t.Run("their number is bounded", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(usual())
		release := make(chan struct{})
		fx.respond(func(ctx context.Context, credential verifier.Credential) (verifier.Decision, error) {
			<-release
			return allow(ctx, credential)
		})
		allowed := make(chan bool, maxFlights+1)
		ask := func(token string) {
			d, _ := c.Verify(context.Background(), bearer(token), client)
			allowed <- d.Allowed
		}
		for i := 0; i < maxFlights; i++ {
			go ask(fmt.Sprint(i))
		}
		waitUntil(t, func() bool { return fx.calls.Load() == maxFlights })
		d := fx.expect(c, bearer("one more"), verifier.Unavailable, 0)
		if d.Denial.RetryAfter != time.Second {
			t.Errorf("retry after %s, want 1s", d.Denial.RetryAfter)
		}
		go ask("0")
		close(release)
		for i := 0; i <= maxFlights; i++ {
			if !<-allowed {
				t.Fatal("a caller of a flight under way was denied")
			}
		}
		fx.expect(c, bearer("one more"), "", 1)
		if len(c.scope.flights.byKey) != 0 {
			t.Errorf("%d are still under way", len(c.scope.flights.byKey))
		}
	})
}

func TestReportSaturated(t *testing.T) {
	fx := newFixture(t)
	var reports atomic.Int64
	i := Instance{Context: context.Background(), Policy: usual(), Report: func(string, string, string) { reports.Add(1) }}
	c, _ := fx.registry.Join("upstream", i, false,
		func(func() verifier.Rate, verifier.Report) verifier.Verifier { return verifies(fx.ask) })
	all := c.scope.flights
	saturate := func(want int64) {
		t.Helper()
		all.pending = maxFlights
		fx.expect(c, bearer("x"), verifier.Unavailable, 0)
		if got := reports.Load(); got != want {
			t.Errorf("%d reports, want %d", got, want)
		}
	}
	leave := func(pending int) { // one flight ends, and so many are left
		all.pending = pending + 1
		all.end([32]byte{}, &flight{}, false, fx.Now())
	}
	t.Run("too many flights are reported once", func(t *testing.T) {
		saturate(1)
		saturate(1)
	})

	t.Run("they are reported again after half of them have ended", func(t *testing.T) {
		leave(maxFlights/2 + 1)
		saturate(1)
		leave(maxFlights / 2)
		saturate(2)
	})
}

func TestFlightTimeout(t *testing.T) {
	t.Run("it is the policy's, and the context no caller's", func(t *testing.T) {
		fx := newFixture(t)
		p := usual()
		p.Timeout = 40 * time.Millisecond
		c := fx.cache(p)
		type contextKey struct{}
		fx.respond(func(ctx context.Context, credential verifier.Credential) (verifier.Decision, error) {
			deadline, limited := ctx.Deadline()
			if !limited || time.Until(deadline) > p.Timeout || ctx.Value(contextKey{}) != nil {
				t.Error("the flight has a caller's context, or no deadline")
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

	t.Run("an instance with a shorter one leaves the flight to the others", func(t *testing.T) {
		fx := newFixture(t)
		short := usual()
		short.Timeout = 20 * time.Millisecond
		quick, patient := fx.cache(short), fx.cache(usual())
		call := holdCalls(fx, func(ctx context.Context, credential verifier.Credential) (verifier.Decision, error) {
			if ctx.Err() != nil {
				return fail(ctx, credential)
			}
			return allow(ctx, credential)
		})
		call.verify(context.Background(), patient, 10)
		<-call.arrived
		start := time.Now()
		if d, err := quick.Verify(context.Background(), bearer("x"), client); d.Allowed || err == nil || time.Since(start) > time.Second {
			t.Errorf("%+v (%v) after %s", d, err, time.Since(start))
		}
		call.release()
		call.callers.Wait()
		if fx.calls.Load() != 1 || call.allowed.Load() != 10 {
			t.Errorf("%d calls, %d allowed; want 1, 10", fx.calls.Load(), call.allowed.Load())
		}
		fx.expect(quick, bearer("x"), "", 0)
	})

	// Also when the instance that started the flight, and had a longer one, has left.
	t.Run("an instance waits no longer than its own", func(t *testing.T) {
		fx := newFixture(t)
		release := make(chan bool)
		fx.respond(func(context.Context, verifier.Credential) (verifier.Decision, error) {
			<-release
			return verifier.Decision{Allowed: true}, nil
		})
		defer close(release)
		patient, quick := usual(), usual()
		patient.Timeout, quick.Timeout = time.Minute, 50*time.Millisecond
		ctx, leave := context.WithCancel(context.Background())
		long, _ := fx.join(ctx, "scope", "key", patient, false)
		go func() {
			_, _ = long.Verify(context.Background(), verifier.Credential{Kind: verifier.Bearer, Token: "a"}, client)
		}()
		for fx.calls.Load() == 0 {
			time.Sleep(time.Millisecond)
		}
		leave()
		fx.join(context.Background(), "scope", "key", quick, false)
		fx.advance(grace + time.Second)
		short, _ := fx.join(context.Background(), "scope", "key", quick, false)
		begun := time.Now()
		d, err := short.Verify(context.Background(), verifier.Credential{Kind: verifier.Bearer, Token: "a"}, client)
		if err == nil || d.Allowed || time.Since(begun) > 5*time.Second {
			t.Errorf("%+v (%v) after %s", d, err, time.Since(begun))
		}
	})
}
