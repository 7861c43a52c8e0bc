package cache

import (
	"fmt"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

func TestSweepWalk(t *testing.T) {
	// account is the parts of one user's credentials, each an answer of its own.
	account := func(n int) verifier.Credential {
		return verifier.Credential{Kind: verifier.Bearer, Token: "ali", Parts: fmt.Sprint(n)}
	}
	t.Run("what stays between two steps is met, whatever comes and goes meanwhile", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.kind(verifier.Bearer, "a")
		c.scope.answers.resize(10000, 10000)
		const size = 5*maxSwept + 7
		for i := 0; i < size; i++ {
			fx.expect(c, account(i), "", 1)
			fx.expect(c, bearer(fmt.Sprint("sara", i)), "", 1)
		}
		w := sweep{account: "ali"}
		walk := c.scope.beginSweep(w)
		count := 0
		for turn := 0; ; turn++ {
			some, more := c.scope.sweepSome(w, walk)
			count += some
			if !more {
				break
			}
			for i := 0; i < 60; i++ { // the map grows
				fx.expect(c, bearer(fmt.Sprint("new", turn, "-", i)), "", 1)
			}
			c.scope.forgetOne(c.scope.keys.of(bearer(fmt.Sprint("sara", turn))))
			c.scope.answers.entry(c.scope.keys.of(account(turn % size))) // to the front, if it is there still
			if turn > 500 {
				t.Fatal("no end")
			}
		}
		fx.respond(deny(verifier.Invalid))
		for i := 0; i < size; i++ {
			fx.expect(c, account(i), verifier.Invalid, 1)
		}
		if count != size {
			t.Errorf("%d answers were forgotten, of %d", count, size)
		}
		fx.expect(c, bearer(fmt.Sprint("sara", size-1)), "", 0)
	})
	t.Run("all of an API goes at once, but for its bounds, its counts and its rate limits", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.kind(verifier.Bearer, "a")
		c.scope.answers.resize(3, 4)
		for i := 0; i < 5; i++ {
			fx.expect(c, bearer(fmt.Sprint(i)), "", 1)
		}
		fx.respond(deny(verifier.Invalid))
		fx.expect(c, bearer("denied"), verifier.Invalid, 1)
		fx.respond(rateLimit(time.Minute))
		fx.expect(c, bearer("limited"), verifier.Throttled, 1)
		last := c.scope.answers.last
		if got := fx.registry.Forget("api", "a", ""); got != 4 {
			t.Errorf("%d answers were forgotten, want 4", got)
		}
		fx.expect(c, bearer("limited"), verifier.Throttled, 0)
		s := c.scope.answers
		if s.allowed.state().Evicted != 2 || s.allowed.size != 3 || s.denied.size != 4 || s.last != last || len(s.allowed.items)+len(s.denied.items) > 0 {
			t.Errorf("%+v, %+v, last %d", s.allowed.state(), s.denied.state(), s.last)
		}
	})
}
