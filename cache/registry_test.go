package cache

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// reload ends a context, as Traefik does before it makes the next handlers.
func reload(cancel context.CancelFunc) (context.Context, context.CancelFunc) {
	cancel()
	return context.WithCancel(context.Background())
}

func TestAReloadLosesNothingAndAsksNothing(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(context.Background())
	c, f := w.join(ctx, "scope", "plan", usual(), false)
	w.hot(c, f, bearer("x"), "Bearer x")
	for i := 0; i < 1000; i++ {
		ctx, cancel = reload(cancel)
		w.move(20 * time.Second) // longer than the grace
		other, _ := w.join(ctx, "another scope", "plan", usual(), false)
		_ = other
		again, front := w.join(ctx, "scope", "plan", usual(), false)
		w.expect(again, bearer("x"), "", 0)
		if front == f {
			continue
		}
		// A front that was closed meanwhile is made anew; the entry is there.
		w.hot(again, front, bearer("x"), "Bearer x")
		f = front
	}
	if w.calls.Load() != 1 || w.registry.Scopes() != 2 || len(c.scope.members.instances) != 1 || len(c.scope.fastPaths.byKey) != 1 {
		t.Errorf("%d calls, %d scopes, %d instances, %d fronts", w.calls.Load(), w.registry.Scopes(), len(c.scope.members.instances), len(c.scope.fastPaths.byKey))
	}
	cancel()
}

func TestAReloadWithinTheGraceKeepsTheFront(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(context.Background())
	c, f := w.join(ctx, "scope", "plan", usual(), false)
	w.hot(c, f, bearer("x"), "Bearer x")
	ctx, cancel = reload(cancel)
	defer cancel()
	w.join(ctx, "another scope", "plan", usual(), false) // which looks at all scopes
	w.move(grace - 1)
	if w.ready(f, "Bearer x") != "x" {
		t.Error("the old handlers, which still serve, have lost their answers")
	}
	if _, again := w.join(ctx, "scope", "plan", usual(), false); again != f || w.ready(f, "Bearer x") != "x" {
		t.Error("the front was lost")
	}
	w.move(time.Hour)
	w.join(ctx, "another scope", "plan", usual(), false)
	if w.ready(f, "Bearer x") != "x" {
		t.Error("the front of a live instance was lost")
	}
}

func TestAPlanThatNobodyHasAnyMoreLosesItsFront(t *testing.T) {
	w := newWorld(t)
	old, cancel := context.WithCancel(context.Background())
	c, f := w.join(old, "scope", "old plan", usual(), false)
	w.hot(c, f, bearer("x"), "Bearer x")
	ctx, stop := reload(cancel)
	defer stop()
	now, _ := w.join(ctx, "scope", "new plan", usual(), false)
	if w.ready(f, "Bearer x") != "x" {
		t.Error("it is lost before the grace is over")
	}
	w.move(grace)
	w.expect(now, bearer("y"), "", 1) // a landing sweeps
	if len(f.Answers) != 0 || len(c.scope.fastPaths.byKey) != 1 {
		t.Errorf("%d lines in a front of nobody, %d fronts", len(f.Answers), len(c.scope.fastPaths.byKey))
	}
	w.hot(c, f, bearer("x"), "Bearer x") // an old handler that is still at work
	if len(f.Answers) != 0 {
		t.Error("a closed front takes answers")
	}
	w.expect(c, bearer("x"), "", 0)
}

func TestOfSizesTheLargestAmongLiveInstancesHolds(t *testing.T) {
	w := newWorld(t)
	small, large := usual(), usual()
	small.Size, small.NegativeSize = 2, 3
	large.Size, large.NegativeSize = 5, 2
	old, cancel := context.WithCancel(context.Background())
	c, _ := w.join(old, "scope", "plan", large, false)
	fill := func(want int) {
		t.Helper()
		for i := 0; i < 10; i++ {
			_, _ = c.Verify(context.Background(), bearer(fmt.Sprint(i)), client)
		}
		if got := c.scope.answers.allowed.count(); got != want {
			t.Errorf("%d are held, want %d", got, want)
		}
	}
	fill(5)
	ctx, stop := reload(cancel)
	defer stop()
	w.join(ctx, "scope", "plan", small, false)
	if c.scope.members.negativeSize != 3 {
		t.Errorf("room for %d refusals, want 3", c.scope.members.negativeSize)
	}
	fill(5) // the larger one has only just left
	w.move(grace)
	fill(2)
	w.join(ctx, "scope", "plan", large, false)
	fill(5)
}

func TestAScopeThatNobodyHasUsedForLongLeaves(t *testing.T) {
	cases := []struct {
		lifetime, idle time.Duration
		left           bool
	}{
		{time.Minute, time.Hour, false},
		{time.Minute, time.Hour + 1, true},
		{10 * time.Hour, 10 * time.Hour, false},
		{10 * time.Hour, 10*time.Hour + 1, true},
	}
	for _, c := range cases {
		w := newWorld(t)
		p := usual()
		p.Lifetime = c.lifetime
		ctx, cancel := context.WithCancel(context.Background())
		cache, _ := w.join(ctx, "scope", "plan", p, false)
		w.move(time.Hour)
		w.expect(cache, bearer("x"), "", 1) // its last use
		cancel()
		w.move(c.idle)
		w.join(context.Background(), "another scope", "plan", p, false)
		if left := w.registry.Scopes() == 1; left != c.left {
			t.Errorf("lifetime %s, unused for %s: left %v, want %v", c.lifetime, c.idle, left, c.left)
		}
	}
}

func TestAScopeWithALiveInstanceStays(t *testing.T) {
	w := newWorld(t)
	w.join(context.Background(), "scope", "plan", usual(), false)
	w.move(1000 * time.Hour)
	w.join(context.Background(), "another scope", "plan", usual(), false)
	if w.registry.Scopes() != 2 {
		t.Error("a scope left under its instance")
	}
}

// Old handlers finish: one that is still at work in a scope that has left
// neither panics nor brings it back.
func TestAHandlerOfAScopeThatHasLeftStillAnswers(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(context.Background())
	c, f := w.join(ctx, "scope", "plan", usual(), false)
	w.hot(c, f, bearer("x"), "Bearer x")
	cancel()
	w.move(1000 * time.Hour)
	w.join(context.Background(), "another scope", "plan", usual(), false)
	w.expect(c, bearer("x"), "", 1)
	if w.registry.Scopes() != 1 {
		t.Errorf("%d scopes", w.registry.Scopes())
	}
}
