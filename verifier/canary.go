package verifier

import (
	"context"
	"crypto/rand"
	"sync"
	"time"
)

// distrustPeriod is how long a distrusted upstream is not called.
const distrustPeriod = 60 * time.Second

// Canary allows no credential before the upstream has denied a made-up one. Many
// faults make an upstream accept every credential: a path that is not protected, a
// proxy that answers 200 to all requests, an API that reads the body before the key.
// Once the made-up credential is denied as documented, the upstream is trusted for as
// long as the scope lives.
type Canary struct {
	next   Verifier
	fake   Fake
	now    func() time.Time
	report Report

	mu         sync.Mutex
	trusted    bool
	distrusted bool
	until      time.Time // a distrusted upstream is not called before
	reported   string    // the problem that was reported last
	running    *probe    // nil: none
}

// Fake is how an API's fake credential is made, and how its denial is recognized.
type Fake struct {
	// Make makes, of at least 288 random bytes, a credential of the API's own
	// shape that cannot be valid.
	Make func(random []byte, now time.Time) Credential

	// Rejected tells whether a denial of it shows that credentials are checked.
	Rejected func(d Denial) bool

	// Hint names the configuration's key to correct where it was accepted. It ends
	// the log line.
	Hint string
}

// probe is one call about a fake credential. Its fields are final once done is closed.
type probe struct {
	begun        time.Time
	done         chan struct{}
	passed       bool
	inconclusive bool     // denied, but not as a check of credentials does
	completed    bool     // it did not panic
	outcome      Decision // unless passed: what the waiting callers get
	err          error
}

// NewCanary puts a canary before next.
func NewCanary(next Verifier, fake Fake, now func() time.Time, report Report) *Canary {
	return &Canary{next: next, fake: fake, now: now, report: report}
}

// Verify calls next, and holds an allowing answer until the upstream is trusted. The
// probe runs beside the call and has the same deadline, but ends with no caller: others
// wait for it too. So ctx needs a deadline. A denial is returned at once, since an
// upstream without a check denies no credential.
func (c *Canary) Verify(ctx context.Context, credential Credential) (Decision, error) {
	c.mu.Lock()
	trusted := c.trusted
	c.mu.Unlock()
	if trusted {
		return c.next.Verify(ctx, credential)
	}
	p, wait := c.begin(ctx)
	if wait > 0 {
		return distrusted(wait)
	}
	d, err := c.next.Verify(ctx, credential)
	if p == nil || err != nil || !d.Allowed {
		return d, err
	}
	if !await(ctx, p.done) {
		return NoAnswer(ErrUnavailable, "the canary got no response in time", Denial{})
	}
	if !p.passed {
		return p.outcome, p.err
	}
	return d, nil
}

// begin returns the probe that an allowing answer has to wait for (nil: the
// upstream is trusted), or how long a distrusted upstream is not called.
func (c *Canary) begin(ctx context.Context) (p *probe, wait time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.trusted {
		return nil, 0
	}
	now := c.now()
	wait = c.until.Sub(now)
	if wait > 0 && wait <= distrustPeriod {
		return nil, wait
	}
	// A probe that was lost must not block all callers for ever.
	lost := c.running != nil && (now.Sub(c.running.begun) >= probeLimit || now.Before(c.running.begun)) // or the clock was set back
	if c.running == nil || lost {
		c.running = newProbe(now)
		deadline, _ := ctx.Deadline()
		go c.run(c.running, deadline)
	}
	return c.running, 0
}

// distrusted is what callers get while the upstream is not called.
func distrusted(wait time.Duration) (Decision, error) {
	return NoAnswer(ErrDistrusted, "it accepts credentials that cannot be valid", Denial{Reason: Distrusted, RetryAfter: wait})
}

// newProbe returns a probe that counts as failed until it has run: one that panics
// proves nothing.
func newProbe(now time.Time) *probe {
	p := &probe{begun: now, done: make(chan struct{})}
	p.outcome, p.err = NoAnswer(ErrUnavailable, "the canary failed", Denial{})
	return p
}

// run verifies a fake credential and wakes the callers that wait for the outcome.
func (c *Canary) run(p *probe, deadline time.Time) {
	defer c.finish(p)
	defer recoverPanic()
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	random := make([]byte, 288)
	if _, err := rand.Read(random); err != nil {
		return
	}
	fake := c.fake.Make(random, c.now())
	fake.Known = true // made here, so that no client is charged for it
	d, err := c.next.Verify(ctx, fake)
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
	p.passed = c.fake.Rejected(d.Denial)
	p.inconclusive = !p.passed
}

// problem is why a probe proves nothing, in the cases that no other verifier reports;
// empty: none of those.
func (p *probe) problem() string {
	if !p.completed {
		return "a panic while the canary was run"
	}
	if p.inconclusive {
		return "a credential that cannot be valid was denied, but not as the API's documents say"
	}
	return ""
}

// finish applies the outcome of a probe, and reports it if it changes anything.
func (c *Canary) finish(p *probe) {
	defer recoverPanic()
	problem := p.problem()
	event := c.update(p, problem)
	close(p.done)
	switch event {
	case "distrusted":
		c.report("error", event, "a credential that cannot be valid was accepted; every unknown one gets an error: "+c.fake.Hint)
	case "outage":
		c.report("error", event, problem+"; no unknown credential is allowed")
	case "trusted":
		c.report("info", event, "a credential that cannot be valid is denied again")
	}
}

// update applies a probe's outcome, and returns the event to report; empty where
// nothing has changed.
func (c *Canary) update(p *probe, problem string) (event string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	accepted := p.outcome.Denial.Reason == Distrusted
	before, reported := c.distrusted, c.reported
	if c.running == p {
		c.running = nil // a later one goes on
	}
	c.trusted = p.passed
	c.reported = problem
	c.distrusted = (before || accepted) && !p.passed
	if accepted {
		c.until = c.now().Add(distrustPeriod)
	}
	switch {
	case accepted && !before:
		return "distrusted"
	case problem != "" && problem != reported:
		return "outage"
	case p.passed && before:
		return "trusted"
	}
	return ""
}
