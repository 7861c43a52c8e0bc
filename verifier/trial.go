package verifier

import (
	"context"
	"crypto/rand"
	"errors"
	"time"
)

// openFor is how long an open circuit makes no call; then one is made as a probe.
const openFor = 10 * time.Second

// shownFor is how long a circuit is shown as open after a probe has become due: long enough
// that it shows no gap where credentials that cause one are rare.
const shownFor = time.Minute

// trial is a probe of the circuit breaker's: one call about a fake credential. Its
// fields are final once done is closed.
type trial struct {
	begun     time.Time
	deadline  time.Time
	budget    Rate   // of the route that caused it
	parts     string // of the request that caused it
	done      chan struct{}
	responded bool     // the upstream is there
	failed    bool     // it is not
	outcome   Decision // unless responded: what the caller that waits gets
	err       error
}

// newTrial returns a trial whose outcome, until it has run, is that of one that panics:
// it proves nothing.
func newTrial(begun, deadline time.Time, budget Rate) *trial {
	t := &trial{begun: begun, deadline: deadline, budget: budget, done: make(chan struct{})}
	t.outcome, t.err = circuitIsOpen(time.Second)
	return t
}

// run verifies a fake credential. Any response but an outage shows that the upstream is
// there; whether a fake credential is denied is the canary's to judge. No client is
// charged for it. Without a call nothing is shown.
func (t *trial) run(next Verifier, fake func(random []byte, now time.Time) Credential, now time.Time) {
	if t.deadline.IsZero() {
		return // no call is made without one
	}
	ctx, cancel := context.WithDeadline(context.Background(), t.deadline)
	defer cancel()
	random := make([]byte, 288)
	if _, err := rand.Read(random); err != nil {
		return
	}
	c := fake(random, now)
	c.Known, c.Client, c.Budget, c.Parts = true, "", t.budget, t.parts
	d, err := next.Verify(ctx, c)
	switch {
	case errors.Is(err, ErrOutage):
		t.failed = true
		t.outcome, t.err = circuitIsOpen(openFor)
	case wasCalled(d, err):
		t.responded = true
	case err == nil:
		t.outcome = d // a spent budget
		t.err = err
	}
}

// circuitIsOpen is what callers get while no call is made.
func circuitIsOpen(wait time.Duration) (Decision, error) {
	return NoAnswer(ErrNotAsked, "the circuit is open", Denial{RetryAfter: wait})
}

// wasCalled tells whether the upstream was called for a result. Otherwise it says
// nothing about the upstream.
func wasCalled(d Decision, err error) bool {
	if err != nil {
		return !errors.Is(err, ErrNotAsked)
	}
	return d.Allowed || d.Denial.HTTP != 0
}

// call is one call that the breaker has allowed.
type call struct {
	credential Credential
	generation int
	called     bool // the upstream was called, and next has returned: it did not panic
	err        error
}
