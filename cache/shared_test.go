package cache

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

func replicas(t *testing.T, n int) (r *fakeRedis, all []*fixture) {
	t.Helper()
	r = newFakeRedis(t)
	for i := 0; i < n; i++ {
		all = append(all, newFixture(t))
	}
	return r, all
}

func TestShared(t *testing.T) {
	ctx, end := context.WithCancel(context.Background())
	t.Cleanup(end)

	t.Run("what one has asked another knows", func(t *testing.T) {
		r, all := replicas(t, 2)
		a, b := all[0].sharing(ctx, r.options(), usual()), all[1].sharing(ctx, r.options(), usual())
		all[0].expect(a, bearer("x"), "", 1)
		waitUntil(t, func() bool { return r.keys("e") == 1 })
		all[1].expect(b, bearer("x"), "", 0)
	})

	// The bar is older than the listener, so that it is never told.
	t.Run("a bar is felt within local where the first look had no answer", func(t *testing.T) {
		r, all := replicas(t, 2)
		a := all[0].sharing(ctx, r.options(), usual())
		a.Bar(bearer("x"))
		waitUntil(t, func() bool { return r.told() > 0 })
		b := all[1].sharing(ctx, r.options(), usual())
		all[1].expect(b, bearer("y"), "", 1)
		listens(t, b, all)
		r.setFault(func(c []string) string {
			if c[0] == "MGET" {
				return dead
			}
			return ""
		})
		all[1].expect(b, bearer("x"), "", 1)
		r.setFault(nil)
		listens(t, b, all)
		all[1].expect(b, bearer("x"), verifier.Invalid, 0)
	})

	t.Run("a bar that is not heard is felt within local, however often the token is revalidated", func(t *testing.T) {
		r, all := replicas(t, 2)
		p := usual()
		p.Revalidate = 10 * time.Second
		a, b := all[0].sharing(ctx, r.options(), p), all[1].sharing(ctx, r.options(), p)
		all[1].expect(b, bearer("y"), "", 1)
		listens(t, b, all)
		r.setFault(func(c []string) string {
			if c[0] == "XREAD" {
				return "-NOPERM\r\n"
			}
			return ""
		})
		all[1].expect(b, bearer("x"), "", 1)
		a.Bar(bearer("x"))
		waitUntil(t, func() bool { return r.told() > 0 })
		d := verifier.Decision{Allowed: true}
		for i := 0; i < 4 && d.Allowed; i++ {
			together(all, 11*time.Second)
			calls := all[1].calls.Load()
			d, _ = b.Verify(ctx, bearer("x"), client)
			if d.Allowed && i < 2 {
				waitUntil(t, func() bool { return all[1].calls.Load() == calls+1 && b.scope.idle() })
			}
		}
		if d.Allowed || d.Denial.Reason != verifier.Invalid {
			t.Errorf("after 44 seconds: %+v", d)
		}
	})

	t.Run("an allow that another asked for before it was denied here does not count", func(t *testing.T) {
		r, all := replicas(t, 2)
		a, b := all[0].sharing(ctx, r.options(), usual()), all[1].sharing(ctx, r.options(), usual())
		call := holdCalls(all[0], allow)
		go call.verify(ctx, a, 1)
		<-call.arrived
		together(all, 5*time.Second)
		all[1].respond(deny(verifier.Invalid))
		all[1].expect(b, bearer("x"), verifier.Invalid, 1)
		call.release()
		waitUntil(t, func() bool { return r.keys("e") == 1 })
		together(all, time.Minute)
		all[1].expect(b, bearer("x"), verifier.Invalid, 1)
	})

	t.Run("a Redis that hangs for longer than a check may take denies nobody", func(t *testing.T) {
		r, all := replicas(t, 1)
		fx, o, p := all[0], r.options(), usual()
		old, replaced := context.WithCancel(ctx)
		fx.expect(fx.sharing(old, o, p), bearer("known"), "", 1)
		replaced()
		together(all, time.Minute)
		o.Redis.Timeout = 600 * time.Millisecond
		p.Timeout = 300 * time.Millisecond
		c := fx.sharing(ctx, o, p)
		r.setFault(func([]string) string { return hangs })
		fx.expect(c, bearer("known"), "", 0)
		for i := 0; ; i++ { // again, where the machine stood still until the caller had no time left
			begun, calls := time.Now(), fx.calls.Load()
			d, _ := c.Verify(ctx, bearer(fmt.Sprint("new", i)), client)
			if d.Allowed && fx.calls.Load() == calls+1 {
				break
			}
			if time.Since(begun) < p.Timeout+2*o.Redis.Timeout || i == 20 {
				t.Fatalf("%+v, %d calls", d, fx.calls.Load()-calls)
			}
		}
	})

	t.Run("a logout while Traefik makes its instances anew is told", func(t *testing.T) {
		r, all := replicas(t, 1)
		old, replaced := context.WithCancel(ctx)
		a := all[0].sharing(old, r.options(), usual())
		all[0].expect(a, bearer("x"), "", 1)
		replaced()
		a.Bar(bearer("x"))
		all[0].sharing(ctx, r.options(), usual())
		waitUntil(t, func() bool { return r.told() > 0 })
	})

	t.Run("what waits is told after a reload has changed how Redis is reached", func(t *testing.T) {
		r, all := replicas(t, 1)
		old, replaced := context.WithCancel(ctx)
		o := r.options()
		a := all[0].sharing(old, o, usual())
		r.setFault(func([]string) string { return "-NOAUTH Authentication required.\r\n" })
		a.Bar(bearer("x"))
		replaced()
		r.setFault(func(c []string) string {
			if c[0] == "AUTH" {
				return "+OK\r\n"
			}
			return ""
		})
		o.Redis.Password = "new"
		all[0].sharing(ctx, o, usual())
		waitUntil(t, func() bool { return r.told() > 0 }) // by both, where the reload came while it was told
	})

	t.Run("what was heard outlives a reload that has changed how Redis is reached", func(t *testing.T) {
		r, all := replicas(t, 2)
		old, replaced := context.WithCancel(ctx)
		o := r.options()
		a, b := all[0].sharing(ctx, o, usual()), all[1].sharing(old, o, usual())
		all[1].expect(b, bearer("y"), "", 1)
		listens(t, b, all)
		a.Bar(bearer("x"))
		waitUntil(t, func() bool { return b.scope.barredNow(bearer("x")) })
		replaced()
		o.Redis.Timeout = time.Second
		r.setFault(func([]string) string { return dead })
		b = all[1].sharing(ctx, o, usual())
		all[1].expect(b, bearer("x"), verifier.Invalid, 0)
	})
}

// idle tells whether no flight is under way.
func (s *Scope) idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.flights.byKey) == 0
}

func (s *Scope) barredNow(c verifier.Credential) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.isBarred(c)
}

func TestSharedStores(t *testing.T) {
	t.Run("memories that no instance uses any more are let go", func(t *testing.T) {
		fx := newFixture(t)
		o := newFakeRedis(t).options()
		for i := 0; i < 20; i++ {
			ctx, end := context.WithCancel(context.Background())
			o.Secret = fmt.Sprint("a secret of thirty-two bytes or more ", i)
			fx.sharing(ctx, o, usual())
			end()
			fx.advance(time.Minute)
		}
		told := 0
		for _, t := range fx.registry.tokens {
			told += len(t.sharedBy)
		}
		if told > 2 {
			t.Errorf("%d memories would be told", told)
		}
	})
}
