package verifier

import (
	"context"
	"strings"
	"sync"
	"time"
)

// accountLimit is how many wrong passwords one account may be verified with: many
// directories lock an account after a few more.
var accountLimit = Rate{Calls: 5, Period: 5 * time.Minute}

// AccountLimiter makes no call about an account whose password was refused too
// often, so that guessing does not lock the account in the directory behind the
// upstream.
type AccountLimiter struct {
	next     Verifier
	rejected func(d Denial) bool // the account, and not something else
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
	window   *Window
	rejected bool
}

// Verify asks next; or denies (Throttled) while the account has to wait.
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
	l.mu.Lock()
	defer l.mu.Unlock()
	a = &attempt{window: l.windows.At(foldAccount(c.User))}
	wait = a.window.Wait(accountLimit, l.now())
	if wait == 0 {
		a.window.Begin()
	}
	return a, wait
}

func (l *AccountLimiter) end(a *attempt) {
	defer recoverPanic()
	l.mu.Lock()
	defer l.mu.Unlock()
	a.window.End(a.rejected, accountLimit, l.now())
}

// foldAccount makes one of the spellings that directories take for one account:
// without case, and without blanks at the ends or repeated ones inside.
func foldAccount(user string) string {
	return strings.ToLower(strings.Join(strings.Fields(user), " "))
}
