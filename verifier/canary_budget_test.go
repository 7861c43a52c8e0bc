package verifier

import (
	"context"
	"fmt"
	"testing"
	"time"
)

func TestCanaryBudget(t *testing.T) {
	t.Run("where a budget has few calls, credentials are allowed all the same, and never more of them", func(t *testing.T) {
		for limit, want := range map[int][]int{1: {0, 1, 1}, 2: {1, 2, 2}, 3: {2, 3, 3}, 4: {2, 3, 3}} {
			f := newFixture(t, func(ctx context.Context, c Credential) (Decision, error) {
				if c.Token == "made up" {
					return deny(ctx, c)
				}
				return allow(ctx, c)
			})
			budget := NewBudget(verifierFunc(f.upstream), false, true, f.clock.Now, f.log.report)
			fake := Fake{Make: func([]byte, time.Time) Credential { return Credential{Token: "made up"} }}
			canary := NewCanary(budget, fake, f.clock.Now, f.log.report)
			for window, most := range want {
				allowed := 0
				for i := range [5]int{} {
					c := Credential{User: fmt.Sprint(window, i), Client: fmt.Sprint("client", i), Budget: Rate{limit, time.Minute}}
					if d, _, err := f.verify(canary, c); d.Allowed && err == nil {
						allowed++
					}
				}
				if allowed != most {
					t.Errorf("%d a minute: %d were allowed in window %d, want %d", limit, allowed, window, most)
				}
				f.clock.move(time.Minute)
			}
		}
	})
}
