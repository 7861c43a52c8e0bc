package cache

import (
	"context"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/telemetry/counters"
)

// reload ends a context, as Traefik does before it makes the next handlers.
func reload(cancel context.CancelFunc) (context.Context, context.CancelFunc) {
	cancel()
	return context.WithCancel(context.Background())
}

func TestReload(t *testing.T) {
	t.Run("it loses nothing and asks nothing", func(t *testing.T) {
		fx := newFixture(t)
		ctx, cancel := context.WithCancel(context.Background())
		c, path := fx.join(ctx, "scope", "key", usual(), false)
		fx.prebuild(c, path, bearer("x"), "Bearer x")
		for i := 0; i < 1000; i++ {
			ctx, cancel = reload(cancel)
			fx.advance(20 * time.Second) // longer than the grace
			fx.join(ctx, "another scope", "key", usual(), false)
			again, next := fx.join(ctx, "scope", "key", usual(), false)
			fx.expect(again, bearer("x"), "", 0)
			if next == path {
				continue
			}
			// The fast path was closed meanwhile and is a new one; the entry is still there.
			fx.prebuild(again, next, bearer("x"), "Bearer x")
			path = next
		}
		if fx.calls.Load() != 1 || fx.registry.Scopes() != 2 || len(c.scope.members.instances) != 1 || len(c.scope.fastPaths.byKey) != 1 {
			t.Errorf("%d calls, %d scopes, %d instances, %d fast paths", fx.calls.Load(), fx.registry.Scopes(), len(c.scope.members.instances), len(c.scope.fastPaths.byKey))
		}
		cancel()
	})

	t.Run("within the grace it keeps the fast path", func(t *testing.T) {
		fx := newFixture(t)
		ctx, cancel := context.WithCancel(context.Background())
		c, path := fx.join(ctx, "scope", "key", usual(), false)
		fx.prebuild(c, path, bearer("x"), "Bearer x")
		ctx, cancel = reload(cancel)
		defer cancel()
		fx.join(ctx, "another scope", "key", usual(), false) // this sweeps all scopes
		fx.advance(grace - 1)
		if fx.prebuilt(path, "Bearer x") != "x" {
			t.Error("the old handlers, which still serve, lost their answers")
		}
		if _, again := fx.join(ctx, "scope", "key", usual(), false); again != path || fx.prebuilt(path, "Bearer x") != "x" {
			t.Error("the fast path was lost")
		}
		fx.advance(time.Hour)
		fx.join(ctx, "another scope", "key", usual(), false)
		if fx.prebuilt(path, "Bearer x") != "x" {
			t.Error("the fast path of a live instance was lost")
		}
	})

	t.Run("a render key that no instance has loses its fast path", func(t *testing.T) {
		fx := newFixture(t)
		old, cancel := context.WithCancel(context.Background())
		c, path := fx.join(old, "scope", "old key", usual(), false)
		fx.prebuild(c, path, bearer("x"), "Bearer x")
		ctx, stop := reload(cancel)
		defer stop()
		now, _ := fx.join(ctx, "scope", "new key", usual(), false)
		if fx.prebuilt(path, "Bearer x") != "x" {
			t.Error("it is lost before the grace is over")
		}
		fx.advance(grace)
		fx.expect(now, bearer("y"), "", 1) // the end of a flight sweeps
		if len(path.Answers) != 0 || len(c.scope.fastPaths.byKey) != 1 {
			t.Errorf("%d lines in a closed fast path, %d fast paths", len(path.Answers), len(c.scope.fastPaths.byKey))
		}
		fx.prebuild(c, path, bearer("x"), "Bearer x") // by an old handler that still serves
		if len(path.Answers) != 0 {
			t.Error("a closed fast path takes answers")
		}
		fx.expect(c, bearer("x"), "", 0)
	})
}

func TestRegistryDropIdle(t *testing.T) {
	cases := []struct {
		lifetime, idle time.Duration
		dropped        bool
	}{
		{time.Minute, time.Hour, false},
		{time.Minute, time.Hour + 1, true},
		{10 * time.Hour, 10 * time.Hour, false},
		{10 * time.Hour, 10*time.Hour + 1, true},
	}
	for _, c := range cases {
		fx := newFixture(t)
		p := usual()
		p.Lifetime = c.lifetime
		ctx, cancel := context.WithCancel(context.Background())
		cache, _ := fx.join(ctx, "scope", "key", p, false)
		fx.advance(time.Hour)
		fx.expect(cache, bearer("x"), "", 1) // its last use
		cancel()
		fx.advance(c.idle)
		fx.join(context.Background(), "another scope", "key", p, false)
		if dropped := fx.registry.Scopes() == 1; dropped != c.dropped {
			t.Errorf("lifetime %s, unused for %s: dropped %v, want %v", c.lifetime, c.idle, dropped, c.dropped)
		}
	}
}

func TestRegistryScopes(t *testing.T) {
	t.Run("one with a live instance stays", func(t *testing.T) {
		fx := newFixture(t)
		fx.join(context.Background(), "scope", "key", usual(), false)
		fx.advance(1000 * time.Hour)
		fx.join(context.Background(), "another scope", "key", usual(), false)
		if fx.registry.Scopes() != 2 {
			t.Error("the scope of a live instance was dropped")
		}
	})

	// Old handlers finish their requests. That neither panics nor brings the scope back.
	t.Run("a handler of one that was dropped still answers", func(t *testing.T) {
		fx := newFixture(t)
		ctx, cancel := context.WithCancel(context.Background())
		c, path := fx.join(ctx, "scope", "key", usual(), false)
		fx.prebuild(c, path, bearer("x"), "Bearer x")
		cancel()
		fx.advance(1000 * time.Hour)
		fx.join(context.Background(), "another scope", "key", usual(), false)
		fx.expect(c, bearer("x"), "", 1)
		if fx.registry.Scopes() != 1 {
			t.Errorf("%d scopes", fx.registry.Scopes())
		}
	})

	t.Run("what one that was dropped has counted stays counted", func(t *testing.T) {
		fx := newFixture(t)
		p := usual()
		p.Size, p.NegativeSize = 1, 1
		ctx, cancel := context.WithCancel(context.Background())
		c, _ := fx.join(ctx, "scope", "key", p, false)
		for _, name := range []string{"a", "b", "c"} {
			fx.expect(c, bearer(name), "", 1)
		}
		cancel()
		fx.advance(1000 * time.Hour)
		fx.join(context.Background(), "another scope", "key", usual(), false)
		evicted := int64(0)
		_, gone := fx.registry.States()
		for _, line := range gone {
			evicted += line.Totals.Evicted[counters.Allowed]
		}
		if evicted != 2 {
			t.Errorf("%d were evicted, want 2", evicted)
		}
	})
}
