package verifier

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"
)

// purse is a budget in front of an upstream that is asked and counted.
type purse struct {
	*Budget
	t     *testing.T
	clock *clock
	log   *journal
	limit Rate
	next  verifies
	calls int
}

func newPurse(t *testing.T, kind Kind, calls int) *purse {
	p := &purse{t: t, clock: newClock(), log: &journal{}, limit: Rate{calls, time.Hour}, next: yes}
	ask := verifies(func(ctx context.Context, c Credential) (Decision, error) {
		p.calls++
		return p.next(ctx, c)
	})
	p.Budget = NewBudget(ask, kind == ApplicationKey, func() Rate { return p.limit }, p.clock.Now, p.log.report)
	return p
}

// spend asks about a credential, and compares: let through, or how long to wait.
func (p *purse) spend(c Credential, wait time.Duration) {
	p.t.Helper()
	before := p.calls
	d, err := p.Verify(context.Background(), c)
	if called := p.calls > before; called != (wait == 0) {
		p.t.Errorf("called: %v, want a wait of %s", called, wait)
	}
	if wait > 0 && (d.Allowed || err != nil || d.Denial.Reason != Throttled || d.Denial.RetryAfter != wait || d.Denial.HTTP != 0) {
		p.t.Errorf("%+v (%v), want throttled for %s", d, err, wait)
	}
}

func TestBudget(t *testing.T) {
	t.Run("the period begins with the first call, and a denial says what is left of it", func(t *testing.T) {
		p := newPurse(t, ApplicationKey, 3)
		key := Credential{Kind: ApplicationKey, Token: "k"}
		p.clock.move(17 * time.Minute) // no call, no window
		p.spend(key, 0)
		p.clock.move(10 * time.Minute)
		p.spend(key, 0)
		p.spend(key, 0)
		p.spend(key, 50*time.Minute)
		p.clock.move(50*time.Minute - time.Second)
		p.spend(key, time.Second)
		p.clock.move(time.Second)
		p.spend(key, 0)
		p.clock.move(time.Minute)
		p.spend(key, 0)
		p.spend(key, 0)
		p.spend(key, 59*time.Minute)
	})

	t.Run("a flood under one key does not spend another key's budget", func(t *testing.T) {
		p := newPurse(t, ApplicationKey, 2)
		one, other := Credential{Token: "one"}, Credential{Token: "other"}
		p.spend(one, 0)
		p.spend(one, 0)
		p.spend(one, time.Hour)
		p.spend(other, 0)
		p.spend(other, 0)
		p.spend(other, time.Hour)
	})

	t.Run("a call counts whatever its result", func(t *testing.T) {
		key := Credential{Token: "k"}
		for name, next := range map[string]verifies{"a no": no, "an error": down, "a yes": yes} {
			p := newPurse(t, ApplicationKey, 2)
			p.next = next
			p.spend(key, 0)
			p.spend(key, 0)
			if p.spend(key, time.Hour); t.Failed() {
				t.Fatalf("after %s", name)
			}
		}
		p := newPurse(t, ApplicationKey, 1)
		p.next = func(context.Context, Credential) (Decision, error) { panic("in the middle of a call") }
		func() {
			defer func() { _ = recover() }()
			_, _ = p.Verify(context.Background(), key)
		}()
		p.spend(key, time.Hour)
	})

	t.Run("a spent budget is reported once in a period", func(t *testing.T) {
		p := newPurse(t, Basic, 1)
		key := Credential{User: "u"}
		p.spend(key, 0)
		p.log.expect(t)
		p.spend(key, time.Hour)
		p.spend(key, time.Hour)
		p.log.expect(t, "error budget spent: 1 calls in 1h")
		p.clock.move(time.Hour)
		p.spend(key, 0)
		p.spend(key, time.Hour)
		p.log.expect(t, "error budget spent")
	})

	t.Run("without a limit nothing is counted", func(t *testing.T) {
		p := newPurse(t, Basic, 0)
		for range [100]int{} {
			p.spend(Credential{User: "u"}, 0)
		}
	})

	t.Run("a smaller limit holds at once", func(t *testing.T) {
		p := newPurse(t, ApplicationKey, 100)
		key := Credential{Token: "k"}
		p.spend(key, 0)
		p.spend(key, 0)
		p.limit = Rate{2, time.Minute}
		p.spend(key, time.Minute)
		p.clock.move(time.Minute)
		p.spend(key, 0)
	})

	// A clock that was set back must not hold a window open for longer.
	t.Run("after a clock is set back no client waits for more than a period", func(t *testing.T) {
		p := newPurse(t, ApplicationKey, 1)
		key := Credential{Token: "k"}
		p.spend(key, 0)
		p.clock.move(-24 * time.Hour)
		p.spend(key, time.Hour)
		p.clock.move(time.Hour)
		p.spend(key, 0)
	})
}

func TestBudgetShared(t *testing.T) {
	t.Run("refused accounts spend no more than half", func(t *testing.T) {
		p := newPurse(t, Basic, 10)
		p.next = no
		for i := range [5]int{} {
			p.spend(Credential{Kind: Basic, User: fmt.Sprint("junk", i)}, 0)
		}
		p.spend(Credential{Kind: Basic, User: "junk"}, time.Hour)
		// Whoever was let in before has the other half.
		p.next = yes
		for i := range [5]int{} {
			p.spend(Credential{Kind: Basic, User: fmt.Sprint("student", i), Known: true}, 0)
		}
		p.spend(Credential{Kind: Basic, User: "student", Known: true}, time.Hour)
		p.clock.move(time.Hour)
		p.spend(Credential{Kind: Basic, User: "new"}, 0)
	})

	t.Run("valid accounts may spend all of it", func(t *testing.T) {
		p := newPurse(t, Basic, 10)
		for i := range [10]int{} {
			p.spend(Credential{Kind: Basic, User: fmt.Sprint("student", i)}, 0)
		}
		p.spend(Credential{Kind: Basic, User: "one more"}, time.Hour)
	})

	// What is under way may yet be refused, so that a crowd cannot slip past half.
	t.Run("calls in flight count as refused until they end", func(t *testing.T) {
		p := newPurse(t, Basic, 4)
		arrived, release := make(chan bool), make(chan bool)
		var calls sync.WaitGroup
		p.Budget.next = verifies(func(ctx context.Context, c Credential) (Decision, error) {
			arrived <- true
			<-release
			return yes(ctx, c)
		})
		for i := range [2]int{} {
			calls.Add(1)
			go func(i int) {
				defer calls.Done()
				_, _ = p.Verify(context.Background(), Credential{User: fmt.Sprint(i)})
			}(i)
			<-arrived
		}
		p.spend(Credential{User: "third"}, time.Second)
		close(release)
		calls.Wait()
		p.Budget.next = verifies(yes)
		if d, _ := p.Verify(context.Background(), Credential{User: "third"}); !d.Allowed {
			t.Errorf("%+v", d)
		}
	})
}

func TestWindows(t *testing.T) {
	t.Run("a hundred thousand names take bounded memory and evict no name in use", func(t *testing.T) {
		p := newPurse(t, ApplicationKey, 3)
		used := Credential{Token: "in use"}
		p.spend(used, 0)
		p.spend(used, 0)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for i := range [100000]int{} {
			_, _ = p.Verify(context.Background(), Credential{Token: fmt.Sprint("junk", i)})
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if kept := p.windows.probation.Len() + p.windows.protected.Len(); kept > 2*maxWindows {
			t.Errorf("%d windows", kept)
		}
		if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 16<<20 {
			t.Errorf("%d bytes more", grown)
		}
		p.spend(used, 0)
		p.spend(used, time.Hour)
	})
}

func TestRateLess(t *testing.T) {
	t.Run("a rate is less if it allows fewer calls in the long run", func(t *testing.T) {
		for _, c := range []struct {
			a, b Rate
			less bool
		}{
			{Rate{10, time.Hour}, Rate{1000, time.Hour}, true},
			{Rate{1000, time.Hour}, Rate{10, time.Hour}, false},
			{Rate{100, 24 * time.Hour}, Rate{10, time.Hour}, true},
			{Rate{60, time.Hour}, Rate{1, time.Minute}, false},
			{Rate{1, time.Minute}, Rate{60, time.Hour}, true},
			{Rate{5, time.Hour}, Rate{5, time.Hour}, false},
		} {
			if got := c.a.Less(c.b); got != c.less {
				t.Errorf("%v less than %v: %v", c.a, c.b, got)
			}
		}
	})
}
