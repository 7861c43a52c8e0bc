package cache

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// epoch joins an instance of an epoch; its life ends with ctx.
func (w *fixture) epoch(ctx context.Context, epoch string) *Cache {
	i := Instance{Context: ctx, Epoch: epoch, RenderKey: "plan", Policy: usual(), Report: func(string, string, string) {}}
	c, _ := w.registry.Join("upstream", i, false, func(func() verifier.Rate, verifier.Report) verifier.Verifier { return verifies(w.ask) })
	return c
}

// held asks about x while the upstream does not answer; the outcome comes once
// it is released.
func (w *fixture) held(c *Cache, g *crowd) func() (verifier.Decision, error) {
	type outcome struct {
		d   verifier.Decision
		err error
	}
	landed := make(chan outcome, 1)
	go func() {
		d, err := c.Verify(context.Background(), bearer("x"), client)
		landed <- outcome{d, err}
	}()
	<-g.arrived
	return func() (verifier.Decision, error) {
		g.release()
		o := <-landed
		return o.d, o.err
	}
}

func expectLate(t *testing.T, d verifier.Decision, err error) {
	t.Helper()
	if d.Allowed || !errors.Is(err, errLate) || d.Denial.Reason != verifier.Unavailable || d.Denial.RetryAfter != time.Second {
		t.Errorf("%+v (%v), want a late answer that is given to nobody", d, err)
	}
}

func TestAYesThatComesAfterItsCredentialWasForgottenIsGivenToNobody(t *testing.T) {
	w := newWorld(t)
	c := w.cache(usual())
	g := newCrowd(w, yes)
	land := w.held(c, g)
	c.Forget(bearer("x"))
	w.turn(refuse(verifier.Invalid))
	w.expect(c, bearer("x"), verifier.Invalid, 1) // a question of its own
	d, err := land()
	expectLate(t, d, err)
	w.expect(c, bearer("x"), verifier.Invalid, 0)
	w.landed(c)
}

func TestForgettingDropsAYesAndANo(t *testing.T) {
	w := newWorld(t)
	c := w.cache(usual())
	w.expect(c, bearer("x"), "", 1)
	c.Forget(bearer("x"))
	w.turn(refuse(verifier.Invalid))
	w.expect(c, bearer("x"), verifier.Invalid, 1)
	c.Forget(bearer("x"))
	w.turn(yes)
	w.expect(c, bearer("x"), "", 1)
	w.expect(c, bearer("x"), "", 0)
}

func TestForgettingOneLeavesTheQuestionsAboutOthers(t *testing.T) {
	w := newWorld(t)
	c := w.cache(usual())
	g := newCrowd(w, yes)
	land := w.held(c, g)
	c.Forget(bearer("y"))
	if d, err := land(); !d.Allowed || err != nil {
		t.Errorf("%+v (%v)", d, err)
	}
	w.expect(c, bearer("x"), "", 0)
}

func TestAYesOfAnEpochThatIsOverIsGivenToNobodyAndNotKept(t *testing.T) {
	w := newWorld(t)
	ctx, replace := context.WithCancel(context.Background())
	old := w.epoch(ctx, "1")
	g := newCrowd(w, yes)
	land := w.held(old, g)
	replace()
	next := w.epoch(context.Background(), "2")
	d, err := land()
	expectLate(t, d, err)
	w.turn(refuse(verifier.Invalid))
	w.expect(old, bearer("x"), verifier.Invalid, 1)
	w.expect(next, bearer("x"), verifier.Invalid, 1)
}

func TestAnEpochOfARouteThatLivesOnIsNotOver(t *testing.T) {
	w := newWorld(t)
	one := w.epoch(context.Background(), "1")
	g := newCrowd(w, yes)
	land := w.held(one, g)
	w.epoch(context.Background(), "2")
	if d, err := land(); !d.Allowed || err != nil {
		t.Errorf("%+v (%v)", d, err)
	}
}

// While Traefik makes all instances anew, one of another epoch may come first.
func TestAReloadOfTwoEpochsLosesNothing(t *testing.T) {
	w := newWorld(t)
	ctx, replace := context.WithCancel(context.Background())
	one := w.epoch(ctx, "1")
	w.epoch(ctx, "2")
	w.expect(one, bearer("known"), "", 1)
	g := newCrowd(w, yes)
	land := w.held(one, g)
	replace()
	w.epoch(context.Background(), "2")
	w.move(time.Second)
	one = w.epoch(context.Background(), "1")
	if d, err := land(); !d.Allowed || err != nil {
		t.Errorf("%+v (%v)", d, err)
	}
	w.expect(one, bearer("known"), "", 0)
	w.expect(one, bearer("x"), "", 0)
}

func TestWhoeverComesBackToAnOldEpochFindsItEmpty(t *testing.T) {
	w := newWorld(t)
	ctx, replace := context.WithCancel(context.Background())
	w.expect(w.epoch(ctx, "1"), bearer("x"), "", 1)
	replace()
	ctx, replace = context.WithCancel(context.Background())
	w.epoch(ctx, "2")
	w.move(time.Minute)
	replace()
	w.expect(w.epoch(context.Background(), "1"), bearer("x"), "", 1)
}
