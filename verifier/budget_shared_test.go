package verifier

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

func TestBudgetShared(t *testing.T) {
	t.Run("refused accounts of one client spend no more than a tenth", func(t *testing.T) {
		f := newBudgetFixture(t, Basic, 100)
		f.respond(deny)
		f.spend("guesser", 10)
		f.clock.move(time.Minute)
		f.verify(Credential{User: "x", Client: "guesser"}, 59*time.Minute)
		f.verify(Credential{User: "known", Client: "guesser", Known: true}, 0)
		f.respond(allow)
		f.spend("another", 64) // until a quarter is left
		f.verify(Credential{User: "x", Client: "another"}, 59*time.Minute)
		for i := range [25]int{} {
			f.verify(Credential{User: fmt.Sprint("known", i), Known: true}, 0)
		}
		f.verify(Credential{User: "known", Known: true}, 59*time.Minute)
		f.clock.move(59 * time.Minute)
		f.spend("guesser", 1)
	})

	t.Run("refused accounts of many clients spend no more than half", func(t *testing.T) {
		f := newBudgetFixture(t, Basic, 100)
		f.respond(deny)
		for i := range [5]int{} {
			f.spend(fmt.Sprint("guesser", i), 9)
		}
		f.spend("sixth", 5)
		f.verify(Credential{User: "x", Client: "sixth"}, time.Hour)
		f.verify(Credential{User: "x", Client: "guesser0"}, time.Hour)
		f.log.expect(t, "error budget spent: 100 calls in 1h0m0s; half of them brought no allow")
		f.respond(allow)
		f.spend("new", 25)
		f.verify(Credential{User: "x", Client: "new"}, time.Hour)
	})

	for name, response := range map[string]verifierFunc{
		"an undocumented response": unavailable, "an outage": outage, "an upstream's own limit": denyWith(Throttled, 429),
		"a wrong configuration": func(context.Context, Credential) (Decision, error) {
			return NoAnswer(ErrMisconfigured, "wrong path", Denial{HTTP: 404})
		},
	} {
		t.Run(name+" counts like a refusal", func(t *testing.T) {
			f := newBudgetFixture(t, Basic, 100)
			f.respond(response)
			f.spend("client", 10)
			f.verify(Credential{User: "x", Client: "client"}, time.Hour)
		})
	}

	t.Run("a panic counts like a refusal", func(t *testing.T) {
		f := newBudgetFixture(t, Basic, 4)
		f.expectPanic(f.budget, Credential{User: "a", Client: "client", Budget: f.limit})
		f.expectPanic(f.budget, Credential{User: "b", Client: "client", Budget: f.limit})
		f.verify(Credential{User: "c", Client: "client"}, time.Hour)
	})

	t.Run("three refusals are always free, within the half", func(t *testing.T) {
		f := newBudgetFixture(t, Basic, 10)
		f.respond(deny)
		f.spend("client", 3)
		f.verify(Credential{User: "x", Client: "client"}, time.Hour)
		f = newBudgetFixture(t, Basic, 4)
		f.respond(deny)
		f.spend("client", 2)
		f.verify(Credential{User: "x", Client: "client"}, time.Hour)
	})

	t.Run("valid new accounts leave a quarter to known ones", func(t *testing.T) {
		f := newBudgetFixture(t, Basic, 12)
		f.spend("client", 9)
		f.verify(Credential{User: "x", Client: "client"}, time.Hour)
		f.log.expect(t, "error budget spent: 12 calls in 1h0m0s; unknown credentials get 429")
		for range [3]int{} {
			f.verify(Credential{User: "known", Known: true}, 0)
		}
		f.verify(Credential{User: "known", Known: true}, time.Hour)
	})

	t.Run("of a budget of one call, refused accounts may take that call", func(t *testing.T) {
		f := newBudgetFixture(t, Basic, 1)
		f.respond(deny)
		f.spend("client", 1)
		f.verify(Credential{Kind: Basic, User: "student", Known: true}, time.Hour)
	})

	t.Run("a client's share begins and ends with the period", func(t *testing.T) {
		f := newBudgetFixture(t, Basic, 100)
		f.verify(Credential{User: "first", Client: "another"}, 0)
		f.clock.move(59 * time.Minute)
		f.respond(deny)
		f.spend("client", 10)
		f.verify(Credential{User: "x", Client: "client"}, time.Minute)
		f.clock.move(time.Minute)
		f.spend("client", 10)
		f.verify(Credential{User: "x", Client: "client"}, time.Hour)
	})
}

func TestBudgetInFlight(t *testing.T) {
	// Each call in flight may yet be refused: many at once must not exceed the share.
	t.Run("a client's calls in flight count as refused until they end", func(t *testing.T) {
		f := newBudgetFixture(t, Basic, 8)
		arrived, release := f.hold(allow)
		var calls sync.WaitGroup
		for i := range [3]int{} {
			calls.Add(1)
			go func(i int) {
				defer calls.Done()
				_, _ = f.budget.Verify(context.Background(), Credential{User: fmt.Sprint(i), Client: "client", Budget: f.limit})
			}(i)
			f.awaitCall(arrived)
		}
		f.verify(Credential{User: "fourth", Client: "client"}, time.Second)
		f.log.expect(t)
		close(release)
		calls.Wait()
		f.respond(allow)
		f.verify(Credential{User: "fourth", Client: "client"}, 0)
		if n := len(f.budget.ledger.pending); n != 0 {
			t.Errorf("%d still in flight", n)
		}
	})
}

func TestBudgetFollow(t *testing.T) {
	ask := func(f *budgetFixture, user string, answered chan<- Decision) {
		d, _ := f.budget.Verify(callContext(f.t), Credential{User: user, Client: "client", Budget: f.limit})
		answered <- d
	}

	// No machine stands still for as long as calls wait for others here.
	newBudgetFixture := func(t *testing.T, kind Kind, calls int) *budgetFixture {
		f := newBudgetFixture(t, kind, calls)
		f.budget.most = ample
		return f
	}

	t.Run("a crowd behind one address waits for the calls before it, and all are allowed until a quarter is left", func(t *testing.T) {
		f := newBudgetFixture(t, Basic, 20)
		arrived, release := f.hold(allow)
		answered := make(chan Decision, 20)
		for i := range [15]int{} {
			go ask(f, fmt.Sprint(i), answered)
		}
		for range [3]int{} {
			f.awaitCall(arrived)
		}
		f.respond(allow)
		close(release)
		for range [15]int{} {
			if d := <-answered; !d.Allowed {
				t.Errorf("%+v", d.Denial)
			}
		}
		f.verify(Credential{User: "x", Client: "client"}, time.Hour)
	})

	t.Run("guesses that wait are denied once the share is spent", func(t *testing.T) {
		f := newBudgetFixture(t, Basic, 20)
		arrived, release := f.hold(deny)
		answered := make(chan Decision, 20)
		for i := range [15]int{} {
			go ask(f, fmt.Sprint(i), answered)
		}
		for range [3]int{} {
			f.awaitCall(arrived)
		}
		f.respond(deny)
		close(release)
		refused := 0
		for range [15]int{} {
			if d := <-answered; d.Refused() {
				refused++
			} else if d.Denial.Reason != Throttled || d.Denial.RetryAfter == 0 {
				t.Errorf("%+v", d.Denial)
			}
		}
		if refused != 3 || f.calls != 3 {
			t.Errorf("%d refused, %d calls", refused, f.calls)
		}
	})

	t.Run("an address with a refused call does not wait", func(t *testing.T) {
		f := newBudgetFixture(t, Basic, 20)
		f.respond(deny)
		f.spend("client", 1)
		arrived, release := f.hold(allow)
		defer close(release)
		answered := make(chan Decision, 3)
		for i := range [2]int{} {
			go ask(f, fmt.Sprint("other", i), answered)
			f.awaitCall(arrived)
		}
		begun := time.Now()
		f.verify(Credential{User: "x", Client: "client"}, time.Second)
		if time.Since(begun) > ample/2 {
			t.Error("it waited")
		}
	})
}

func TestBudgetOfKeys(t *testing.T) {
	t.Run("where keys come with accounts, one client's wrong accounts spend a tenth of a key's budget", func(t *testing.T) {
		f := newBudgetFixture(t, ApplicationKey, 100)
		f.budget = NewBudget(verifierFunc(f.upstream), true, true, f.clock.Now, f.log.report)
		f.respond(deny)
		for i := range [10]int{} {
			f.verify(Credential{Token: "k", User: fmt.Sprint(i), Client: "guesser"}, 0)
		}
		f.verify(Credential{Token: "k", User: "x", Client: "guesser"}, time.Hour)
		f.verify(Credential{Token: "other", User: "x", Client: "guesser"}, 0)
		f.verify(Credential{Token: "k", User: "x", Client: "another"}, 0)
	})

	t.Run("a flood of made-up keys evicts no key under which something was allowed", func(t *testing.T) {
		f := newBudgetFixture(t, ApplicationKey, 1)
		f.verify(Credential{Token: "in use"}, 0)
		f.respond(deny)
		for range [2]int{} {
			for i := range [maxWindows + 1]int{} {
				_, _ = f.budget.Verify(context.Background(), Credential{Token: fmt.Sprint("fake", i), Budget: f.limit})
			}
		}
		f.verify(Credential{Token: "in use"}, time.Hour)
	})
}
