package cache

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

func TestMembersSizes(t *testing.T) {
	t.Run("the largest size of the live instances holds", func(t *testing.T) {
		fx := newFixture(t)
		small, large := usual(), usual()
		small.Size, small.NegativeSize = 2, 3
		large.Size, large.NegativeSize = 5, 2
		old, cancel := context.WithCancel(context.Background())
		c, _ := fx.join(old, "scope", "key", large, false)
		fill := func(want int) {
			t.Helper()
			for i := 0; i < 10; i++ {
				_, _ = c.Verify(context.Background(), bearer(fmt.Sprint(i)), client)
			}
			if got := c.scope.answers.allowed.count(); got != want {
				t.Errorf("%d are held, want %d", got, want)
			}
		}
		fill(5)
		ctx, stop := reload(cancel)
		defer stop()
		fx.join(ctx, "scope", "key", small, false)
		if c.scope.members.negativeSize != 3 {
			t.Errorf("space for %d denials, want 3", c.scope.members.negativeSize)
		}
		fill(5) // the larger one left less than the grace ago
		fx.advance(grace)
		fill(2)
		fx.join(ctx, "scope", "key", large, false)
		fill(5)
	})
}

func TestShrink(t *testing.T) {
	t.Run("what is beyond a smaller size goes a few at a time", func(t *testing.T) {
		s := newStore(1000, 10)
		for i := 0; i < 1000; i++ {
			s.allow([32]byte{byte(i), byte(i >> 8)}, verifier.Decision{Allowed: true}, time.Now())
		}
		s.resize(100, 10)
		if got := s.allowed.count(); got != 1000 {
			t.Errorf("%d are left at once, want 1000", got)
		}
		turns := 0
		for !s.trim(maxTrimmed) {
			turns++
			if got := s.allowed.count(); got != 1000-turns*maxTrimmed {
				t.Fatalf("%d are left after %d turns", got, turns)
			}
		}
		if s.allowed.count() != 100 || s.allowed.items[[32]byte{999 & 0xff, 999 >> 8}] == nil {
			t.Errorf("%d are left, or not the ones used last", s.allowed.count())
		}
	})

	t.Run("each new answer makes room for some", func(t *testing.T) {
		s := newStore(100, 10)
		for i := 0; i < 200; i++ {
			if i == 50 {
				s.resize(10, 10)
			}
			s.allow([32]byte{byte(i)}, verifier.Decision{Allowed: true}, time.Now())
		}
		if got := s.allowed.count(); got != 10 {
			t.Errorf("%d are left, want 10", got)
		}
	})

	t.Run("a reload drops what the old size held", func(t *testing.T) {
		fx := newFixture(t)
		large, small := usual(), usual()
		large.Size = 1000
		old, leave := context.WithCancel(context.Background())
		c, _ := fx.join(old, "scope", "key", large, false)
		for i := 0; i < 1000; i++ {
			_, _ = c.Verify(context.Background(), bearer(fmt.Sprint(i)), client)
		}
		leave()
		fx.join(context.Background(), "scope", "key", small, false)
		fx.advance(grace)
		fx.join(context.Background(), "scope", "key", small, false)
		if got := c.scope.answers.allowed.count(); got != 100 {
			t.Errorf("%d are left, want 100", got)
		}
	})
}
