package verifier

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// lane is a brake in front of an upstream that is counted.
type lane struct {
	*AccountLimiter
	t     *testing.T
	clock *clock
	next  verifies
	calls int
}

func newLane(t *testing.T) *lane {
	l := &lane{t: t, clock: newClock(), next: wrongPassword}
	l.AccountLimiter = NewAccountLimiter(verifies(func(ctx context.Context, c Credential) (Decision, error) {
		l.calls++
		return l.next(ctx, c)
	}), aboutPassword, l.clock.Now)
	return l
}

// aboutPassword tells a wrong password from a denial that is about something else.
func aboutPassword(d Denial) bool {
	return d.Reason == Invalid && d.HTTP != 401
}

// wrongPassword is how the account API refuses an account: inside a 200.
func wrongPassword(context.Context, Credential) (Decision, error) {
	return Decision{Denial: Denial{Reason: Invalid, Status: 401, HTTP: 200}}, nil
}

func (l *lane) guess(user string, wait time.Duration) {
	l.t.Helper()
	before := l.calls
	d, _ := l.Verify(context.Background(), Credential{Kind: Basic, User: user, Password: fmt.Sprint(l.calls)})
	if called := l.calls > before; called != (wait == 0) {
		l.t.Errorf("%s: called %v, want a wait of %s", user, called, wait)
	}
	if wait > 0 && (d.Allowed || d.Denial.Reason != Throttled || d.Denial.RetryAfter != wait || d.Denial.HTTP != 0) {
		l.t.Errorf("%s: %+v, want throttled for %s", user, d, wait)
	}
}

func TestAccountLimiter(t *testing.T) {
	t.Run("after five wrong passwords an account waits until five minutes after the first", func(t *testing.T) {
		l := newLane(t)
		l.guess("alice", 0)
		l.clock.move(time.Minute)
		for range [4]int{} {
			l.guess("alice", 0)
		}
		l.guess("alice", 4*time.Minute)
		l.guess("bob", 0)
		l.clock.move(4 * time.Minute)
		l.guess("alice", 0)
	})

	t.Run("a directory's spellings of one account count as one", func(t *testing.T) {
		l := newLane(t)
		for _, user := range []string{"alice", "Alice", "ALICE", " alice", "alice  "} {
			l.guess(user, 0)
		}
		l.guess("aLiCe", 5*time.Minute)
	})

	t.Run("only wrong passwords count", func(t *testing.T) {
		for name, next := range map[string]verifies{
			"a yes":           yes,
			"could not tell":  down,
			"a key's refusal": func(context.Context, Credential) (Decision, error) { return denied(Forbidden, 403) },
			"a missing key":   func(context.Context, Credential) (Decision, error) { return denied(Invalid, 401) },
			"not now":         func(context.Context, Credential) (Decision, error) { return denied(Throttled, 429) },
			"a spent budget":  func(context.Context, Credential) (Decision, error) { return denied(Throttled, 0) },
		} {
			l := newLane(t)
			l.next = next
			for range [20]int{} {
				l.guess("alice", 0)
			}
			if t.Failed() {
				t.Fatalf("after %s", name)
			}
		}
	})

	t.Run("of many attempts at once five are made", func(t *testing.T) {
		l := newLane(t)
		arrived, release, ended := make(chan bool), make(chan bool), make(chan bool)
		l.AccountLimiter.next = verifies(func(ctx context.Context, c Credential) (Decision, error) {
			arrived <- true
			<-release
			return wrongPassword(ctx, c)
		})
		for i := range [5]int{} {
			go func(i int) {
				_, _ = l.Verify(context.Background(), Credential{User: "alice", Password: fmt.Sprint(i)})
				ended <- true
			}(i)
			<-arrived
		}
		l.guess("alice", time.Second)
		close(release)
		for range [5]int{} {
			<-ended
		}
		l.guess("alice", 5*time.Minute)
	})
}

func denied(reason Reason, http int) (Decision, error) {
	return Decision{Denial: Denial{Reason: reason, HTTP: http}}, nil
}
