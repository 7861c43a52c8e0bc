package cache

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// joinEpoch joins an instance of an epoch; its life ends with ctx.
func (fx *fixture) joinEpoch(ctx context.Context, epoch string) *Cache {
	i := Instance{Context: ctx, Epoch: epoch, RenderKey: "plan", Policy: usual(), Report: func(string, string, string) {}}
	c, _ := fx.registry.Join("upstream", i, false, func(func() verifier.Rate, verifier.Report) verifier.Verifier { return verifies(fx.ask) })
	return c
}

// startHeld asks about x while the upstream does not answer; the outcome comes once
// it is released.
func (fx *fixture) startHeld(c *Cache, call *held) func() (verifier.Decision, error) {
	type outcome struct {
		d   verifier.Decision
		err error
	}
	landed := make(chan outcome, 1)
	go func() {
		d, err := c.Verify(context.Background(), bearer("x"), client)
		landed <- outcome{d, err}
	}()
	<-call.arrived
	return func() (verifier.Decision, error) {
		call.release()
		o := <-landed
		return o.d, o.err
	}
}

func expectCancelled(t *testing.T, d verifier.Decision, err error) {
	t.Helper()
	if d.Allowed || !errors.Is(err, errLate) || d.Denial.Reason != verifier.Unavailable || d.Denial.RetryAfter != time.Second {
		t.Errorf("%+v (%v), want a late answer that is given to nobody", d, err)
	}
}

func TestForget(t *testing.T) {
	t.Run("a flight of the credential no longer allows it", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(usual())
		call := holdCalls(fx, allow)
		land := fx.startHeld(c, call)
		c.Forget(bearer("x"))
		fx.respond(deny(verifier.Invalid))
		fx.expect(c, bearer("x"), verifier.Invalid, 1) // a question of its own
		d, err := land()
		expectCancelled(t, d, err)
		fx.expect(c, bearer("x"), verifier.Invalid, 0)
		fx.settle(c)
	})

	t.Run("flights of others go on", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(usual())
		call := holdCalls(fx, allow)
		land := fx.startHeld(c, call)
		c.Forget(bearer("y"))
		if d, err := land(); !d.Allowed || err != nil {
			t.Errorf("%+v (%v)", d, err)
		}
		fx.expect(c, bearer("x"), "", 0)
	})

	t.Run("a logout cancels the flight of its token", func(t *testing.T) {
		fx := newFixture(t)
		logins := fx.registry.loginsNamed("panel")
		c := fx.trusting(logins, "", usual())
		land := fx.startHeld(c, holdCalls(fx, allow))
		logins.Forget("x")
		d, err := land()
		expectCancelled(t, d, err)
	})

	t.Run("it drops allows and denials", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(usual())
		fx.expect(c, bearer("x"), "", 1)
		c.Forget(bearer("x"))
		fx.respond(deny(verifier.Invalid))
		fx.expect(c, bearer("x"), verifier.Invalid, 1)
		c.Forget(bearer("x"))
		fx.respond(allow)
		fx.expect(c, bearer("x"), "", 1)
		fx.expect(c, bearer("x"), "", 0)
	})
}
