package verifier

import (
	"context"
	"errors"
	"sync"
	"time"
)

// CircuitBreaker stops calls to an upstream that is down, so that clients get their
// error at once: five failures in a row (no connection, time-outs, 5xx) open it. They
// have to come from two credentials at least, and of time-outs and 5xx two of a client
// address count: what the upstream fails on is no outage, and must not stop the calls
// of other clients. Any other response ends the row.
//
// Probes are about fake credentials, since one that a client sent may be the very one
// that the upstream fails on.
type CircuitBreaker struct {
	next   Verifier
	fake   func(random []byte, now time.Time) Credential
	now    func() time.Time
	report Report

	mu         sync.Mutex
	row        failureRow
	open       bool
	generation int       // rises as it opens and as it closes
	until      time.Time // no call is made before
	trial      *trial    // the probe under way; nil: none
}

// NewCircuitBreaker puts a circuit breaker before next. fake makes, of at least 288
// random bytes, a credential that cannot be valid.
func NewCircuitBreaker(next Verifier, fake func(random []byte, now time.Time) Credential, now func() time.Time, report Report) *CircuitBreaker {
	return &CircuitBreaker{next: next, fake: fake, now: now, report: report}
}

// Verify calls next, or denies at once while the circuit is open. The caller with which
// a probe begins waits for it, and is served if the upstream responds.
func (b *CircuitBreaker) Verify(ctx context.Context, c Credential) (Decision, error) {
	current := b.begin(c)
	if current != nil {
		return b.call(ctx, current)
	}
	d, err := b.whileOpen(ctx, c)
	if err != nil || !d.Allowed {
		return d, err
	}
	again := b.begin(c)
	if again == nil {
		return circuitIsOpen(time.Second)
	}
	return b.call(ctx, again)
}

// call calls next and evaluates the result.
func (b *CircuitBreaker) call(ctx context.Context, current *call) (Decision, error) {
	defer b.after(ctx, current)
	d, err := b.next.Verify(ctx, current.credential)
	current.err = err
	current.called = wasCalled(d, err)
	return d, err
}

// begin allows a call; nil: the circuit is open.
func (b *CircuitBreaker) begin(c Credential) *call {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open {
		return nil
	}
	return &call{credential: c, generation: b.generation}
}

// whileOpen returns what a caller gets while the circuit is open; or, once its own
// probe has closed it, a decision that allows: a call.
func (b *CircuitBreaker) whileOpen(ctx context.Context, c Credential) (Decision, error) {
	t, wait := b.join(ctx, c)
	if t == nil {
		return circuitIsOpen(wait)
	}
	if !await(ctx, t.done) {
		return circuitIsOpen(time.Second)
	}
	if t.responded {
		return Decision{Allowed: true}, nil
	}
	return t.outcome, t.err
}

// join starts a probe, where one is due; nil: the caller has to wait for so long.
func (b *CircuitBreaker) join(ctx context.Context, c Credential) (t *trial, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.open {
		return nil, time.Second // it was closed a moment ago
	}
	now := b.now()
	wait = b.until.Sub(now)
	if wait > 0 && wait <= openFor {
		return nil, wait
	}
	t = b.startTrial(ctx, c, now) // due, or the clock was set back
	return t, time.Second
}

// after evaluates a call. Where one client may have caused all failures, a probe
// decides, and the caller waits for it.
func (b *CircuitBreaker) after(ctx context.Context, current *call) {
	defer recoverPanic()
	opened, t := b.evaluate(ctx, current)
	if opened {
		b.reportOpen()
	}
	if t != nil {
		await(ctx, t.done)
	}
}

// evaluate counts a call's result, and tells whether it opened the circuit or started a
// probe. A call that did not reach the upstream, or that ended in a panic, proves
// nothing; and neither does one that began before the circuit opened or closed last.
func (b *CircuitBreaker) evaluate(ctx context.Context, current *call) (opened bool, t *trial) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !current.called || b.open || current.generation != b.generation {
		return false, nil
	}
	switch b.count(current) {
	case anOutage:
		b.trip()
		return true, nil
	case aSuspicion:
		t = b.startTrial(ctx, current.credential, b.now())
		return false, t
	}
	return false, nil
}

// count counts a call's result, and returns what the row suggests. The caller holds the
// lock.
func (b *CircuitBreaker) count(current *call) string {
	if errors.Is(current.err, ErrOutage) {
		return b.row.add(current.credential, current.err)
	}
	if len(b.row.failures) > 0 {
		b.row = failureRow{}
	}
	return noOutage
}

// trip opens the circuit. The caller holds the lock.
func (b *CircuitBreaker) trip() {
	if !b.open {
		b.generation++
	}
	b.open = true
	b.row = failureRow{}
	b.until = b.now().Add(openFor)
}

func (b *CircuitBreaker) reportOpen() {
	b.report("error", "circuit open", "five failures in a row: unknown credentials get an error at once, and one call in ten seconds is made as a probe")
}

// startTrial starts a probe with the caller's deadline, which ctx needs; nil: another one is under way.
// The caller holds the lock.
func (b *CircuitBreaker) startTrial(ctx context.Context, c Credential, now time.Time) *trial {
	if b.trial != nil {
		// One that was lost in a panic of the interpreter must not keep the circuit open.
		age := now.Sub(b.trial.begun)
		if age >= 0 && age < probeLimit {
			return nil
		}
	}
	deadline, _ := ctx.Deadline()
	t := newTrial(now, deadline, c.Budget)
	t.parts = c.Parts
	b.trial = t
	go b.probe(t)
	return t
}

func (b *CircuitBreaker) probe(t *trial) {
	defer b.conclude(t)
	defer recoverPanic()
	t.run(b.next, b.fake, b.now())
}

// conclude applies a probe's result, and wakes the caller that waits for it; that also
// where a panic ends it, so that the next caller gets a probe at once.
func (b *CircuitBreaker) conclude(t *trial) {
	defer recoverPanic()
	defer b.release(t)
	switch b.apply(t) {
	case "closed":
		b.report("info", "circuit closed", "the upstream responds again")
	case "opened":
		b.reportOpen()
	}
}

// release ends a probe. Like all that is deferred, it recovers its own panics.
func (b *CircuitBreaker) release(t *trial) {
	defer recoverPanic()
	defer close(t.done)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.trial == t {
		b.trial = nil
	}
}

// apply applies a probe's result, and returns what changed by it; empty: nothing did.
func (b *CircuitBreaker) apply(t *trial) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.trial != t {
		return "" // another one has taken its place
	}
	b.trial = nil
	before := b.open
	if t.responded {
		b.row = failureRow{}
		b.open = false
	}
	if t.failed {
		b.trip()
	}
	if before && !b.open {
		b.generation++
		return "closed"
	}
	if b.open && !before {
		return "opened"
	}
	return ""
}

// IsOpen tells whether the circuit is shown as open. Nothing ends it but a probe, which a
// client causes: where none has for a while, nobody knows whether the upstream is still down,
// and nobody is kept waiting for it.
func (b *CircuitBreaker) IsOpen() bool {
	now := b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	due := b.until.Sub(now)
	return b.open && due <= openFor && due > -shownFor // or the clock was set back
}
