package cache

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

func TestRateLimit(t *testing.T) {
	t.Run("it holds for the credential alone", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(usual())
		fx.respond(rateLimit(7 * time.Second))
		fx.expect(c, bearer("x"), verifier.Throttled, 1)
		fx.advance(5 * time.Second)
		if d := fx.expect(c, bearer("x"), verifier.Throttled, 0); d.Denial.RetryAfter != 2*time.Second {
			t.Errorf("wait %s, want the rest", d.Denial.RetryAfter)
		}
		fx.respond(allow)
		fx.expect(c, bearer("y"), "", 1)
		fx.advance(2*time.Second - 1)
		fx.expect(c, bearer("x"), verifier.Throttled, 0)
		fx.advance(1)
		fx.expect(c, bearer("x"), "", 1)
	})

	t.Run("it holds for the application key where that has the quota", func(t *testing.T) {
		fx := newFixture(t)
		c, _ := fx.join(context.Background(), "scope", "key", usual(), true)
		account := func(key, user string) verifier.Credential {
			return verifier.Credential{Kind: verifier.ApplicationKey, Token: key, User: user, Password: "p"}
		}
		fx.expect(c, account("k", "allowed before"), "", 1)
		fx.respond(rateLimit(time.Minute))
		fx.expect(c, account("k", "one"), verifier.Throttled, 1)
		fx.expect(c, account("k", "two"), verifier.Throttled, 0)
		fx.expect(c, account("k", "allowed before"), "", 0)
		fx.respond(allow)
		fx.expect(c, account("l", "one"), "", 1)
		fx.advance(time.Minute)
		fx.expect(c, account("k", "two"), "", 1)
	})

	// Basic credentials are checked with one application key, the operator's.
	t.Run("it holds for all accounts under the operator's key", func(t *testing.T) {
		fx := newFixture(t)
		c, _ := fx.join(context.Background(), "scope", "key", usual(), true)
		fx.respond(rateLimit(time.Minute))
		fx.expect(c, verifier.Credential{Kind: verifier.Basic, User: "u", Password: "p"}, verifier.Throttled, 1)
		fx.expect(c, verifier.Credential{Kind: verifier.Basic, User: "v", Password: "q"}, verifier.Throttled, 0)
	})

	// Rate limits are bounded apart from denials: an attacker who fills those cannot
	// have the upstream called before it wants to be.
	t.Run("a flood of fake credentials does not end it", func(t *testing.T) {
		fx := newFixture(t)
		p := usual()
		p.NegativeSize = 5
		c, _ := fx.join(context.Background(), "scope", "key", p, true)
		fx.respond(rateLimit(time.Hour))
		fx.expect(c, bearer("x"), verifier.Throttled, 1)
		fx.respond(deny(verifier.Invalid))
		for i := 0; i < 100; i++ {
			fx.expect(c, bearer(fmt.Sprint("fake", i)), verifier.Invalid, 1)
		}
		fx.expect(c, bearer("x"), verifier.Throttled, 0)
		fx.respond(rateLimit(time.Hour))
		for i := 0; i < 100; i++ {
			fx.expect(c, bearer(fmt.Sprint("more", i)), verifier.Throttled, 1)
		}
		if got := c.scope.answers.limited.count(); got != 5 {
			t.Errorf("%d rate limits are held, want 5", got)
		}
	})
}
