package verifier

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"
)

// distrustPeriod is how long a distrusted upstream is not called.
const distrustPeriod = 60 * time.Second

// After a probe that proved nothing, no other is made for minRest, and for twice as long
// each time while that goes on, up to maxRest.
const (
	// trustPeriod is how long one proof is enough.
	trustPeriod = 10 * time.Minute
	// trustCount is how many unknown credentials in a row may be allowed, without one
	// denial, before another proof is wanted at once.
	trustCount = 20
	// probeInterval is how long a trusted upstream is not probed again after a probe
	// that proved nothing.
	probeInterval = 10 * time.Second
)

const (
	minRest = time.Second
	maxRest = 10 * time.Second
)

// rest is the time for which an upstream that is not trusted is not probed again. Each
// unknown credential would cause another probe otherwise.
type rest struct {
	after  *probe // that proved nothing; nil: there was none
	begun  time.Time
	length time.Duration
}

// extend begins a rest after a probe that proved nothing.
func (r *rest) extend(p *probe, now time.Time) {
	length := minRest
	if r.after != nil && within(r.begun, r.length+maxRest, now) {
		length = 2 * r.length
	}
	if length > maxRest {
		length = maxRest
	}
	r.after, r.begun, r.length = p, now, length
}

// holding returns the probe whose outcome counts still; nil: another may be made.
func (r *rest) holding(now time.Time) *probe {
	if r.after == nil || !within(r.begun, r.length, now) {
		return nil
	}
	return r.after
}

// within tells whether less than a period has passed since an instant. Where the clock
// was set back it has not: what depends on it is done at once.
func within(since time.Time, period time.Duration, now time.Time) bool {
	age := now.Sub(since)
	return age >= 0 && age < period
}

// Fake is how an API's fake credential is made.
type Fake struct {
	// Make makes, of at least 288 random bytes, a credential of the API's own
	// shape that cannot be valid.
	Make func(random []byte, now time.Time) Credential

	// Hint names the configuration's key to correct where it was accepted. It ends
	// the log line.
	Hint string
}

// probe is one call about a fake credential. Its fields are final once done is closed.
type probe struct {
	begun        time.Time
	done         chan struct{}
	passed       bool
	inconclusive bool     // denied, but not as an unknown credential
	completed    bool     // it did not panic
	outcome      Decision // unless passed: what the waiting callers get
	err          error
}

// newProbe returns a probe that counts as failed until it has run: one that panics
// proves nothing.
func newProbe(now time.Time) *probe {
	p := &probe{begun: now, done: make(chan struct{})}
	p.outcome, p.err = NoAnswer(ErrUnavailable, "the canary failed", Denial{})
	return p
}

// distrusted is what callers get while the upstream is not called.
func distrusted(wait time.Duration) (Decision, error) {
	return NoAnswer(ErrDistrusted, "it accepts credentials that cannot be valid", Denial{Reason: Distrusted, RetryAfter: wait})
}

// ask verifies a fake credential with next, until the deadline. The call counts as one
// about cause does.
func (p *probe) ask(next Verifier, fake Fake, cause Credential, deadline time.Time) {
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	random := make([]byte, 288)
	if _, err := rand.Read(random); err != nil {
		return
	}
	c := countedAs(fake.Make(random, p.begun), cause)
	d, err := next.Verify(ctx, c)
	p.completed = true
	if err != nil {
		p.outcome, p.err = d, err
		return
	}
	if d.Allowed {
		p.outcome, p.err = distrusted(distrustPeriod)
		return
	}
	if d.Denial.Reason == Throttled { // proves nothing; the callers wait as long
		p.outcome.Denial.RetryAfter = d.Denial.RetryAfter
		return
	}
	p.passed = d.Denial.Unknown
	p.inconclusive = !p.passed
}

// precede lets a probe go before a call where one call is all of the budget: beside the
// call it might never get that, and no credential would ever be allowed.
func (p *probe) precede(ctx context.Context, credential Credential) {
	if p != nil && credential.Budget.Calls == 1 {
		await(ctx, p.done)
	}
}

// countedAs returns a fake credential whose call counts as one about cause does: here is
// where whatever says how a call is counted is copied from cause.
func countedAs(fake, cause Credential) Credential {
	fake.Budget = cause.Budget
	fake.Parts = cause.Parts // what is sent beside it may select what is checked
	fake.Known = true        // made here, so that no client is charged for it
	return fake
}

// unproven is what a caller gets whose credential was allowed, but not the upstream
// proven. It is the client's fault in no case, so it is an error of its own.
func (p *probe) unproven() (Decision, error) {
	if errors.Is(p.err, ErrDistrusted) {
		return p.outcome, p.err
	}
	if !p.completed {
		return NoAnswer(ErrNotAsked, p.problem(), Denial{}) // a panic of ours says nothing of the credential: it is asked about again at once
	}
	err := fmt.Errorf("%w: %s", ErrUnproven, p.err.Error())
	return p.outcome, err
}

// accepted tells whether the upstream has allowed the fake credential.
func (p *probe) accepted() bool {
	return p.outcome.Denial.Reason == Distrusted
}

// problem is why a probe proves nothing, in the cases that no other verifier reports;
// empty: none of those.
func (p *probe) problem() string {
	if !p.completed {
		return "a panic while the canary was run"
	}
	if p.inconclusive {
		return "a credential that cannot be valid was denied, but not as an unknown one"
	}
	return ""
}
