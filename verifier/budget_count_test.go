package verifier

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestBudgetCounting(t *testing.T) {
	type asked struct {
		names []string
		limit Rate
	}
	counting := func(f *budgetFixture, wait *time.Duration, counted bool) *asked {
		a := &asked{}
		f.budget.Counting(func(name string, limit Rate) (time.Duration, bool) {
			a.names = append(a.names, name)
			a.limit = limit
			return *wait, counted
		})
		return a
	}

	t.Run("what the others have spent is spent, and costs nothing here", func(t *testing.T) {
		f := newBudgetFixture(t, ApplicationKey, 2)
		wait := 20 * time.Minute
		a := counting(f, &wait, true)
		key := Credential{Token: "k"}
		for i := 0; i < 5; i++ {
			f.verify(key, 20*time.Minute)
		}
		wait = 0 // their window has ended
		f.verify(key, 0)
		f.verify(key, 0)
		f.verify(key, time.Hour) // the own one is spent: nobody is asked
		if got := strings.Join(a.names, " "); got != "k k k k k k k" || a.limit != f.limit {
			t.Errorf("asked for %q under %v", got, a.limit)
		}
	})

	t.Run("where nothing is known of others, the own count holds", func(t *testing.T) {
		f := newBudgetFixture(t, ApplicationKey, 1)
		wait := time.Hour
		counting(f, &wait, false)
		f.verify(Credential{Token: "k"}, 0)
		f.verify(Credential{Token: "k"}, time.Hour)
	})

	t.Run("a call that the others had no room for takes none back that was made in a window that began while they were asked", func(t *testing.T) {
		f := newBudgetFixture(t, ApplicationKey, 2)
		key := Credential{Token: "k", Budget: f.limit}
		asked := 0
		f.budget.Counting(func(string, Rate) (time.Duration, bool) {
			asked++
			if asked > 1 {
				return 0, true
			}
			f.clock.move(time.Hour) // the memory answers late, and another call is made meanwhile
			if d, err := f.budget.Verify(callContext(t), key); !d.Allowed || err != nil {
				t.Errorf("%+v (%v)", d, err)
			}
			return time.Minute, true
		})
		if d, _ := f.budget.Verify(callContext(t), key); d.Denial.Reason != Throttled || d.Denial.RetryAfter != time.Minute {
			t.Errorf("%+v", d)
		}
		f.verify(key, 0)
		f.verify(key, time.Hour)
	})

	t.Run("a call without a limit is not counted", func(t *testing.T) {
		f := newBudgetFixture(t, Basic, 0)
		wait := time.Hour
		a := counting(f, &wait, true)
		f.verify(Credential{User: "u"}, 0)
		if len(a.names) != 0 {
			t.Errorf("%q", a.names)
		}
	})

	t.Run("a call that the others have no room for charges no client", func(t *testing.T) {
		f := newBudgetFixture(t, Basic, 100)
		wait := time.Minute
		counting(f, &wait, true)
		for i := 0; i < 30; i++ {
			f.verify(Credential{Kind: Basic, User: "u", Client: "c"}, time.Minute)
		}
		wait = 0
		f.verify(Credential{Kind: Basic, User: "u", Client: "c"}, 0)
	})
}

func TestBudgetFlood(t *testing.T) {
	t.Run("a flood of made-up keys gives no client back what it was refused under a key in use", func(t *testing.T) {
		f := newBudgetFixture(t, ApplicationKey, 8)
		f.budget = NewBudget(verifierFunc(f.upstream), true, true, f.clock.Now, f.log.report)
		f.verify(Credential{Token: "in use", User: "student", Client: "another"}, 0)
		f.respond(deny)
		f.verify(Credential{Token: "in use", User: "a", Client: "guesser"}, 0)
		for i := range [maxWindows + 1]int{} {
			_, _ = f.budget.Verify(context.Background(), Credential{Token: fmt.Sprint("fake", i), User: "a", Client: "guesser", Budget: f.limit})
		}
		f.verify(Credential{Token: "in use", User: "b", Client: "guesser"}, 0)
		f.verify(Credential{Token: "in use", User: "c", Client: "guesser"}, 0)
		f.verify(Credential{Token: "in use", User: "d", Client: "guesser"}, time.Hour)
	})
}
