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
	openAfter = 5                // faults in a row
	openFor   = 10 * time.Second // then one is let through to see
)

// Circuit leaves an upstream alone that is plainly down, so that clients get
// their answer at once and the upstream gets a rest: after five faults in a
// row (transport faults, time-outs, 5xx) it opens. They have to come from two
// credentials at least: one at which the upstream stumbles is no outage.
// Whatever else the upstream says shows that it is there.
type Circuit struct {
	next   Verifier
	now    func() time.Time
	report Report

	mu     sync.Mutex
	row    int      // faults in a row
	first  [32]byte // the digest of the credential that began the row
	others bool     // the row has faults of others too
	open   bool
	until  time.Time // nobody is let through before
	trial  time.Time // when the one that is under way began; zero: none is
}

// NewCircuit puts a circuit before next.
func NewCircuit(next Verifier, now func() time.Time, report Report) *Circuit {
	return &Circuit{next: next, now: now, report: report}
}

// passage is one question that is let through.
type passage struct {
	trial      bool
	credential Credential
	asked      bool // next has returned
	called     bool // the upstream was called
	fault      bool
}

// Verify asks next, or answers at once that the upstream is left alone.
func (y *Circuit) Verify(ctx context.Context, c Credential) (Decision, error) {
	p, wait := y.enter(c)
	if wait > 0 {
		return NoAnswer(ErrUnavailable, "left alone for a while", Denial{RetryAfter: wait})
	}
	defer y.leave(p)
	d, err := y.next.Verify(ctx, c)
	p.fault = errors.Is(err, ErrFault)
	p.called = err != nil || d.Allowed || d.Denial.HTTP != 0
	p.asked = true
	return d, err
}

// enter lets a question through, or says how long to wait.
func (y *Circuit) enter(c Credential) (p *passage, wait time.Duration) {
	p = &passage{credential: c}
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
	if age := now.Sub(y.trial); age >= 0 && age < trialLimit {
		return p, time.Second
	}
	y.trial = now
	p.trial = true
	return p, 0
}

// leave draws the conclusion. A question that the upstream never got, or that
// ended in a panic, proves nothing.
func (y *Circuit) leave(p *passage) {
	defer guard()
	y.mu.Lock()
	well := p.asked && !p.fault && !p.trial && !y.open && y.row == 0
	y.mu.Unlock()
	if well {
		return // as nearly always, and there is nothing to conclude
	}
	before, open := y.settle(p)
	if open && !before {
		y.report("error", "circuit open", "five faults in a row: unknown credentials get an error at once, and one in ten seconds is let through to see")
	}
	if before && !open {
		y.report("info", "circuit closed", "the upstream answers again")
	}
}

// settle tells whether the circuit was open before, and is now.
func (y *Circuit) settle(p *passage) (before, open bool) {
	y.mu.Lock()
	defer y.mu.Unlock()
	before = y.open
	if p.trial {
		y.trial = time.Time{}
	}
	if p.asked && p.called && (p.trial || !y.open) {
		y.conclude(p)
	}
	open = y.open
	return before, open
}

// conclude counts what the upstream did. The caller holds the lock.
func (y *Circuit) conclude(p *passage) {
	if !p.fault {
		y.row, y.open = 0, false
		y.others = false
		return
	}
	c := p.credential
	digest := sha256.Sum256([]byte(fmt.Sprintf("%q%q%q", c.Token, c.User, c.Password)))
	if y.row == 0 {
		y.first = digest
	}
	y.others = y.others || digest != y.first
	y.row++
	if p.trial || (y.row >= openAfter && y.others) {
		y.open = true
		y.until = y.now().Add(openFor)
	}
}
