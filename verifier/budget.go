package verifier

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Budget makes no more calls to an upstream than the operator allows in a period:
// each call counts, whatever its result. Where clients bring application keys of
// their own, each key has a budget; else all share one, and refused calls may take
// at most half of it, so that made-up credentials cannot use up what clients whose
// credentials were allowed before need.
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

// NewBudget puts a budget before next. perKey: each application key has its own.
// limit is called before every call, and returns the zero Rate for no limit.
func NewBudget(next Verifier, perKey bool, limit func() Rate, now func() time.Time, report Report) *Budget {
	return &Budget{next: next, perKey: perKey, limit: limit, now: now, report: report, windows: NewWindows()}
}

// reservation is one call that is taken from a budget.
type reservation struct {
	window       *Window
	mayBeRefused bool // it counts as refused until it has ended
	refused      bool
	half         Rate
}

// Verify asks next; or denies (Throttled, with the rest of the period) where the
// budget is spent.
func (b *Budget) Verify(ctx context.Context, c Credential) (Decision, error) {
	limit := b.limit()
	if limit.Calls == 0 {
		return b.next.Verify(ctx, c)
	}
	r, wait := b.reserve(c, limit)
	if wait > 0 {
		b.reportExhausted(limit, wait)
		return Decision{Denial: Denial{Reason: Throttled, RetryAfter: wait}}, nil
	}
	defer b.release(r)
	d, err := b.next.Verify(ctx, c)
	r.refused = d.Refused()
	return d, err
}

// reserve takes one call from the budget, or returns how long there is none.
func (b *Budget) reserve(c Credential, limit Rate) (r *reservation, wait time.Duration) {
	name := ""
	if b.perKey {
		name = c.Token
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	w := b.windows.At(name)
	r = &reservation{window: w, mayBeRefused: !b.perKey && !c.Known, half: limit.half()}
	now := b.now()
	w.roll(limit.Period, now)
	if w.calls >= limit.Calls {
		wait = w.remaining(limit.Period, now)
		return r, wait
	}
	if r.mayBeRefused {
		wait = w.Wait(r.half, now)
	}
	if wait > 0 {
		return r, wait
	}
	if r.mayBeRefused {
		w.Begin()
	}
	w.start(now)
	w.calls++
	return r, 0
}

// release ends a reservation, and counts it as refused if it was.
func (b *Budget) release(r *reservation) {
	defer recoverPanic()
	if !r.mayBeRefused {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	r.window.End(r.refused, r.half, b.now())
}

// reportExhausted reports that the budget is spent, once in a period.
func (b *Budget) reportExhausted(limit Rate, wait time.Duration) {
	now := b.now()
	b.mu.Lock()
	age := now.Sub(b.reported)
	due := age < 0 || age >= limit.Period
	if due {
		b.reported = now
	}
	b.mu.Unlock()
	if due {
		b.report("error", "budget spent", fmt.Sprintf("%d calls in %s; unknown credentials get 429, for %s more",
			limit.Calls, limit.Period, wait.Round(time.Second)))
	}
}
