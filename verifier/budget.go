package verifier

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Budget spends no more calls on an upstream than the operator allows in a
// period: each call counts, whatever comes of it. Where clients bring keys of
// their own, each key has its budget; else all share one, and refused calls may
// take at most half of it, so that junk cannot spend what callers who were let
// in before need.
type Budget struct {
	next   Verifier
	perKey bool
	limit  func() Rate
	now    func() time.Time
	report Report

	mu       sync.Mutex
	windows  *Windows
	reported time.Time // when it was last reported as spent
}

// NewBudget puts a budget before next; limit is asked before every call, and
// may answer with no limit.
func NewBudget(next Verifier, perKey bool, limit func() Rate, now func() time.Time, report Report) *Budget {
	return &Budget{next: next, perKey: perKey, limit: limit, now: now, report: report, windows: NewWindows()}
}

// reservation is one call that a budget pays for.
type reservation struct {
	window       *Window
	mayBeRefused bool // it may be refused, and is counted so until it has landed
	refused      bool
	half         Rate
}

// Verify asks next, or answers that the budget is spent (Throttled, with what
// is left of the window).
func (b *Budget) Verify(ctx context.Context, c Credential) (Decision, error) {
	limit := b.limit()
	if limit.Calls == 0 {
		return b.next.Verify(ctx, c)
	}
	x, wait := b.reserve(c, limit)
	if wait > 0 {
		b.reportExhausted(limit, wait)
		return Decision{Denial: Denial{Reason: Throttled, RetryAfter: wait}}, nil
	}
	defer b.release(x)
	d, err := b.next.Verify(ctx, c)
	x.refused = d.Refused()
	return d, err
}

// reserve takes one call from the budget, or says how long there is none.
func (b *Budget) reserve(c Credential, limit Rate) (x *reservation, wait time.Duration) {
	name := ""
	if b.perKey {
		name = c.Token
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	w := b.windows.At(name)
	x = &reservation{window: w, mayBeRefused: !b.perKey && !c.Known, half: limit.half()}
	now := b.now()
	w.roll(limit.Period, now)
	if w.calls >= limit.Calls {
		wait = w.remaining(limit.Period, now)
		return x, wait
	}
	if x.mayBeRefused {
		wait = w.Wait(x.half, now)
	}
	if wait > 0 {
		return x, wait
	}
	if x.mayBeRefused {
		w.Begin()
	}
	w.start(now)
	w.calls++
	return x, 0
}

func (b *Budget) release(x *reservation) {
	defer recoverPanic()
	if !x.mayBeRefused {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	x.window.End(x.refused, x.half, b.now())
}

// reportExhausted reports it, once in a period.
func (b *Budget) reportExhausted(limit Rate, wait time.Duration) {
	now := b.now()
	b.mu.Lock()
	age := now.Sub(b.reported)
	news := age < 0 || age >= limit.Period
	if news {
		b.reported = now
	}
	b.mu.Unlock()
	if news {
		b.report("error", "budget spent", fmt.Sprintf("%d calls in %s; unknown credentials are put off, for %s more",
			limit.Calls, limit.Period, wait.Round(time.Second)))
	}
}
