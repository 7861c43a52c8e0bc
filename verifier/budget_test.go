package verifier

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

// budgetFixture is a budget, and the limit of the route that asks.
type budgetFixture struct {
	*fixture
	budget *Budget
	limit  Rate
}

func newBudgetFixture(t *testing.T, kind Kind, calls int) *budgetFixture {
	f := &budgetFixture{fixture: newFixture(t, allow), limit: Rate{calls, time.Hour}}
	f.budget = NewBudget(verifierFunc(f.upstream), kind == ApplicationKey, kind != ApplicationKey, f.clock.Now, f.log.report)
	return f
}

// verify expects a call about a credential; or, where wait is not zero, a denial for
// that time.
func (f *budgetFixture) verify(c Credential, wait time.Duration) {
	f.t.Helper()
	c.Budget = f.limit
	f.expectCall(f.budget, c, Throttled, wait)
}

// spend makes that many calls, each about another credential of a client.
func (f *budgetFixture) spend(client string, calls int) {
	f.t.Helper()
	for i := 0; i < calls; i++ {
		f.verify(Credential{Kind: Basic, User: fmt.Sprint(client, i), Client: client}, 0)
	}
}

func TestBudget(t *testing.T) {
	t.Run("a call counts whatever its result", func(t *testing.T) {
		for name, response := range map[string]verifierFunc{"a denial": deny, "an error": unavailable, "an allowing answer": allow} {
			t.Run(name, func(t *testing.T) {
				f := newBudgetFixture(t, ApplicationKey, 2)
				key := Credential{Token: "k"}
				f.respond(response)
				f.verify(key, 0)
				f.verify(key, 0)
				f.verify(key, time.Hour)
			})
		}
		t.Run("a panic", func(t *testing.T) {
			f := newBudgetFixture(t, ApplicationKey, 1)
			key := Credential{Token: "k"}
			f.expectPanic(f.budget, Credential{Token: "k", Budget: f.limit})
			f.verify(key, time.Hour)
		})
	})

	t.Run("calls under one key do not spend another key's budget", func(t *testing.T) {
		f := newBudgetFixture(t, ApplicationKey, 2)
		for _, key := range []Credential{{Token: "one"}, {Token: "another"}} {
			f.verify(key, 0)
			f.verify(key, 0)
			f.verify(key, time.Hour)
		}
	})

	t.Run("a spent budget is reported once in a period", func(t *testing.T) {
		f := newBudgetFixture(t, Basic, 1)
		account := Credential{User: "u"}
		f.verify(account, 0)
		f.log.expect(t)
		f.verify(account, time.Hour)
		f.verify(account, time.Hour)
		f.log.expect(t, "error budget spent: 1 calls in 1h")
		f.clock.move(time.Hour)
		f.verify(account, 0)
		f.verify(account, time.Hour)
		f.log.expect(t, "error budget spent")
	})
}

func TestBudgetLimit(t *testing.T) {
	key := Credential{Kind: ApplicationKey, Token: "k"}

	t.Run("the zero rate is no limit", func(t *testing.T) {
		f := newBudgetFixture(t, Basic, 0)
		for range [100]int{} {
			f.verify(Credential{User: "u"}, 0)
		}
	})

	t.Run("routes share the count, and each obeys its own limit", func(t *testing.T) {
		f := newBudgetFixture(t, ApplicationKey, 100)
		f.verify(key, 0)
		f.verify(key, 0)
		f.limit = Rate{2, time.Hour}
		f.verify(key, time.Hour)
		f.limit = Rate{100, time.Hour}
		f.verify(key, 0)
		f.limit = Rate{}
		f.verify(key, 0)
		f.limit = Rate{4, time.Hour}
		f.verify(key, time.Hour)
		f.limit = Rate{5, time.Hour}
		f.verify(key, 0)
		f.verify(key, time.Hour)
	})

	t.Run("calls count in the periods of all routes", func(t *testing.T) {
		f := newBudgetFixture(t, ApplicationKey, 100)
		f.verify(key, 0)
		f.limit = Rate{2, time.Minute}
		f.verify(key, 0) // this period is in use from now on
		f.limit = Rate{100, time.Hour}
		f.verify(key, 0)
		f.limit = Rate{2, time.Minute}
		f.verify(key, time.Minute)
		f.clock.move(time.Minute)
		f.verify(key, 0)
		f.limit = Rate{4, time.Hour}
		f.verify(key, 59*time.Minute)
		f.limit = Rate{1, 720 * time.Hour} // shuts its own route, and no other one
		f.verify(key, 0)
		f.verify(key, 720*time.Hour)
		f.limit = Rate{100, time.Hour}
		f.verify(key, 0)
	})

	t.Run("periods are bounded in number, and one in use stays", func(t *testing.T) {
		f := newBudgetFixture(t, ApplicationKey, 3)
		for i := range [100]int{} {
			f.limit = Rate{100, time.Duration(i+1) * time.Second}
			f.verify(Credential{Token: "other"}, 0)
			f.clock.move(time.Millisecond)
			if i%30 == 0 {
				f.limit = Rate{4, time.Hour}
				f.verify(key, 0)
			}
		}
		if n := len(f.budget.ledger.counts); n > maxPeriods {
			t.Errorf("%d periods", n)
		}
		f.limit = Rate{4, time.Hour}
		f.verify(key, time.Hour-99*time.Millisecond)
	})

	t.Run("a caller whose time is over spends nothing", func(t *testing.T) {
		f := newBudgetFixture(t, ApplicationKey, 1)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if d, err := f.budget.Verify(ctx, Credential{Token: "k", Budget: f.limit}); !errors.Is(err, ErrNotAsked) || d.Allowed {
			t.Errorf("%+v (%v)", d, err)
		}
		f.verify(key, 0)
	})

	t.Run("the period begins with the first call, and a denial says how much of it is left", func(t *testing.T) {
		f := newBudgetFixture(t, ApplicationKey, 3)
		f.clock.move(17 * time.Minute) // without a call, no period begins
		f.verify(key, 0)
		f.clock.move(10 * time.Minute)
		f.verify(key, 0)
		f.verify(key, 0)
		f.verify(key, 50*time.Minute)
		f.clock.move(50*time.Minute - time.Second)
		f.verify(key, time.Second)
		f.clock.move(time.Second)
		f.verify(key, 0)
		f.clock.move(time.Minute)
		f.verify(key, 0)
		f.verify(key, 0)
		f.verify(key, 59*time.Minute)
	})

	t.Run("after a clock is set back no client waits for more than a period", func(t *testing.T) {
		f := newBudgetFixture(t, ApplicationKey, 1)
		f.verify(key, 0)
		f.clock.move(-24 * time.Hour)
		f.verify(key, time.Hour)
		f.clock.move(time.Hour)
		f.verify(key, 0)
	})
}

func TestBudgetByCredential(t *testing.T) {
	f := newBudgetFixture(t, ApplicationKey, 2)
	f.budget.ByCredential()

	t.Run("who guesses at an account's password spends nothing of its owner's budget", func(t *testing.T) {
		for i := 0; i < 5; i++ {
			f.verify(Credential{Kind: Basic, User: "ann", Password: fmt.Sprint(i)}, 0)
		}
		f.verify(Credential{Kind: Basic, User: "ann", Password: "right"}, 0)
		f.verify(Credential{Kind: Basic, User: "ann", Password: "right"}, 0)
		f.verify(Credential{Kind: Basic, User: "ann", Password: "right"}, time.Hour)
	})

	t.Run("parts of a credential are told apart", func(t *testing.T) {
		f.verify(Credential{Token: "a", User: "bc"}, 0)
		f.verify(Credential{Token: "a", User: "bc"}, 0)
		f.verify(Credential{Token: "ab", User: "c"}, 0)
		f.verify(Credential{Token: "a", User: "bc"}, time.Hour)
	})

	t.Run("what of the request is sent beside it gives it no further budget", func(t *testing.T) {
		for i := 0; i < 2; i++ {
			f.verify(Credential{Token: "k", Parts: JoinParts([]string{fmt.Sprint(i)})}, 0)
		}
		f.verify(Credential{Token: "k", Parts: JoinParts([]string{"3"})}, time.Hour)
	})
}
