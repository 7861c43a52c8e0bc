package cache

import (
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

func TestCacheExplain(t *testing.T) {
	fx := newFixture(t)
	p := usual()
	p.Revalidate = 2 * time.Hour
	c := fx.cache(p)
	expect := func(what, why string) {
		t.Helper()
		if got := c.Explain(bearer("x")); !strings.Contains(got, why) {
			t.Errorf("%s: %q, want %q", what, got, why)
		}
	}
	expect("a new credential", "nothing is remembered")
	fx.expect(c, bearer("x"), "", 1)
	expect("an allowed one", "remembered for 10h0m0s more")
	fx.advance(time.Hour)
	expect("an allowed one, later", "remembered for 9h0m0s more")
	fx.advance(time.Hour)
	expect("one that is due", "due for revalidation, and remembered for 8h0m0s more")
	fx.advance(9 * time.Hour)
	expect("one whose time is over", "its time is over")
	fx.advance(-12 * time.Hour)
	expect("one from the future", "from the future")
	fx.advance(24 * time.Hour)
	fx.respond(deny(verifier.Invalid))
	fx.expect(c, bearer("x"), verifier.Invalid, 1)
	expect("a denied one", "remembered for 30s more")
	fx.advance(30 * time.Second)
	expect("one whose denial is over", "no longer remembered")
}
