package verifier

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// limiterFixture is an account limiter in front of an upstream that denies passwords.
type limiterFixture struct {
	*fixture
	limiter *AccountLimiter
}

func newLimiterFixture(t *testing.T) *limiterFixture {
	f := &limiterFixture{fixture: newFixture(t, wrongPassword)}
	f.limiter = NewAccountLimiter(verifierFunc(f.upstream), isAboutAccount, f.clock.Now)
	return f
}

// isAboutAccount tells a wrong password from a denial that is about something else.
func isAboutAccount(d Denial) bool {
	return d.Reason == Invalid && d.HTTP != 401
}

// wrongPassword denies an account as the account API does: inside a 200.
func wrongPassword(context.Context, Credential) (Decision, error) {
	return Decision{Denial: Denial{Reason: Invalid, Status: 401, HTTP: 200}}, nil
}

// verify expects a call about an account with another password than before; or, where
// wait is not zero, a denial for that time.
func (f *limiterFixture) verify(user string, wait time.Duration) {
	f.t.Helper()
	f.expectCall(f.limiter, Credential{Kind: Basic, User: user, Password: fmt.Sprint(f.calls)}, Throttled, wait)
}

func TestAccountLimiter(t *testing.T) {
	t.Run("after five wrong passwords an account waits until five minutes after the first", func(t *testing.T) {
		f := newLimiterFixture(t)
		f.verify("alice", 0)
		f.clock.move(time.Minute)
		for range [4]int{} {
			f.verify("alice", 0)
		}
		f.verify("alice", 4*time.Minute)
		f.verify("bob", 0)
		f.clock.move(4 * time.Minute)
		f.verify("alice", 0)
	})

	t.Run("a directory's spellings of one account count as one", func(t *testing.T) {
		f := newLimiterFixture(t)
		for _, user := range []string{"alice b", "Alice B", "ALICE B", " alice b", "alice  b  "} {
			f.verify(user, 0)
		}
		f.verify("aLiCe b", 5*time.Minute)
	})

	t.Run("spellings that Unicode folds, and those with a domain, count as one", func(t *testing.T) {
		f := newLimiterFixture(t)
		for _, user := range []string{"alice", "ａｌｉｃｅ", "ALICE@tu.ac.th", `TU\Alice`, "al\u00ADice"} {
			f.verify(user, 0)
		}
		f.verify("ⓐlice@elsewhere", 5*time.Minute)
		f.verify("alicia", 0)
	})

	t.Run("an account that was allowed before does not wait, and its refusals count", func(t *testing.T) {
		f := newLimiterFixture(t)
		known := Credential{Kind: Basic, User: "alice", Password: "known", Known: true}
		f.expectCall(f.limiter, known, Throttled, 0)
		for range [4]int{} {
			f.verify("alice", 0)
		}
		f.verify("alice", 5*time.Minute)
		for range [10]int{} {
			f.expectCall(f.limiter, known, Throttled, 0)
		}
		f.verify("alice", 5*time.Minute)
	})

	t.Run("questions that are not asked push out no count", func(t *testing.T) {
		f := newLimiterFixture(t)
		for range [5]int{} {
			f.verify("alice", 0)
		}
		f.respond(func(context.Context, Credential) (Decision, error) {
			return NoAnswer(ErrNotAsked, "the circuit is open", Denial{})
		})
		for i := range [2*maxWindows + 2]int{} {
			_, _ = f.limiter.Verify(context.Background(), Credential{User: fmt.Sprint("other", i)})
			_, _ = f.limiter.Verify(context.Background(), Credential{User: fmt.Sprint("other", i)})
		}
		f.verify("alice", 5*time.Minute)
	})

	t.Run("of many attempts at once five are made", func(t *testing.T) {
		f := newLimiterFixture(t)
		arrived, release := f.hold(wrongPassword)
		ended := make(chan bool)
		for i := range [5]int{} {
			go func(i int) {
				_, _ = f.limiter.Verify(context.Background(), Credential{User: "alice", Password: fmt.Sprint(i)})
				ended <- true
			}(i)
			f.awaitCall(arrived)
		}
		f.verify("alice", time.Second)
		close(release)
		for range [5]int{} {
			<-ended
		}
		f.verify("alice", 5*time.Minute)
	})
}

func TestAccountLimiterCounts(t *testing.T) {
	for name, response := range map[string]verifierFunc{
		"an allowing answer":   allow,
		"an error":             unavailable,
		"a denied key":         denyWith(Forbidden, 403),
		"a missing key":        denyWith(Invalid, 401),
		"an upstream's limit":  denyWith(Throttled, 429),
		"a spent budget":       denyWith(Throttled, 0),
		"a denial of its form": denyWith(Unprocessable, 422),
	} {
		t.Run(name+" does not count", func(t *testing.T) {
			f := newLimiterFixture(t)
			f.respond(response)
			for range [20]int{} {
				f.verify("alice", 0)
			}
		})
	}

	t.Run("a panic does not count, nor does it stay in flight", func(t *testing.T) {
		f := newLimiterFixture(t)
		for range [20]int{} {
			f.expectPanic(f.limiter, Credential{Kind: Basic, User: "alice"})
		}
		f.respond(wrongPassword)
		f.verify("alice", 0)
	})
}
