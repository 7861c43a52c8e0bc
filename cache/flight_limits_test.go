package cache

import (
	"context"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// Who would not leave in time would wait for a minute at least: the others' timeout.
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
		if d.Allowed || err == nil || time.Since(start) > 30*time.Second {
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
		if d, err := quick.Verify(context.Background(), bearer("x"), client); d.Allowed || err == nil || time.Since(start) > 30*time.Second {
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
		waitUntil(t, func() bool { return fx.calls.Load() > 0 })
		leave()
		fx.join(context.Background(), "scope", "key", quick, false)
		fx.advance(grace + time.Second)
		short, _ := fx.join(context.Background(), "scope", "key", quick, false)
		begun := time.Now()
		d, err := short.Verify(context.Background(), verifier.Credential{Kind: verifier.Bearer, Token: "a"}, client)
		if err == nil || d.Allowed || time.Since(begun) > 30*time.Second {
			t.Errorf("%+v (%v) after %s", d, err, time.Since(begun))
		}
	})
}
