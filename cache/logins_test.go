package cache

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/logins"
	"github.com/upstreamauth/upstreamauth/telemetry/counters"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// loginsOf are the logins under a login secret, of the one upstream of these tests.
func (fx *fixture) loginsOf(secret string) *logins.Logins {
	return fx.registry.LoginsOf("api", "https://api", secret)
}

// newLoginsFixture returns a fixture whose upstream denies everything, and logins.
func newLoginsFixture(t *testing.T) (*fixture, *logins.Logins) {
	fx := newFixture(t)
	fx.respond(deny(verifier.Invalid))
	return fx, fx.loginsOf("panel")
}

// trusting joins an instance that trusts logins, and asks the upstream about other
// credentials. About those of a login it does not ask: they are allowed.
func (fx *fixture) trusting(seen *logins.Logins, epoch string, p Policy) *Cache {
	return fx.joinTokens("trusting "+fx.registry.Fingerprint(fmt.Sprintf("%p", seen)), seen, epoch, p, func(ctx context.Context, c verifier.Credential) (verifier.Decision, error) {
		if !c.Issued.IsZero() {
			return verifier.Decision{Allowed: true, Issued: c.Issued}, nil
		}
		return fx.ask(ctx, c)
	})
}

// asking is trusting with the verifier of package verifier: it asks about all.
func (fx *fixture) asking(scope string, seen *logins.Logins, p Policy) *Cache {
	trust := verifier.NewLoginTrust(verifies(fx.ask), nil)
	return fx.joinTokens(scope, seen, "", p, trust.Verify)
}

func (fx *fixture) joinTokens(scope string, seen *logins.Logins, epoch string, p Policy, ask verifies) *Cache {
	i := Instance{
		Context: context.Background(), Epoch: epoch, RenderKey: "key", Policy: p, Report: func(string, string, string) {},
		Logins: seen, Barred: fx.registry.BarredOf("api", "https://api"),
	}
	c, _ := fx.registry.Join(scope, i, verifier.QuotaByCredential, func(verifier.Report, verifier.SharedCount, *counters.Scope) verifier.Verifier { return ask })
	return c
}

func TestLogins(t *testing.T) {
	t.Run("a token is allowed from its issue for its lifetime", func(t *testing.T) {
		fx, seen := newLoginsFixture(t)
		c := fx.trusting(seen, "", usual())
		seen.Add("x")
		fx.advance(9 * time.Hour)
		d, err := c.Verify(context.Background(), bearer("x"), client)
		if !d.Allowed || err != nil || !d.Expires.Equal(fx.Now().Add(time.Hour)) {
			t.Fatalf("%+v %v", d, err)
		}
		fx.advance(time.Hour - 1)
		fx.expect(c, bearer("x"), "", 0)
		fx.advance(1)
		fx.expect(c, bearer("x"), verifier.Invalid, 1)
		fx.expect(c, bearer("y"), verifier.Invalid, 1)
	})

	t.Run("a login replaces a denial, and a later denial the login", func(t *testing.T) {
		fx, seen := newLoginsFixture(t)
		p := usual()
		p.Revalidate = time.Hour
		c := fx.trusting(seen, "", p)
		fx.expect(c, bearer("x"), verifier.Invalid, 1)
		fx.advance(time.Second)
		seen.Add("x")
		fx.expect(c, bearer("x"), "", 0)
		fx.advance(time.Hour)
		if d, _ := c.Verify(context.Background(), bearer("x"), client); !d.Allowed {
			t.Errorf("%+v", d)
		}
		fx.settle(c) // revalidation, which brings a denial
		fx.expect(c, bearer("x"), verifier.Invalid, 0)
		fx.advance(time.Minute)
		fx.expect(c, bearer("x"), verifier.Invalid, 1) // the login was dropped
	})

	t.Run("a token that is barred or forgotten is denied at once", func(t *testing.T) {
		fx := newFixture(t)
		seen := fx.loginsOf("panel")
		c, other := fx.trusting(seen, "", usual()), fx.cache(usual())
		fx.expect(c, bearer("refresh"), "", 1)
		seen.Bar("refresh", "x")
		fx.expect(c, bearer("refresh"), verifier.Invalid, 0)
		seen.Add("x")
		fx.expect(c, bearer("x"), "", 0)
		seen.Forget("x")
		fx.respond(deny(verifier.Invalid))
		fx.expect(c, bearer("x"), verifier.Invalid, 1)
		fx.expect(other, bearer("refresh"), verifier.Invalid, 1) // it trusts no logins
	})
}

func TestLoginsScope(t *testing.T) {
	t.Run("a new epoch forgets the logins before it", func(t *testing.T) {
		fx, seen := newLoginsFixture(t)
		first := fx.trusting(seen, "1", usual())
		seen.Add("x")
		fx.expect(first, bearer("x"), "", 0)
		second := fx.trusting(seen, "2", usual())
		fx.expect(second, bearer("x"), verifier.Invalid, 1)
		seen.Add("y")
		fx.expect(second, bearer("y"), "", 0)
	})

	t.Run("logins of another secret are not trusted", func(t *testing.T) {
		fx, seen := newLoginsFixture(t)
		c := fx.trusting(seen, "", usual())
		fx.loginsOf("another secret").Add("x")
		fx.expect(c, bearer("x"), verifier.Invalid, 1)
	})

	t.Run("idle ones are dropped, by the time that has passed", func(t *testing.T) {
		fx := newFixture(t)
		fx.loginsOf("panel").Bar("refresh", "")
		fx.setClock(31 * 24 * time.Hour)
		fx.registry.LoginsOf("api", "https://other", "panel")
		if len(fx.registry.tokens) != 2 || fx.loginsOf("panel").BarredSince("refresh") == 0 {
			t.Errorf("%d upstreams are held; a clock that runs ahead lost what was barred", len(fx.registry.tokens))
		}
		fx.advance(721 * time.Hour)
		fx.registry.LoginsOf("api", "https://third", "panel")
		if len(fx.registry.tokens) != 1 {
			t.Errorf("%d upstreams are held", len(fx.registry.tokens))
		}
	})

	t.Run("those that a route uses are held", func(t *testing.T) {
		fx := newFixture(t)
		seen := fx.loginsOf("panel")
		fx.trusting(seen, "", usual())
		fx.advance(721 * time.Hour)
		fx.registry.LoginsOf("api", "https://other", "panel")
		if fx.loginsOf("panel") != seen {
			t.Error("they are others now")
		}
	})
}

// A denial that was asked for before a login, and lands after it.
func TestSupersede(t *testing.T) {
	start := func(answer verifies) (fx *fixture, seen *logins.Logins, c *Cache, call *held) {
		fx = newFixture(t)
		seen = fx.loginsOf("panel")
		c = fx.trusting(seen, "", usual())
		call = holdCalls(fx, answer)
		call.verify(context.Background(), c, 1)
		<-call.arrived
		return fx, seen, c, call
	}

	t.Run("it is for those who waited, and is not remembered", func(t *testing.T) {
		fx, seen, c, call := start(deny(verifier.Invalid))
		seen.Add("x")
		fx.expect(c, bearer("x"), "", 0) // by a flight of its own
		call.release()
		call.callers.Wait()
		fx.settle(c)
		fx.expect(c, bearer("x"), "", 0)
		if seen.Find("x") == nil || call.allowed.Load() != 0 || len(c.scope.superseded) != 0 {
			t.Errorf("the login is lost, or %d were allowed by the denial, or %d flights are held", call.allowed.Load(), len(c.scope.superseded))
		}
	})

	t.Run("an allow counts all the same, from the login on", func(t *testing.T) {
		fx, seen, c, call := start(allow)
		seen.Add("x")
		fx.advance(time.Hour)
		call.release()
		call.callers.Wait()
		d := fx.expect(c, bearer("x"), "", 0)
		if call.allowed.Load() != 1 || !d.Expires.Equal(fx.Now().Add(9*time.Hour)) {
			t.Errorf("%d allowed, until %s", call.allowed.Load(), d.Expires)
		}
	})

	t.Run("an allow is void after a logout", func(t *testing.T) {
		fx, seen, c, call := start(allow)
		seen.Add("x")
		seen.Forget("x")
		call.release()
		call.callers.Wait()
		fx.respond(deny(verifier.Invalid))
		fx.expect(c, bearer("x"), verifier.Invalid, 1)
		if call.allowed.Load() != 0 {
			t.Error("it is allowed")
		}
	})

	t.Run("an allow is void after a later denial", func(t *testing.T) {
		fx := newFixture(t)
		seen := fx.loginsOf("panel")
		c := fx.asking("scope", seen, usual())
		call := holdCalls(fx, allow)
		call.verify(context.Background(), c, 1)
		<-call.arrived
		seen.Add("x")
		fx.respond(deny(verifier.Invalid))
		fx.expect(c, bearer("x"), verifier.Invalid, 1)
		call.release()
		call.callers.Wait()
		fx.expect(c, bearer("x"), verifier.Invalid, 0)
		if call.allowed.Load() != 0 {
			t.Error("it is allowed")
		}
	})
}
