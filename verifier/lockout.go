package verifier

import (
	"context"
	"strings"
	"sync"
	"time"
)

// accountLimit is how often one account may be tried with wrong passwords: more
// would lock it in many a directory.
var accountLimit = Rate{Calls: 5, Period: 5 * time.Minute}

// AccountLimiter stops questions about an account whose password was refused too often,
// so that guessing does not lock it in the directory behind the upstream.
type AccountLimiter struct {
	next    Verifier
	refuses func(d Denial) bool // the account, and not something else
	now     func() time.Time

	mu      sync.Mutex
	windows *Windows
}

// NewAccountLimiter puts a brake before next, which verifies accounts; refuses tells
// whether a denial is about the account, and not about something else.
func NewAccountLimiter(next Verifier, refuses func(d Denial) bool, now func() time.Time) *AccountLimiter {
	return &AccountLimiter{next: next, refuses: refuses, now: now, windows: NewWindows()}
}

// attempt is one question about an account's password.
type attempt struct {
	window  *Window
	refused bool
}

// Verify asks next, or answers that the account has to wait (Throttled).
func (b *AccountLimiter) Verify(ctx context.Context, c Credential) (Decision, error) {
	g, wait := b.begin(c)
	if wait > 0 {
		return Decision{Denial: Denial{Reason: Throttled, RetryAfter: wait}}, nil
	}
	defer b.end(g)
	d, err := b.next.Verify(ctx, c)
	if d.Refused() {
		g.refused = b.refuses(d.Denial)
	}
	return d, err
}

func (b *AccountLimiter) begin(c Credential) (g *attempt, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	g = &attempt{window: b.windows.At(foldAccount(c.User))}
	wait = g.window.Wait(accountLimit, b.now())
	if wait == 0 {
		g.window.Begin()
	}
	return g, wait
}

func (b *AccountLimiter) end(g *attempt) {
	defer recoverPanic()
	b.mu.Lock()
	defer b.mu.Unlock()
	g.window.End(g.refused, accountLimit, b.now())
}

// foldAccount is how directories compare names: without case, and without
// blanks that do not matter.
func foldAccount(user string) string {
	return strings.ToLower(strings.Join(strings.Fields(user), " "))
}
