package verifier

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	failureThreshold = 5                // failures in a row
	openFor          = 10 * time.Second // then one call is made as a probe
)

// CircuitBreaker stops calls to an upstream that is down, so that clients get their
// error at once: five failures in a row (transport failures, time-outs, 5xx) open it.
// They have to come from two credentials at least: a single credential on which the
// upstream fails is no outage, and must not stop the calls of other clients. Any other
// response closes it.
type CircuitBreaker struct {
	next   Verifier
	now    func() time.Time
	report Report

	mu                 sync.Mutex
	failures           int      // in a row
	first              [32]byte // digest of the credential of the first failure
	severalCredentials bool     // the failures come from more than that one
	open               bool
	until              time.Time // no call is made before
	probe              time.Time // when the running probe began; zero: none is running
}

// NewCircuitBreaker puts a circuit breaker before next.
func NewCircuitBreaker(next Verifier, now func() time.Time, report Report) *CircuitBreaker {
	return &CircuitBreaker{next: next, now: now, report: report}
}

// call is one call that the breaker has allowed.
type call struct {
	probe      bool
	credential Credential
	returned   bool // next has returned: it did not panic
	called     bool // the upstream was called
	outage     bool
}

// Verify calls next, or denies at once while the circuit is open.
func (b *CircuitBreaker) Verify(ctx context.Context, c Credential) (Decision, error) {
	current, wait := b.before(c)
	if wait > 0 {
		return NoAnswer(ErrUnavailable, "the circuit is open", Denial{RetryAfter: wait})
	}
	defer b.after(current)
	d, err := b.next.Verify(ctx, c)
	current.outage = errors.Is(err, ErrOutage)
	current.called = err != nil || d.Allowed || d.Denial.HTTP != 0
	current.returned = true
	return d, err
}

// before allows a call, or returns how long the caller has to wait.
func (b *CircuitBreaker) before(c Credential) (current *call, wait time.Duration) {
	current = &call{credential: c}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.open {
		return current, 0
	}
	now := b.now()
	wait = b.until.Sub(now)
	if wait > 0 && wait <= openFor {
		return current, wait
	}
	// A probe that was lost in a panic of the interpreter must not keep the circuit open.
	if age := now.Sub(b.probe); age >= 0 && age < probeLimit {
		return current, time.Second
	}
	b.probe = now
	current.probe = true
	return current, 0
}

// after evaluates a call, and reports where it opens or closes the circuit. A call that
// did not reach the upstream (called), or that ended in a panic (returned), proves
// nothing.
func (b *CircuitBreaker) after(current *call) {
	defer recoverPanic()
	b.mu.Lock()
	usual := current.returned && !current.outage && !current.probe && !b.open && b.failures == 0
	b.mu.Unlock()
	if usual {
		return // nearly every miss: nothing changes, and the rest costs interpreted time
	}
	before, open := b.update(current)
	if open && !before {
		b.report("error", "circuit open", "five failures in a row: unknown credentials get an error at once, and one call in ten seconds is made as a probe")
	}
	if before && !open {
		b.report("info", "circuit closed", "the upstream responds again")
	}
}

// update applies a call's result, and returns whether the circuit was open before and
// whether it is now. While it is open only the probe counts: other results are of calls
// that began before it opened, and say nothing about the upstream now.
func (b *CircuitBreaker) update(current *call) (before, open bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before = b.open
	if current.probe {
		b.probe = time.Time{}
	}
	if current.returned && current.called && (current.probe || !b.open) {
		b.count(current)
	}
	open = b.open
	return before, open
}

// count counts a call's result. The caller holds the lock.
func (b *CircuitBreaker) count(current *call) {
	if !current.outage {
		b.failures, b.open = 0, false
		b.severalCredentials = false
		return
	}
	// A digest, since no credential is kept; quoted, so that parts cannot be confused.
	c := current.credential
	digest := sha256.Sum256([]byte(fmt.Sprintf("%q%q%q", c.Token, c.User, c.Password)))
	if b.failures == 0 {
		b.first = digest
	}
	b.severalCredentials = b.severalCredentials || digest != b.first
	b.failures++
	if current.probe || (b.failures >= failureThreshold && b.severalCredentials) {
		b.open = true
		b.until = b.now().Add(openFor)
	}
}
