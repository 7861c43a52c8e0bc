package cache

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/telemetry/counters"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// joinEpoch joins an instance of an epoch. It lives until ctx ends.
func (fx *fixture) joinEpoch(ctx context.Context, epoch string) *Cache {
	i := Instance{Context: ctx, Epoch: epoch, RenderKey: "key", Policy: usual(), Report: func(string, string, string) {}}
	c, _ := fx.registry.Join("upstream", i, verifier.QuotaByCredential, func(verifier.Report, verifier.SharedCount, *counters.Scope) verifier.Verifier {
		return verifies(fx.ask)
	})
	return c
}

// startHeld presents x and holds the call, which will allow it. The function that it
// returns releases the call and returns what the caller gets.
func (fx *fixture) startHeld(c *Cache) func() (verifier.Decision, error) {
	call := holdCalls(fx, allow)
	type outcome struct {
		d   verifier.Decision
		err error
	}
	finished := make(chan outcome, 1)
	go func() {
		d, err := c.Verify(context.Background(), bearer("x"), client)
		finished <- outcome{d, err}
	}()
	<-call.arrived
	return func() (verifier.Decision, error) {
		call.release()
		got := <-finished
		return got.d, got.err
	}
}

// expectCancelled compares what a caller gets whose flight was cancelled.
func expectCancelled(t *testing.T, d verifier.Decision, err error) {
	t.Helper()
	if d.Allowed || !errors.Is(err, errLate) || d.Denial.Reason != verifier.Unavailable || d.Denial.RetryAfter != time.Second {
		t.Errorf("%+v (%v), want a denial, because the flight was cancelled", d, err)
	}
}

func TestForget(t *testing.T) {
	t.Run("a flight of the credential no longer allows it", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(usual())
		finish := fx.startHeld(c)
		c.scope.forget(bearer("x"))
		fx.respond(deny(verifier.Invalid))
		fx.expect(c, bearer("x"), verifier.Invalid, 1) // by a flight of its own
		d, err := finish()
		expectCancelled(t, d, err)
		fx.expect(c, bearer("x"), verifier.Invalid, 0)
		fx.settle(c)
	})

	t.Run("flights of others go on", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(usual())
		finish := fx.startHeld(c)
		c.scope.forget(bearer("y"))
		if d, err := finish(); !d.Allowed || err != nil {
			t.Errorf("%+v (%v)", d, err)
		}
		fx.expect(c, bearer("x"), "", 0)
	})

	t.Run("a logout cancels the flight of its token", func(t *testing.T) {
		fx := newFixture(t)
		seen := fx.loginsOf("panel")
		c := fx.trusting(seen, "", usual())
		finish := fx.startHeld(c)
		seen.Forget("x")
		d, err := finish()
		expectCancelled(t, d, err)
	})

	t.Run("it drops allows and denials", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(usual())
		fx.expect(c, bearer("x"), "", 1)
		c.scope.forget(bearer("x"))
		fx.respond(deny(verifier.Invalid))
		fx.expect(c, bearer("x"), verifier.Invalid, 1)
		c.scope.forget(bearer("x"))
		fx.respond(allow)
		fx.expect(c, bearer("x"), "", 1)
		fx.expect(c, bearer("x"), "", 0)
	})
}
