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

func TestMembersBudget(t *testing.T) {
	gone, leave := context.WithCancel(context.Background())
	leave()
	rate := func(calls int) verifier.Rate { return verifier.Rate{Calls: calls, Period: time.Minute} }
	member := func(ctx context.Context, calls int) Instance {
		return Instance{Context: ctx, Policy: Policy{Budget: rate(calls)}}
	}
	live := context.Background()
	for _, c := range []struct {
		name  string
		joins []Instance
		want  int // calls a minute; 0: no limit
	}{
		{"without a budget there is no limit", []Instance{member(live, 0)}, 0},
		{"the smallest holds", []Instance{member(live, 30), member(live, 20), member(live, 40)}, 20},
		{"an instance without one changes nothing", []Instance{member(live, 30), member(live, 0)}, 30},
		{"an instance that has ended does not count", []Instance{member(gone, 10), member(live, 30)}, 30},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMembers(usual())
			for _, i := range c.joins {
				m.add(i)
			}
			if m.budget.Calls != c.want {
				t.Errorf("%d calls a minute, want %d", m.budget.Calls, c.want)
			}
		})
	}
}
