package cache

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// revalidating is a policy that revalidates every hour.
func revalidating() Policy {
	p := usual()
	p.Revalidate = time.Hour
	return p
}

// settle waits until no flight is under way.
func (fx *fixture) settle(c *Cache) {
	fx.t.Helper()
	waitUntil(fx.t, func() bool {
		c.scope.mu.Lock()
		defer c.scope.mu.Unlock()
		return c.scope.flights.turns.Taken() == 0
	})
}

// verifyAfter presents x that much later, expects an allow, and compares how many
// calls the upstream got, those in the background included.
func (fx *fixture) verifyAfter(d time.Duration, c *Cache, calls int64) verifier.Decision {
	fx.t.Helper()
	fx.advance(d)
	before := fx.calls.Load()
	decision, _ := c.Verify(context.Background(), bearer("x"), client)
	if !decision.Allowed {
		fx.t.Errorf("denied: %+v", decision.Denial)
	}
	fx.settle(c)
	if got := fx.calls.Load() - before; got != calls {
		fx.t.Errorf("%d calls, want %d", got, calls)
	}
	return decision
}

// exhausted denies as a budget does that is used up: without a call.
func exhausted(wait time.Duration) verifies {
	return func(context.Context, verifier.Credential) (verifier.Decision, error) {
		return verifier.Decision{Denial: verifier.Denial{Reason: verifier.Throttled, RetryAfter: wait}}, nil
	}
}

func TestRevalidate(t *testing.T) {
	t.Run("an entry of some age is checked once, in the background", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(revalidating())
		end := fx.verifyAfter(0, c, 1).Expires
		fx.verifyAfter(time.Hour-time.Second, c, 0)
		fx.verifyAfter(time.Second, c, 1)
		fx.verifyAfter(0, c, 0)
		if d := fx.verifyAfter(time.Hour, c, 1); !d.Expires.Equal(end) {
			t.Errorf("it ends at %s, before revalidation at %s", d.Expires, end)
		}
	})

	t.Run("no request waits, and one call is under way", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(revalidating())
		fx.verifyAfter(0, c, 1)
		fx.advance(time.Hour)
		call := holdCalls(fx, allow)
		for range [100]int{} {
			if d, err := c.Verify(context.Background(), bearer("x"), client); !d.Allowed || err != nil {
				t.Fatalf("%+v (%v)", d, err)
			}
		}
		<-call.arrived
		fx.advance(time.Hour) // due again, while the call is under way
		fx.expect(c, bearer("x"), "", 0)
		call.release()
		fx.settle(c)
		if fx.calls.Load() != 2 {
			t.Errorf("%d calls", fx.calls.Load())
		}
	})

	t.Run("a denial replaces the entry", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(revalidating())
		fx.verifyAfter(0, c, 1)
		fx.respond(deny(verifier.Invalid))
		fx.verifyAfter(time.Hour, c, 1)
		fx.expect(c, bearer("x"), verifier.Invalid, 0)
		if c.scope.answers.allowed.count() != 0 {
			t.Error("the entry is still there")
		}
	})

	t.Run("a rate limit puts it off", func(t *testing.T) {
		fx := newFixture(t)
		c, _ := fx.join(context.Background(), "scope", "key", revalidating(), true)
		fx.verifyAfter(0, c, 1)
		fx.respond(rateLimit(time.Hour))
		fx.verifyAfter(time.Hour, c, 1)
		fx.advance(59 * time.Minute)
		fx.respond(allow)
		fx.verifyAfter(0, c, 0)
		fx.verifyAfter(time.Minute, c, 1)
	})
}

func TestRevalidateFailure(t *testing.T) {
	for name, failure := range map[string]verifies{
		"an outage": fail, "a rate limit": rateLimit(time.Minute), "an exhausted budget": exhausted(time.Minute),
		"a panic": func(context.Context, verifier.Credential) (verifier.Decision, error) { panic("while it revalidates") },
	} {
		t.Run(name, func(t *testing.T) {
			fx := newFixture(t)
			c := fx.cache(revalidating())
			end := fx.verifyAfter(0, c, 1).Expires
			fx.respond(failure)
			for range [9]int{} {
				if d := fx.verifyAfter(time.Hour, c, 1); !d.Expires.Equal(end) {
					t.Errorf("it ends at %s, before at %s", d.Expires, end)
				}
				fx.verifyAfter(time.Minute, c, 0) // it is not tried again at once
				fx.advance(-time.Minute)
			}
			fx.respond(allow)
			fx.verifyAfter(time.Hour, c, 1) // the entry has ended: checked like a new credential
		})
	}
}

func TestRevalidateMany(t *testing.T) {
	t.Run("many that are due at once leave flights for callers that wait", func(t *testing.T) {
		fx := newFixture(t)
		p := revalidating()
		p.Size = 1000
		c := fx.cache(p)
		for i := range [500]int{} {
			fx.expect(c, bearer(fmt.Sprint(i)), "", 1)
		}
		fx.advance(time.Hour)
		call := holdCalls(fx, allow)
		for i := range [500]int{} {
			if d, _ := c.Verify(context.Background(), bearer(fmt.Sprint(i)), client); !d.Allowed {
				t.Fatalf("%d: %+v", i, d)
			}
		}
		c.scope.mu.Lock()
		if c.scope.flights.turns.Taken() != maxRevalidating {
			t.Errorf("%d flights at once", c.scope.flights.turns.Taken())
		}
		c.scope.mu.Unlock()
		call.release()
		fx.settle(c)
		fx.expect(c, bearer("new"), "", 1)
	})

	t.Run("a prebuilt answer holds until it is due", func(t *testing.T) {
		fx := newFixture(t)
		c, path := fx.join(context.Background(), "scope", "key", revalidating(), false)
		line := path.Line("Bearer x")
		prebuild := func(d verifier.Decision) time.Duration {
			c.Prebuild(bearer("x"), d, line, response("x"))
			return path.Answers[line].Until
		}
		if until := prebuild(fx.verifyAfter(0, c, 1)); until != time.Hour {
			t.Errorf("it holds for %s", until)
		}
		d := fx.verifyAfter(time.Hour, c, 1)
		if c.Prebuilt(line, d.Answer) != nil {
			t.Error("it holds although it is due")
		}
		d = fx.verifyAfter(0, c, 0)
		if until := prebuild(d); until != 2*time.Hour {
			t.Errorf("it holds until %s", until)
		}
		fx.advance(8*time.Hour + time.Minute)
		fx.verifyAfter(0, c, 1)
		if until := prebuild(fx.verifyAfter(0, c, 0)); until != 10*time.Hour {
			t.Errorf("it holds until %s, beyond the end of the entry", until)
		}
	})
}
