package cache

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/telemetry/counters"
	"github.com/upstreamauth/upstreamauth/verifier"
)

func TestPause(t *testing.T) {
	t.Run("a credential without an answer is asked about after 1, 2, 4, 8 and then 10 s", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(usual())
		fx.respond(failWith(verifier.ErrOutage))
		fx.expect(c, bearer("x"), verifier.Unavailable, 1)
		for _, seconds := range []int{1, 2, 4, 8, 10, 10} {
			d := fx.expect(c, bearer("x"), verifier.Unavailable, 0)
			if d.Denial.RetryAfter != time.Duration(seconds)*time.Second || d.Denial.HTTP != 503 || d.Denial.Status != 502 || d.Denial.Code != "c" {
				t.Errorf("%+v", d.Denial)
			}
			fx.advance(time.Duration(seconds)*time.Second - time.Millisecond)
			fx.expect(c, bearer("x"), verifier.Unavailable, 0)
			fx.expect(c, bearer(fmt.Sprint("another", seconds, fx.calls.Load())), verifier.Unavailable, 1)
			fx.advance(time.Millisecond)
			fx.expect(c, bearer("x"), verifier.Unavailable, 1)
		}
		fx.advance(time.Minute)
		fx.expect(c, bearer("x"), verifier.Unavailable, 1)
		fx.advance(time.Second)
		fx.respond(allow)
		fx.expect(c, bearer("x"), "", 1)
	})

	t.Run("its first answer ends it", func(t *testing.T) {
		for _, answer := range []verifies{allow, deny(verifier.Invalid)} {
			fx := newFixture(t)
			p := usual()
			p.NegativeLifetime = 0
			c := fx.cache(p)
			fx.respond(fail)
			fx.expect(c, bearer("x"), verifier.Unavailable, 1)
			fx.advance(time.Second)
			fx.respond(answer)
			_, _ = c.Verify(context.Background(), bearer("x"), client)
			c.scope.mu.Lock()
			left := c.scope.answers.paused.count()
			c.scope.mu.Unlock()
			if left != 0 {
				t.Error("it is remembered still that there was no answer")
			}
		}
	})

	t.Run("a known credential goes on", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(revalidating())
		fx.verifyAfter(0, c, 1)
		fx.respond(fail)
		fx.verifyAfter(time.Hour, c, 1)
		fx.verifyAfter(0, c, 0)
	})

	t.Run("what was not asked is asked about at once", func(t *testing.T) {
		for _, cause := range []error{verifier.ErrNotAsked, verifier.ErrDistrusted, ErrPanic} {
			fx := newFixture(t)
			c := fx.cache(usual())
			fx.respond(failWith(cause))
			for range [3]int{} {
				if _, err := c.Verify(context.Background(), bearer("x"), client); !errors.Is(err, cause) {
					t.Errorf("%v, want %v", err, cause)
				}
			}
			if fx.calls.Load() != 3 {
				t.Errorf("%v: %d calls, want 3", cause, fx.calls.Load())
			}
		}
	})

	t.Run("a clock that is set back ends it", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(usual())
		fx.respond(fail)
		fx.expect(c, bearer("x"), verifier.Unavailable, 1)
		fx.advance(-time.Hour)
		fx.expect(c, bearer("x"), verifier.Unavailable, 1)
	})

	t.Run("a login ends it", func(t *testing.T) {
		fx := newFixture(t)
		logins := fx.registry.LoginsOf("api", "address", "secret")
		i := Instance{Context: context.Background(), Policy: usual(), Report: func(string, string, string) {}, Logins: logins}
		c, _ := fx.registry.Join("upstream", i, verifier.QuotaByCredential, func(verifier.Report, verifier.SharedCount, *counters.Scope) verifier.Verifier {
			return verifies(fx.ask)
		})
		fx.respond(fail)
		fx.expect(c, bearer("x"), verifier.Unavailable, 1)
		fx.respond(allow)
		fx.advance(time.Millisecond)
		logins.Add("x")
		fx.expect(c, bearer("x"), "", 1)
	})

	t.Run("how many are remembered is bounded", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(usual())
		fx.respond(fail)
		for i := range [300]int{} {
			_, _ = c.Verify(context.Background(), bearer(fmt.Sprint(i)), client)
		}
		if got := c.scope.answers.paused.count(); got != 100 {
			t.Errorf("%d, want 100", got)
		}
	})
}
