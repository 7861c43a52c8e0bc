package cache

import (
	"context"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

func TestEpoch(t *testing.T) {
	t.Run("a flight of one that is over allows no caller and is not remembered", func(t *testing.T) {
		fx := newFixture(t)
		ctx, replace := context.WithCancel(context.Background())
		old := fx.joinEpoch(ctx, "1")
		finish := fx.startHeld(old)
		replace()
		next := fx.joinEpoch(context.Background(), "2")
		d, err := finish()
		expectCancelled(t, d, err)
		fx.respond(deny(verifier.Invalid))
		fx.expect(old, bearer("x"), verifier.Invalid, 1)
		fx.expect(next, bearer("x"), verifier.Invalid, 1)
	})

	t.Run("one whose instance lives is not over", func(t *testing.T) {
		fx := newFixture(t)
		one := fx.joinEpoch(context.Background(), "1")
		finish := fx.startHeld(one)
		fx.joinEpoch(context.Background(), "2")
		if d, err := finish(); !d.Allowed || err != nil {
			t.Errorf("%+v (%v)", d, err)
		}
	})

	// While Traefik makes all instances anew, one of the other epoch may join first.
	t.Run("a reload of two loses nothing", func(t *testing.T) {
		fx := newFixture(t)
		ctx, replace := context.WithCancel(context.Background())
		one := fx.joinEpoch(ctx, "1")
		fx.joinEpoch(ctx, "2")
		fx.expect(one, bearer("remembered"), "", 1)
		finish := fx.startHeld(one)
		replace()
		fx.joinEpoch(context.Background(), "2")
		fx.advance(time.Second)
		one = fx.joinEpoch(context.Background(), "1")
		if d, err := finish(); !d.Allowed || err != nil {
			t.Errorf("%+v (%v)", d, err)
		}
		fx.expect(one, bearer("remembered"), "", 0)
		fx.expect(one, bearer("x"), "", 0)
	})

	t.Run("an instance that comes back to an old one finds it empty", func(t *testing.T) {
		fx := newFixture(t)
		ctx, replace := context.WithCancel(context.Background())
		fx.expect(fx.joinEpoch(ctx, "1"), bearer("x"), "", 1)
		replace()
		ctx, replace = context.WithCancel(context.Background())
		fx.joinEpoch(ctx, "2")
		fx.advance(time.Minute)
		replace()
		fx.expect(fx.joinEpoch(context.Background(), "1"), bearer("x"), "", 1)
	})
}
