package cache

import (
	"context"
	"encoding/base64"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// A token that a logout bars: in all scopes of its upstream.
func TestBar(t *testing.T) {
	t.Run("it is denied without a call, whatever the upstream says", func(t *testing.T) {
		fx := newFixture(t)
		c, other := fx.asking("one", nil, usual()), fx.asking("two", fx.loginsOf("secret"), usual())
		fx.expect(c, bearer("x"), "", 1)
		fx.expect(other, bearer("x"), "", 1)
		if !c.Bar(bearer("x")) || c.Bar(bearer("x")) || other.Bar(bearer("x")) {
			t.Error("the first logout is not told from the others")
		}
		third := fx.asking("three", nil, usual()) // made after it
		for _, scope := range []*Cache{c, other, third} {
			fx.expect(scope, bearer("x"), verifier.Invalid, 0)
			fx.expect(scope, bearer("y"), "", 1)
		}
		fx.advance(720 * time.Hour)
		fx.expect(c, bearer("x"), "", 1) // it named no end, and this is the longest lifetime
	})

	t.Run("a flight that is under way allows nobody", func(t *testing.T) {
		fx := newFixture(t)
		c, other := fx.asking("one", nil, usual()), fx.asking("two", fx.loginsOf("secret"), usual())
		call := holdCalls(fx, allow)
		call.verify(context.Background(), other, 3)
		<-call.arrived
		c.Bar(bearer("x"))
		call.release()
		call.callers.Wait()
		if call.allowed.Load() != 0 {
			t.Errorf("%d were allowed", call.allowed.Load())
		}
		fx.expect(other, bearer("x"), verifier.Invalid, 0)
	})

	t.Run("what was prebuilt is gone", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.asking("one", nil, usual())
		fx.prebuild(c, c.fastPath, bearer("x"), "Bearer x")
		c.Bar(bearer("x"))
		if len(c.fastPath.Answers) != 0 {
			t.Error("it is still prebuilt")
		}
	})

	t.Run("a token that says the same under another signature is not on the hit path any more", func(t *testing.T) {
		part := base64.RawURLEncoding.EncodeToString
		for algorithm, gone := range map[string]bool{"ES256": true, "EdDSA": true, "RS256": false, "HS512": false} {
			fx := newFixture(t)
			c := fx.asking("one", nil, usual())
			signed := part([]byte(`{"alg":"`+algorithm+`","typ":"JWT"}`)) + "." + part([]byte(`{"sub":"x"}`)) + "."
			fx.prebuild(c, c.fastPath, bearer(signed+"AAAA"), "Bearer one")
			fx.prebuild(c, c.fastPath, bearer(signed+"BBBB"), "Bearer two")
			c.Bar(bearer(signed + "AAAA"))
			if left := len(c.fastPath.Answers); (left == 0) != gone {
				t.Errorf("%s: %d are prebuilt", algorithm, left)
			}
			fx.expect(c, bearer(signed+"BBBB"), verifier.Invalid, 0)
		}
	})

	t.Run("nothing is prebuilt of an answer that was given before", func(t *testing.T) {
		part := base64.RawURLEncoding.EncodeToString
		fx := newFixture(t)
		c := fx.asking("one", nil, usual())
		signed := part([]byte(`{"alg":"ES256"}`)) + "." + part([]byte(`{"sub":"x"}`)) + "."
		d := fx.expect(c, bearer(signed+"BBBB"), "", 1)
		c.Bar(bearer(signed + "AAAA"))
		c.Prebuild(bearer(signed+"BBBB"), d, c.fastPath.Line("Bearer two"), &Prebuilt{})
		if left := len(c.fastPath.Answers); left != 0 {
			t.Errorf("%d are prebuilt", left)
		}
	})

	t.Run("a later login that issues it ends that, for those who trust the login", func(t *testing.T) {
		fx := newFixture(t)
		seen := fx.loginsOf("secret")
		c, trusting := fx.asking("one", nil, usual()), fx.asking("two", seen, usual())
		seen.Add("x")
		c.Bar(bearer("x"))
		fx.expect(trusting, bearer("x"), verifier.Invalid, 0)
		seen.Add("x")
		fx.expect(trusting, bearer("x"), "", 1)
		fx.expect(c, bearer("x"), verifier.Invalid, 0)
		if !trusting.Bar(bearer("x")) {
			t.Error("the next logout counts as one more of the same session")
		}
		fx.expect(trusting, bearer("x"), verifier.Invalid, 0)
	})

	t.Run("another address is not concerned", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.asking("one", nil, usual())
		fx.registry.BarredOf("api", "https://other").Bar("x")
		fx.expect(c, bearer("x"), "", 1)
	})
}
