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
	failureThreshold = 5                // faults in a row
	openFor          = 10 * time.Second // then one is let through to see
)

// CircuitBreaker leaves an upstream alone that is plainly down, so that clients get
// their answer at once and the upstream gets a rest: after five faults in a
// row (transport faults, time-outs, 5xx) it opens. They have to come from two
// credentials at least: one at which the upstream stumbles is no outage.
// Whatever else the upstream says shows that it is there.
type CircuitBreaker struct {
	next   Verifier
	now    func() time.Time
	report Report

	mu                 sync.Mutex
	failures           int      // faults in a row
	first              [32]byte // the digest of the credential that began the row
	severalCredentials bool     // the row has faults of others too
	open               bool
	until              time.Time // nobody is let through before
	probe              time.Time // when the one that is under way began; zero: none is
}

// NewCircuitBreaker puts a circuit before next.
func NewCircuitBreaker(next Verifier, now func() time.Time, report Report) *CircuitBreaker {
	return &CircuitBreaker{next: next, now: now, report: report}
}

// call is one question that is let through.
type call struct {
	probe      bool
	credential Credential
	asked      bool // next has returned
	called     bool // the upstream was called
	outage     bool
}

// Verify asks next, or answers at once that the upstream is left alone.
func (y *CircuitBreaker) Verify(ctx context.Context, c Credential) (Decision, error) {
	p, wait := y.before(c)
	if wait > 0 {
		return NoAnswer(ErrUnavailable, "left alone for a while", Denial{RetryAfter: wait})
	}
	defer y.after(p)
	d, err := y.next.Verify(ctx, c)
	p.outage = errors.Is(err, ErrOutage)
	p.called = err != nil || d.Allowed || d.Denial.HTTP != 0
	p.asked = true
	return d, err
}

// before lets a question through, or says how long to wait.
func (y *CircuitBreaker) before(c Credential) (p *call, wait time.Duration) {
	p = &call{credential: c}
	y.mu.Lock()
	defer y.mu.Unlock()
	if !y.open {
		return p, 0
	}
	now := y.now()
	wait = y.until.Sub(now)
	if wait > 0 && wait <= openFor {
		return p, wait
	}
	if age := now.Sub(y.probe); age >= 0 && age < probeLimit {
		return p, time.Second
	}
	y.probe = now
	p.probe = true
	return p, 0
}

// after draws the conclusion. A question that the upstream never got, or that
// ended in a panic, proves nothing.
func (y *CircuitBreaker) after(p *call) {
	defer recoverPanic()
	y.mu.Lock()
	well := p.asked && !p.outage && !p.probe && !y.open && y.failures == 0
	y.mu.Unlock()
	if well {
		return // as nearly always, and there is nothing to conclude
	}
	before, open := y.update(p)
	if open && !before {
		y.report("error", "circuit open", "five faults in a row: unknown credentials get an error at once, and one in ten seconds is let through to see")
	}
	if before && !open {
		y.report("info", "circuit closed", "the upstream answers again")
	}
}

// update tells whether the circuit was open before, and is now.
func (y *CircuitBreaker) update(p *call) (before, open bool) {
	y.mu.Lock()
	defer y.mu.Unlock()
	before = y.open
	if p.probe {
		y.probe = time.Time{}
	}
	if p.asked && p.called && (p.probe || !y.open) {
		y.count(p)
	}
	open = y.open
	return before, open
}

// count counts what the upstream did. The caller holds the lock.
func (y *CircuitBreaker) count(p *call) {
	if !p.outage {
		y.failures, y.open = 0, false
		y.severalCredentials = false
		return
	}
	c := p.credential
	digest := sha256.Sum256([]byte(fmt.Sprintf("%q%q%q", c.Token, c.User, c.Password)))
	if y.failures == 0 {
		y.first = digest
	}
	y.severalCredentials = y.severalCredentials || digest != y.first
	y.failures++
	if p.probe || (y.failures >= failureThreshold && y.severalCredentials) {
		y.open = true
		y.until = y.now().Add(openFor)
	}
}
