package verifier

import (
	"context"
	"strings"
	"sync"
	"time"
)

// brakeLimit is how often one account may be tried with wrong passwords: more
// would lock it in many a directory.
var brakeLimit = Rate{Calls: 5, Period: 5 * time.Minute}

// Brake stops questions about an account whose password was refused too often,
// so that guessing does not lock it in the directory behind the upstream.
type Brake struct {
	next    Verifier
	refuses func(d Denial) bool // the account, and not something else
	now     func() time.Time

	mu      sync.Mutex
	windows *Windows
}

// NewBrake puts a brake before next, which verifies accounts; refuses tells
// whether a denial is about the account, and not about something else.
func NewBrake(next Verifier, refuses func(d Denial) bool, now func() time.Time) *Brake {
	return &Brake{next: next, refuses: refuses, now: now, windows: NewWindows()}
}

// guess is one question about an account's password.
type guess struct {
	window  *Window
	refused bool
}

// Verify asks next, or answers that the account has to wait (Throttled).
func (b *Brake) Verify(ctx context.Context, c Credential) (Decision, error) {
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

func (b *Brake) begin(c Credential) (g *guess, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	g = &guess{window: b.windows.At(sameAccount(c.User))}
	wait = g.window.Wait(brakeLimit, b.now())
	if wait == 0 {
		g.window.Depart()
	}
	return g, wait
}

func (b *Brake) end(g *guess) {
	defer guard()
	b.mu.Lock()
	defer b.mu.Unlock()
	g.window.Land(g.refused, brakeLimit, b.now())
}

// sameAccount is how directories compare names: without case, and without
// blanks that do not matter.
func sameAccount(user string) string {
	return strings.ToLower(strings.Join(strings.Fields(user), " "))
}
