package verifier

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

// budgetFixture is a budget whose limit can be changed.
type budgetFixture struct {
	*fixture
	budget *Budget
	limit  Rate
}

func newBudgetFixture(t *testing.T, kind Kind, calls int) *budgetFixture {
	f := &budgetFixture{fixture: newFixture(t, allow), limit: Rate{calls, time.Hour}}
	f.budget = NewBudget(verifierFunc(f.upstream), kind == ApplicationKey, func() Rate { return f.limit }, f.clock.Now, f.log.report)
	return f
}

// verify expects a call about a credential; or, where wait is not zero, a denial for
// that time.
func (f *budgetFixture) verify(c Credential, wait time.Duration) {
	f.t.Helper()
	f.expectCall(f.budget, c, Throttled, wait)
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
			f.expectPanic(f.budget, key)
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

	t.Run("a smaller limit holds at once", func(t *testing.T) {
		f := newBudgetFixture(t, ApplicationKey, 100)
		f.verify(key, 0)
		f.verify(key, 0)
		f.limit = Rate{2, time.Minute}
		f.verify(key, time.Minute)
		f.clock.move(time.Minute)
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

func TestBudgetShared(t *testing.T) {
	t.Run("refused accounts spend no more than half", func(t *testing.T) {
		f := newBudgetFixture(t, Basic, 10)
		f.respond(deny)
		for i := range [5]int{} {
			f.verify(Credential{Kind: Basic, User: fmt.Sprint("fake", i)}, 0)
		}
		f.verify(Credential{Kind: Basic, User: "fake"}, time.Hour)
		// Accounts that were allowed before have the other half.
		f.respond(allow)
		for i := range [5]int{} {
			f.verify(Credential{Kind: Basic, User: fmt.Sprint("student", i), Known: true}, 0)
		}
		f.verify(Credential{Kind: Basic, User: "student", Known: true}, time.Hour)
		f.clock.move(time.Hour)
		f.verify(Credential{Kind: Basic, User: "new"}, 0)
	})

	t.Run("valid accounts may spend all of it", func(t *testing.T) {
		f := newBudgetFixture(t, Basic, 10)
		for i := range [10]int{} {
			f.verify(Credential{Kind: Basic, User: fmt.Sprint("student", i)}, 0)
		}
		f.verify(Credential{Kind: Basic, User: "one more"}, time.Hour)
	})

	t.Run("of a budget of one call, refused accounts may take that call", func(t *testing.T) {
		f := newBudgetFixture(t, Basic, 1)
		f.respond(deny)
		f.verify(Credential{Kind: Basic, User: "fake"}, 0)
		f.verify(Credential{Kind: Basic, User: "student", Known: true}, time.Hour)
	})

	// Each call in flight may yet be refused: many at once must not exceed half.
	t.Run("calls in flight count as refused until they end", func(t *testing.T) {
		f := newBudgetFixture(t, Basic, 4)
		arrived, release := f.hold(allow)
		var calls sync.WaitGroup
		for i := range [2]int{} {
			calls.Add(1)
			go func(i int) {
				defer calls.Done()
				_, _ = f.budget.Verify(context.Background(), Credential{User: fmt.Sprint(i)})
			}(i)
			f.awaitCall(arrived)
		}
		f.verify(Credential{User: "third"}, time.Second)
		close(release)
		calls.Wait()
		f.respond(allow)
		if d, _, _ := f.fixture.verify(f.budget, Credential{User: "third"}); !d.Allowed {
			t.Errorf("%+v", d)
		}
	})
}
