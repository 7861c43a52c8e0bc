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

// CircuitBreaker stops calls to an upstream that is down, so that clients are
// answered at once: five failures in a row (transport failures, time-outs, 5xx) open
// it. They have to come from two credentials at least, since one on which the
// upstream fails is no outage. Any other response closes it.
type CircuitBreaker struct {
	next   Verifier
	now    func() time.Time
	report Report

	mu                 sync.Mutex
	failures           int      // in a row
	first              [32]byte // digest of the credential of the first failure
	severalCredentials bool     // the failures are of more than that one
	open               bool
	until              time.Time // no call is made before
	probe              time.Time // when the running probe began; zero: none is running
}

// NewCircuitBreaker puts a circuit breaker before next.
func NewCircuitBreaker(next Verifier, now func() time.Time, report Report) *CircuitBreaker {
	return &CircuitBreaker{next: next, now: now, report: report}
}

// call is one call that the breaker lets pass.
type call struct {
	probe      bool
	credential Credential
	returned   bool // next has returned: it did not panic
	called     bool // the upstream was called
	outage     bool
}

// Verify asks next, or denies at once while the circuit is open.
func (b *CircuitBreaker) Verify(ctx context.Context, c Credential) (Decision, error) {
	k, wait := b.before(c)
	if wait > 0 {
		return NoAnswer(ErrUnavailable, "the circuit is open", Denial{RetryAfter: wait})
	}
	defer b.after(k)
	d, err := b.next.Verify(ctx, c)
	k.outage = errors.Is(err, ErrOutage)
	k.called = err != nil || d.Allowed || d.Denial.HTTP != 0
	k.returned = true
	return d, err
}

// before lets a call pass, or returns how long to wait.
func (b *CircuitBreaker) before(c Credential) (k *call, wait time.Duration) {
	k = &call{credential: c}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.open {
		return k, 0
	}
	now := b.now()
	wait = b.until.Sub(now)
	if wait > 0 && wait <= openFor {
		return k, wait
	}
	if age := now.Sub(b.probe); age >= 0 && age < probeLimit {
		return k, time.Second
	}
	b.probe = now
	k.probe = true
	return k, 0
}

// after evaluates a call. One that did not reach the upstream, or that ended in a
// panic, proves nothing.
func (b *CircuitBreaker) after(k *call) {
	defer recoverPanic()
	b.mu.Lock()
	usual := k.returned && !k.outage && !k.probe && !b.open && b.failures == 0
	b.mu.Unlock()
	if usual {
		return // nearly always: nothing changes, and a miss is spared the rest
	}
	before, open := b.update(k)
	if open && !before {
		b.report("error", "circuit open", "five failures in a row: unknown credentials get an error at once, and one call in ten seconds is made as a probe")
	}
	if before && !open {
		b.report("info", "circuit closed", "the upstream answers again")
	}
}

// update returns whether the circuit was open before, and whether it is now.
func (b *CircuitBreaker) update(k *call) (before, open bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before = b.open
	if k.probe {
		b.probe = time.Time{}
	}
	if k.returned && k.called && (k.probe || !b.open) {
		b.count(k)
	}
	open = b.open
	return before, open
}

// count counts a call's result. The caller holds the lock.
func (b *CircuitBreaker) count(k *call) {
	if !k.outage {
		b.failures, b.open = 0, false
		b.severalCredentials = false
		return
	}
	c := k.credential
	digest := sha256.Sum256([]byte(fmt.Sprintf("%q%q%q", c.Token, c.User, c.Password)))
	if b.failures == 0 {
		b.first = digest
	}
	b.severalCredentials = b.severalCredentials || digest != b.first
	b.failures++
	if k.probe || (b.failures >= failureThreshold && b.severalCredentials) {
		b.open = true
		b.until = b.now().Add(openFor)
	}
}
