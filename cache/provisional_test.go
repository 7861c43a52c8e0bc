package cache

import (
	"context"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// A token of a login, about which the upstream gives no answer at first.
func TestProvisional(t *testing.T) {
	t.Run("it is asked about again after ten seconds, doubling to five minutes", func(t *testing.T) {
		fx := newFixture(t)
		fx.respond(fail)
		seen := fx.loginsOf("panel")
		c := fx.asking("scope", seen, usual())
		seen.Add("x")
		if d := fx.expect(c, bearer("x"), "", 1); !d.Provisional {
			t.Errorf("%+v", d)
		}
		for _, wait := range []string{"10s", "20s", "40s", "80s", "160s", "5m", "5m", "5m"} {
			d, _ := time.ParseDuration(wait)
			fx.advance(d - 1)
			fx.expect(c, bearer("x"), "", 0)
			fx.advance(1)
			fx.expectBehind(c, bearer("x"), 1)
			fx.expect(c, bearer("x"), "", 0)
		}
		fx.respond(allow)
		fx.advance(5 * time.Minute)
		fx.expectBehind(c, bearer("x"), 1)
		d := fx.expect(c, bearer("x"), "", 0)
		if d.Provisional || d.Identity.Get("user") != "x" || !d.Expires.Equal(seen.Find("x").Issued.Add(10*time.Hour)) {
			t.Errorf("%+v", d)
		}
		fx.advance(time.Hour)
		fx.expect(c, bearer("x"), "", 0)
	})

	t.Run("a denial ends it", func(t *testing.T) {
		fx := newFixture(t)
		fx.respond(fail)
		seen := fx.loginsOf("panel")
		c := fx.asking("scope", seen, usual())
		seen.Add("x")
		fx.expect(c, bearer("x"), "", 1)
		fx.respond(deny(verifier.Forbidden))
		fx.advance(10 * time.Second)
		fx.expectBehind(c, bearer("x"), 1)
		fx.expect(c, bearer("x"), verifier.Forbidden, 0)
		if seen.Find("x") != nil {
			t.Error("the login is still known")
		}
	})

	t.Run("a rate limit is waited for", func(t *testing.T) {
		fx := newFixture(t)
		fx.respond(rateLimit(time.Minute))
		seen := fx.loginsOf("panel")
		c := fx.asking("scope", seen, usual())
		seen.Add("x")
		fx.expect(c, bearer("x"), "", 1)
		fx.advance(time.Minute - 1)
		fx.expect(c, bearer("x"), "", 0)
		fx.settle(c)
		fx.advance(1)
		fx.expectBehind(c, bearer("x"), 1)
	})

	t.Run("a prebuilt answer ends when it is due", func(t *testing.T) {
		fx := newFixture(t)
		fx.respond(fail)
		seen := fx.loginsOf("panel")
		c := fx.asking("scope", seen, usual())
		seen.Add("x")
		fx.prebuild(c, c.fastPath, bearer("x"), "Bearer x")
		if until := c.fastPath.Answers[c.fastPath.Line("Bearer x")].Until; until != 10*time.Second {
			t.Errorf("it holds until %s", until)
		}
	})

	t.Run("an answer for once is not remembered", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(usual())
		fx.expect(c, bearer("x"), "", 1)
		fx.respond(func(context.Context, verifier.Credential) (verifier.Decision, error) {
			return verifier.Decision{Allowed: true, Once: true}, nil
		})
		fx.advance(11 * time.Hour)
		for i := 0; i < 3; i++ {
			if d := fx.expect(c, bearer("x"), "", 1); d.Answer != 0 || !d.Expires.IsZero() {
				t.Errorf("%+v", d)
			}
		}
	})
}

// expectBehind presents a credential that is allowed from what is remembered, while the
// upstream is asked so many times.
func (fx *fixture) expectBehind(c *Cache, credential verifier.Credential, calls int64) {
	fx.t.Helper()
	before := fx.calls.Load()
	if d, _ := c.Verify(context.Background(), credential, client); !d.Allowed {
		fx.t.Errorf("%+v", d)
	}
	fx.settle(c)
	if got := fx.calls.Load() - before; got != calls {
		fx.t.Errorf("%d calls, want %d", got, calls)
	}
}
