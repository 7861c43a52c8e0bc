package verifier

import (
	"context"
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier/account"
)

// accountLimit is how many wrong passwords one account may be verified with: many
// directories lock an account after a few more.
var accountLimit = Rate{Calls: 5, Period: 5 * time.Minute}

// AccountLimiter makes no call about an account whose password was refused too
// often, so that guessing does not lock the account in the directory behind the
// upstream.
type AccountLimiter struct {
	next     Verifier
	rejected func(d Denial) bool // the denial is about the account
	now      func() time.Time

	mu      sync.Mutex
	windows *Windows // by account
}

// NewAccountLimiter puts an account limiter before next, which verifies accounts.
// rejected tells whether a denial is about the account, and not about something else.
func NewAccountLimiter(next Verifier, rejected func(d Denial) bool, now func() time.Time) *AccountLimiter {
	return &AccountLimiter{next: next, rejected: rejected, now: now, windows: NewWindows()}
}

// attempt is one call about an account's password.
type attempt struct {
	account  string
	rejected bool
}

// Verify calls next; or denies (Throttled) while the account has to wait. A credential
// that was allowed before (Known) does not wait, since it is no guess: else the account's
// owner could be shut out by guesses of others, and a password that was changed would
// be honoured for as long as guesses go on. Where it is refused it counts like all.
func (l *AccountLimiter) Verify(ctx context.Context, c Credential) (Decision, error) {
	a, wait := l.begin(c)
	if wait > 0 {
		return Decision{Denial: Denial{Reason: Throttled, RetryAfter: wait}}, nil
	}
	defer l.end(a)
	d, err := l.next.Verify(ctx, c)
	if d.Refused() {
		a.rejected = l.rejected(d.Denial)
	}
	return d, err
}

// begin counts an attempt, or returns how long the account has to wait.
func (l *AccountLimiter) begin(c Credential) (a *attempt, wait time.Duration) {
	a = &attempt{account: account.Fold(c.User)} // without the lock: a long name takes time
	l.mu.Lock()
	defer l.mu.Unlock()
	if !c.Known {
		wait = l.windows.Wait(a.account, accountLimit, l.now())
	}
	if wait == 0 {
		l.windows.Begin(a.account, accountLimit)
	}
	return a, wait
}

// end counts the attempt's result. One that is refused for another reason than its
// password does not count.
func (l *AccountLimiter) end(a *attempt) {
	defer recoverPanic()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.windows.End(a.account, a.rejected, accountLimit, l.now())
}
