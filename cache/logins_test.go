package cache

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// newLoginsFixture returns a fixture whose upstream denies everything, and logins.
func newLoginsFixture(t *testing.T) (*fixture, *Logins) {
	fx := newFixture(t)
	fx.respond(deny(verifier.Invalid))
	return fx, fx.registry.loginsNamed("panel")
}

// trusting joins an instance that trusts logins, and asks the upstream about other
// credentials.
func (fx *fixture) trusting(logins *Logins, epoch string, p Policy) *Cache {
	i := Instance{Context: context.Background(), Epoch: epoch, RenderKey: "key", Policy: p, Report: func(string, string, string) {}, Logins: logins}
	c, _ := fx.registry.Join("upstream", i, false, func(func() verifier.Rate, verifier.Report) verifier.Verifier {
		return verifies(func(ctx context.Context, c verifier.Credential) (verifier.Decision, error) {
			if !c.Issued.IsZero() {
				return verifier.Decision{Allowed: true, Issued: c.Issued}, nil
			}
			return fx.ask(ctx, c)
		})
	})
	return c
}

func TestLogins(t *testing.T) {
	t.Run("a token is allowed from its issue for its lifetime", func(t *testing.T) {
		fx, logins := newLoginsFixture(t)
		c := fx.trusting(logins, "", usual())
		logins.Add("x")
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
		fx, logins := newLoginsFixture(t)
		p := usual()
		p.Revalidate = time.Hour
		c := fx.trusting(logins, "", p)
		fx.expect(c, bearer("x"), verifier.Invalid, 1)
		fx.advance(time.Second)
		logins.Add("x")
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

	t.Run("a token that is blocked or forgotten is denied at once", func(t *testing.T) {
		fx := newFixture(t)
		logins := fx.registry.loginsNamed("panel")
		c, other := fx.trusting(logins, "", usual()), fx.cache(usual())
		fx.expect(c, bearer("refresh"), "", 1)
		logins.Block("refresh")
		fx.expect(c, bearer("refresh"), verifier.Invalid, 0)
		logins.Add("x")
		fx.expect(c, bearer("x"), "", 0)
		logins.Forget("x")
		fx.respond(deny(verifier.Invalid))
		fx.expect(c, bearer("x"), verifier.Invalid, 1)
		fx.expect(other, bearer("refresh"), verifier.Invalid, 1) // it trusts no logins
	})
}

func TestLoginsScope(t *testing.T) {
	t.Run("a new epoch forgets the logins before it", func(t *testing.T) {
		fx, logins := newLoginsFixture(t)
		first := fx.trusting(logins, "1", usual())
		logins.Add("x")
		fx.expect(first, bearer("x"), "", 0)
		fx.advance(time.Second)
		second := fx.trusting(logins, "2", usual())
		fx.expect(second, bearer("x"), verifier.Invalid, 1)
		logins.Add("y")
		fx.expect(second, bearer("y"), "", 0)
	})

	t.Run("logins of another secret are not trusted", func(t *testing.T) {
		fx, logins := newLoginsFixture(t)
		c := fx.trusting(logins, "", usual())
		fx.registry.loginsNamed("panel, another secret").Add("x")
		fx.expect(c, bearer("x"), verifier.Invalid, 1)
	})

	t.Run("their number is bounded, and idle ones are dropped", func(t *testing.T) {
		fx := newFixture(t)
		logins := fx.registry.loginsNamed("panel")
		for i := 0; i < 2*maxLogins; i++ {
			logins.Add(fmt.Sprint(i))
		}
		if logins.tokens.Len() != maxLogins || logins.find("0") != nil || logins.find(fmt.Sprint(2*maxLogins-1)) == nil {
			t.Errorf("%d are held", logins.tokens.Len())
		}
		fx.advance(loginsKept + 1)
		fx.registry.loginsNamed("other")
		if len(fx.registry.logins) != 1 {
			t.Errorf("%d are held", len(fx.registry.logins))
		}
	})
}
