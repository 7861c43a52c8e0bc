package verifier

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Budget makes no more calls to an upstream than routes allow in a period
// (Credential.Budget): each call counts, whatever its result, and whichever route made
// it. Routes share the count, and each obeys its own limit, so that none can shut
// another one or spend what that one does not allow.
//
// Where clients send application keys of their own, each key has a budget. Where several
// clients share one, calls that bring no allow may take half of it, those of one client
// a tenth; a client without any may go on until a quarter is left, which is kept for
// credentials that were allowed before (Credential.Known).
//
// Each call in flight may yet be refused. Where those of one client may take all of its
// share, and none was refused so far, further ones wait for them: they are a crowd behind
// one address rather than guesses.
type Budget struct {
	next   Verifier
	perKey bool
	shared bool
	whole  bool // each credential has its own, whatever its parts are
	now    func() time.Time
	report Report
	count  SharedCount   // nil: there is none
	most   time.Duration // that a call waits for those before it; maxFollow, but in tests

	mu       sync.Mutex
	ledger   *ledger
	tightest tightest
	reported map[string]time.Time // when each event was reported last
	landing  chan struct{}        // closed when the next call ends; nil: no call waits for that
}

// maxFollow is how long a call waits for those before it, at most half of its time: one
// that is cut off after that would look like an outage.
const maxFollow = 2 * time.Second

// NewBudget puts a budget before next. perKey: each application key has its own. shared:
// the credentials of several clients are checked under one budget.
func NewBudget(next Verifier, perKey, shared bool, now func() time.Time, report Report) *Budget {
	return &Budget{next: next, perKey: perKey, shared: shared, now: now, report: report, most: maxFollow, ledger: newLedger(), reported: map[string]time.Time{}}
}

// ByCredential gives each credential a budget of its own, an account's password included:
// who guesses at an account spends none of what its owner has.
func (b *Budget) ByCredential() *Budget {
	b.whole = true
	return b
}

// SharedCount counts one call under a name and a limit, together with those of others. wait
// is how long is left where the limit is spent, 0 where the call is granted; counted is
// false where nothing is known of the others.
type SharedCount func(name string, limit Rate) (wait time.Duration, counted bool)

// Counting has the calls counted together with others', after the own count has granted
// them.
func (b *Budget) Counting(count SharedCount) *Budget {
	b.count = count
	return b
}

// Verify calls next, or denies without a call where the budget is spent: Throttled, with
// the rest of the period.
func (b *Budget) Verify(ctx context.Context, c Credential) (Decision, error) {
	if ctx.Err() != nil {
		return NoAnswer(ErrNotAsked, "no time was left for a call", Denial{})
	}
	r := b.reserve(c)
	if r.follows {
		r = b.follow(ctx, c)
	}
	if r.wait == 0 && b.count != nil && c.Budget.Calls > 0 {
		b.countShared(r, c)
	}
	if r.wait > 0 {
		b.reportSpent(c.Budget, r.cause, r.wait)
		return Decision{Denial: Denial{Reason: Throttled, RetryAfter: r.wait}}, nil
	}
	defer b.release(r)
	d, err := b.next.Verify(ctx, c)
	r.allowed = d.Allowed && err == nil
	r.refused = !r.allowed && !errors.Is(err, ErrNotAsked)
	return d, err
}

// follow is reserve after the calls in flight have ended that are in the way.
func (b *Budget) follow(ctx context.Context, c Credential) *reservation {
	most := b.most
	deadline, _ := ctx.Deadline()
	half := deadline.Sub(b.now()) / 2
	if half > 0 && half < most { // otherwise there is much time, or the clock was set
		most = half
	}
	limited, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	landing := b.nextLanding()
	r := b.reserve(c)
	for r.follows && limited.Err() == nil {
		await(limited, landing) // also after a panic it is tried again
		landing = b.nextLanding()
		r = b.reserve(c)
	}
	return r
}

// nextLanding returns what is closed when the next call ends.
func (b *Budget) nextLanding() chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.landing == nil {
		b.landing = make(chan struct{})
	}
	landing := b.landing
	return landing
}

// countShared takes one call from what others share as well. What is spent there is given
// back here: no call is made.
func (b *Budget) countShared(r *reservation, c Credential) {
	wait, counted := b.count(b.nameOf(c), c.Budget)
	if !counted || wait <= 0 {
		return
	}
	r.wait, r.cause = wait, spentAll
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ledger.undo(r)
	b.wakeFollowers()
}

// wakeFollowers has those that wait for a call to end try again. The caller holds the lock.
func (b *Budget) wakeFollowers() {
	if b.landing != nil {
		close(b.landing)
		b.landing = nil
	}
}

// nameOf is whose calls are counted; empty: those of all.
func (b *Budget) nameOf(c Credential) string {
	name := ""
	if b.perKey {
		name = c.Token
		if name == "" {
			name = c.User
		}
	}
	if b.whole {
		name = JoinParts([]string{c.Token, c.User, c.Password})
	}
	return name
}

// reserve takes one call from the budget, unless the caller has to wait for one.
func (b *Budget) reserve(c Credential) *reservation {
	name := b.nameOf(c)
	now := b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	r := &reservation{known: c.Known, charged: b.shared && !c.Known, refused: true} // a panic is no answer either
	if c.Budget.Calls == 0 && len(b.ledger.counts) == 0 {
		r.charged = false
		return r // nearly every API: nobody counts
	}
	r.name, r.client = b.ledger.keys(name, c.Client)
	if c.Budget.Calls > 0 {
		own := b.ledger.of(c.Budget.Period, now)
		r.cause, r.wait = b.ledger.wait(own, r, c.Budget, now)
	}
	if r.wait == 0 {
		b.ledger.begin(r, now)
	}
	if c.Budget.Calls > 0 {
		b.tightest.note(b.ledger, r.name, c.Budget, now)
	}
	return r
}

// release ends a reservation. Its call stays counted; it also counts as refused unless
// it brought an allow.
func (b *Budget) release(r *reservation) {
	defer recoverPanic()
	now := b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ledger.end(r, now)
	b.wakeFollowers()
}

// reportSpent reports that a budget, or what refused calls may take of it, is spent:
// once in a period. What one client has spent is its own affair.
func (b *Budget) reportSpent(limit Rate, cause string, wait time.Duration) {
	if cause == "" {
		return
	}
	now := b.now()
	b.mu.Lock()
	age := now.Sub(b.reported[cause])
	due := age < 0 || age >= limit.Period
	if due {
		b.reported[cause] = now
	}
	b.mu.Unlock()
	if due {
		b.report("error", "budget spent", fmt.Sprintf("%d calls in %s; %s, for %s more",
			limit.Calls, limit.Period, cause, wait.Round(time.Second)))
	}
}

// Spent returns the limit that most is spent of, how many calls are left of it, and for how
// long still. A limit of zero: nothing was counted, or that period is over.
func (b *Budget) Spent() (limit Rate, left int, rest time.Duration) {
	now := b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.tightest
	rest = t.until.Sub(now)
	if rest <= 0 || rest > t.limit.Period {
		return Rate{}, 0, 0
	}
	left = t.limit.Calls - t.calls
	if left < 0 {
		left = 0
	}
	return t.limit, left, rest
}
