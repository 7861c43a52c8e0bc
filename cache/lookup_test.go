package cache

import (
	"context"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

func TestCacheLifetime(t *testing.T) {
	t.Run("an allowed credential is asked about once per lifetime", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(usual())
		end := fx.Now().Add(10 * time.Hour)
		for _, step := range []struct {
			advance time.Duration
			calls   int64
		}{
			{0, 1}, {0, 0}, {5 * time.Hour, 0}, {5*time.Hour - 1, 0}, // use does not restart it
			{1, 1}, {0, 0}, {10 * time.Hour, 1},
		} {
			fx.advance(step.advance)
			d := fx.expect(c, bearer("x"), "", step.calls)
			if step.calls == 0 && !d.Expires.After(fx.Now()) {
				t.Errorf("used after its end, %s", d.Expires)
			}
			if fx.Now().Before(end) && !d.Expires.Equal(end) {
				t.Errorf("ends at %s, want %s", d.Expires, end)
			}
			if d.Identity.Get("user") != "x" {
				t.Errorf("identity %v", d.Identity)
			}
		}
	})

	t.Run("instances of one scope have a lifetime each", func(t *testing.T) {
		fx := newFixture(t)
		short, long := usual(), usual()
		short.Lifetime = time.Hour
		a, b := fx.cache(short), fx.cache(long)
		fx.expect(a, bearer("x"), "", 1)
		fx.expect(b, bearer("x"), "", 0)
		fx.advance(time.Hour)
		fx.expect(b, bearer("x"), "", 0)
		fx.expect(a, bearer("x"), "", 1)
		fx.expect(b, bearer("x"), "", 0)
	})

	t.Run("it counts from the issue", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(usual())
		fx.respond(allowUntil(fx.Now().Add(-4*time.Hour), time.Time{}))
		fx.expect(c, bearer("x"), "", 1)
		fx.advance(6*time.Hour - 1)
		fx.expect(c, bearer("x"), "", 0)
		fx.advance(1)
		fx.expect(c, bearer("x"), "", 1)
	})

	t.Run("the credential's own expiry only shortens it", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(usual())
		start := fx.Now()
		fx.respond(allowUntil(time.Time{}, start.Add(time.Hour)))
		if d := fx.expect(c, bearer("x"), "", 1); !d.Expires.Equal(start.Add(time.Hour)) {
			t.Errorf("until %s", d.Expires)
		}
		fx.advance(time.Hour - 1)
		fx.expect(c, bearer("x"), "", 0)
		// In the leeway after it, an allow holds for its callers and is not remembered.
		fx.advance(1)
		fx.expect(c, bearer("x"), "", 1)
		d := fx.expect(c, bearer("x"), "", 1)
		if d.Answer != 0 {
			t.Error("an answer that is not remembered has a number")
		}
		fx.respond(allowUntil(time.Time{}, fx.Now().Add(1000*time.Hour)))
		if d := fx.expect(c, bearer("y"), "", 1); !d.Expires.Equal(fx.Now().Add(10 * time.Hour)) {
			t.Errorf("until %s", d.Expires)
		}
	})

	t.Run("asking again makes no credential younger", func(t *testing.T) {
		fx := newFixture(t)
		short, long := usual(), usual()
		short.Lifetime = time.Hour
		a, b := fx.cache(short), fx.cache(long)
		end := fx.Now().Add(10 * time.Hour)
		fx.expect(a, bearer("x"), "", 1)
		for i := 0; i < 9; i++ {
			fx.advance(time.Hour)
			fx.expect(a, bearer("x"), "", 1)
			if d := fx.expect(b, bearer("x"), "", 0); !d.Expires.Equal(end) {
				t.Errorf("after %d hours it ends at %s, want %s", i+1, d.Expires, end)
			}
		}
	})

	t.Run("it goes on while the upstream is down", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(usual())
		fx.expect(c, bearer("x"), "", 1)
		fx.respond(fail)
		fx.advance(10*time.Hour - 1)
		fx.expect(c, bearer("x"), "", 0)
		fx.advance(1)
		fx.expect(c, bearer("x"), verifier.Unavailable, 1)
	})
}

func TestCacheDenials(t *testing.T) {
	t.Run("a denial is asked for once per negative lifetime", func(t *testing.T) {
		for _, reason := range []verifier.Reason{verifier.Invalid, verifier.Expired, verifier.Forbidden, verifier.Unprocessable} {
			fx := newFixture(t)
			c := fx.cache(usual())
			fx.respond(deny(reason))
			first := fx.expect(c, bearer("x"), reason, 1)
			fx.advance(30*time.Second - 1)
			if again := fx.expect(c, bearer("x"), reason, 0); again.Denial != first.Denial {
				t.Errorf("%s: remembered as %+v, was %+v", reason, again.Denial, first.Denial)
			}
			fx.advance(1)
			fx.expect(c, bearer("x"), reason, 1)
		}
	})

	t.Run("instances of one scope have a negative lifetime each", func(t *testing.T) {
		fx := newFixture(t)
		never, hour := usual(), usual()
		never.NegativeLifetime, hour.NegativeLifetime = 0, time.Hour
		a, b := fx.cache(never), fx.cache(hour)
		fx.respond(deny(verifier.Invalid))
		fx.expect(a, bearer("x"), verifier.Invalid, 1)
		fx.expect(a, bearer("x"), verifier.Invalid, 1)
		fx.expect(b, bearer("x"), verifier.Invalid, 0)
		fx.advance(time.Hour - 1)
		fx.expect(b, bearer("x"), verifier.Invalid, 0)
		fx.advance(1)
		fx.expect(b, bearer("x"), verifier.Invalid, 1)
	})

	// To find it again costs nothing, and it takes no space from denials that cost a call.
	t.Run("a denial without a call is not remembered", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(usual())
		fx.respond(func(context.Context, verifier.Credential) (verifier.Decision, error) {
			return verifier.Decision{Denial: verifier.Denial{Reason: verifier.Expired}}, nil
		})
		fx.expect(c, bearer("x"), verifier.Expired, 1)
		fx.expect(c, bearer("x"), verifier.Expired, 1)
		if got := c.scope.answers.denied.count(); got != 0 {
			t.Errorf("%d denials are held", got)
		}
	})
}

func TestCacheAnswers(t *testing.T) {
	t.Run("a failure is no answer", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(usual())
		fx.respond(fail)
		fx.expect(c, bearer("x"), verifier.Unavailable, 1)
		fx.advance(time.Second)
		fx.expect(c, bearer("x"), verifier.Unavailable, 1)
		fx.advance(2 * time.Second)
		fx.respond(deny(verifier.Missing)) // no verifier should return it
		fx.expect(c, bearer("x"), verifier.Missing, 1)
		fx.expect(c, bearer("x"), verifier.Missing, 1)
		fx.respond(func(context.Context, verifier.Credential) (verifier.Decision, error) {
			return verifier.Decision{Allowed: true}, verifier.ErrUnavailable // an error beside an allow
		})
		if _, err := c.Verify(context.Background(), bearer("x"), client); err == nil {
			t.Error("the error is lost")
		}
		fx.respond(allow)
		fx.expect(c, bearer("x"), "", 1)
	})

	t.Run("the last one counts", func(t *testing.T) {
		fx := newFixture(t)
		p := usual()
		p.NegativeLifetime = 20 * time.Hour
		c := fx.cache(p)
		fx.expect(c, bearer("x"), "", 1)
		fx.respond(deny(verifier.Invalid))
		fx.advance(10 * time.Hour)
		fx.expect(c, bearer("x"), verifier.Invalid, 1)
		long := p
		long.Lifetime = 100 * time.Hour // for which the entry would not have ended
		fx.expect(fx.cache(long), bearer("x"), verifier.Invalid, 0)
		fx.respond(allow)
		fx.advance(20 * time.Hour)
		fx.expect(c, bearer("x"), "", 1)
		fx.expect(fx.cache(long), bearer("x"), "", 0)
	})

	// The clock was set back: how old the answer is, is unknown.
	t.Run("one from the future does not hold", func(t *testing.T) {
		fx := newFixture(t)
		c, path := fx.join(context.Background(), "scope", "key", usual(), false)
		fx.advance(time.Hour)
		fx.prebuild(c, path, bearer("x"), "Bearer x")
		fx.respond(deny(verifier.Invalid))
		fx.expect(c, bearer("y"), verifier.Invalid, 1)
		fx.respond(rateLimit(time.Minute))
		fx.expect(c, bearer("z"), verifier.Throttled, 1)
		fx.advance(-time.Minute)
		path.Lock.Lock()
		if p := path.Answers[path.Line("Bearer x")]; fx.Now().Sub(fx.registry.start) >= p.From {
			t.Error("the hit path would use an answer from the future")
		}
		path.Lock.Unlock()
		fx.respond(allow)
		for _, token := range []string{"x", "y", "z"} {
			fx.expect(c, bearer(token), "", 1)
			fx.expect(c, bearer(token), "", 0)
		}
	})
}
