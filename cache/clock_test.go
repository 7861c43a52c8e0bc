package cache

import (
	"testing"
	"time"
)

// The wall clock is ahead when the upstream is asked, and set right afterwards.
func TestClockAhead(t *testing.T) {
	t.Run("an entry is no younger than it is", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(usual())
		fx.setClock(50 * time.Hour)
		fx.expect(c, bearer("x"), "", 1)
		fx.setClock(-50 * time.Hour)
		fx.advance(51 * time.Hour) // it seems to be an hour old
		fx.expect(c, bearer("x"), "", 1)
	})

	t.Run("what was prebuilt then is dropped", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(usual())
		fx.setClock(50 * time.Hour)
		fx.prebuild(c, c.fastPath, bearer("x"), "Bearer x")
		fx.expect(c, bearer("y"), "", 1)
		fx.setClock(-50 * time.Hour)
		fx.expect(c, bearer("y"), "", 1) // any request that is no hit
		if len(c.fastPath.Answers) != 0 {
			t.Error("it would be used in fifty hours")
		}
		fx.prebuild(c, c.fastPath, bearer("z"), "Bearer z")
		fx.expect(c, bearer("y"), "", 0)
		if len(c.fastPath.Answers) != 1 {
			t.Error("what is prebuilt since is dropped, too")
		}
	})
}
