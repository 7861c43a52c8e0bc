package verifier

import (
	"context"
	"sync"
	"time"
)

// Canary allows no credential before the upstream has denied a made-up one. Many
// faults make an upstream accept every credential: a path that is not protected, a
// proxy that answers 200 to all requests, an API that reads the body before the key.
// Only a denial that says that the credential is not known (Denial.Unknown) is a proof:
// any other may be about the hour, the address or the call, and prove no check at all.
//
// A proof holds for ten minutes, and for twenty unknown credentials that are allowed in
// a row. Then the upstream is probed again, and is trusted meanwhile.
type Canary struct {
	next   Verifier
	fake   Fake
	now    func() time.Time
	report Report

	mu           sync.Mutex
	trusted      bool
	proven       time.Time // when the last probe that passed began
	allowedInRow int       // unknown credentials since then, or since the last denial
	tried        time.Time // when the last probe began
	failed       bool      // it proved nothing
	distrusted   bool
	until        time.Time // a distrusted upstream is not called before
	reported     string    // the problem that was reported last
	running      *probe    // nil: none
	rest         rest      // after probes that proved nothing, while it is not trusted
}

// NewCanary puts a canary before next.
func NewCanary(next Verifier, fake Fake, now func() time.Time, report Report) *Canary {
	return &Canary{next: next, fake: fake, now: now, report: report}
}

// Verify calls next, and holds an allowing answer until the upstream is trusted. The probe
// runs beside the call and has as much time, but ends with no caller, so ctx needs a
// deadline. A denial is returned at once: an upstream without a check denies nothing.
func (c *Canary) Verify(ctx context.Context, credential Credential) (Decision, error) {
	c.mu.Lock()
	trusted := c.trusted
	c.mu.Unlock()
	if trusted {
		return c.verifyTrusted(ctx, credential)
	}
	p, wait := c.begin(ctx, credential)
	if wait > 0 {
		return distrusted(wait)
	}
	p.precede(ctx, credential)
	d, err := c.next.Verify(ctx, credential)
	if p == nil || err != nil || !d.Allowed {
		return d, err
	}
	if !await(ctx, p.done) {
		if ctx.Err() == nil {
			return NoAnswer(ErrNotAsked, "a panic while the canary was awaited", Denial{})
		}
		return NoAnswer(ErrUnproven, "the canary got no response in time", Denial{})
	}
	if !p.passed {
		return p.unproven()
	}
	return d, nil
}

// verifyTrusted calls next, while no answer waits for a probe. A known credential, and
// one that a login has just confirmed, say nothing about the upstream's check.
func (c *Canary) verifyTrusted(ctx context.Context, credential Credential) (Decision, error) {
	if credential.Known || !credential.Issued.IsZero() {
		return c.next.Verify(ctx, credential)
	}
	begun := c.now()
	c.probeAgain(ctx, begun, credential)
	d, err := c.next.Verify(ctx, credential)
	if err != nil {
		return d, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if d.Refused() {
		c.allowedInRow = 0
	}
	if !d.Allowed {
		return d, nil
	}
	if c.distrusted { // found out meanwhile
		return distrusted(distrustPeriod)
	}
	c.allowedInRow++
	if c.allowedInRow == trustCount { // at once: the next client may come late
		now := c.now()
		deadline, _ := ctx.Deadline()
		if within(begun, probeLimit, now) { // the clock was not set meanwhile
			deadline = deadline.Add(now.Sub(begun)) // as much time as the call had
		}
		if c.due(now) {
			c.start(now, deadline, credential)
		}
	}
	return d, nil
}

// probeAgain begins a probe of a trusted upstream beside a call, where one is due.
func (c *Canary) probeAgain(ctx context.Context, now time.Time, credential Credential) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.due(now) {
		deadline, _ := ctx.Deadline()
		c.start(now, deadline, credential)
	}
}

// due tells whether a trusted upstream has to be probed again. The lock is held.
func (c *Canary) due(now time.Time) bool {
	if c.allowedInRow < trustCount && within(c.proven, trustPeriod, now) {
		return false // nearly every time
	}
	if c.failed && within(c.tried, probeInterval, now) {
		return false
	}
	return c.running == nil || !within(c.running.begun, probeLimit, now)
}

// begin returns the probe that an allowing answer has to wait for (nil: the
// upstream is trusted), or how long a distrusted upstream is not called. A probe that
// proved nothing a moment ago is not repeated.
func (c *Canary) begin(ctx context.Context, credential Credential) (p *probe, wait time.Duration) {
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
	if c.running == nil || !within(c.running.begun, probeLimit, now) {
		resting := c.rest.holding(now)
		if resting != nil {
			return resting, 0
		}
		deadline, _ := ctx.Deadline()
		c.start(now, deadline, credential)
	}
	return c.running, 0
}

// start begins a probe, which counts as a call about that credential. The lock is held.
func (c *Canary) start(now, deadline time.Time, cause Credential) {
	p := newProbe(now)
	c.running = p
	c.tried = now
	go c.run(p, deadline, cause)
}

// run makes a probe, and wakes the callers that wait for the outcome.
func (c *Canary) run(p *probe, deadline time.Time, cause Credential) {
	defer c.finish(p)
	defer recoverPanic()
	p.ask(c.next, c.fake, cause, deadline)
}

// finish applies the outcome of a probe, and reports it if it changes anything. A panic
// in it costs no caller but those that wait: the next one gets a probe of its own.
func (c *Canary) finish(p *probe) {
	defer recoverPanic()
	defer c.release(p)
	problem := p.problem()
	event, consequence := c.update(p, problem)
	switch event {
	case "distrusted":
		c.report("error", event, "a credential that cannot be valid was accepted; every unknown one gets an error: "+c.fake.Hint)
	case "outage":
		c.report("error", event, problem+"; "+consequence)
	case "trusted":
		c.report("info", event, "a credential that cannot be valid is denied again")
	}
}

// release wakes the callers that wait for a probe. Like all that is deferred, it recovers
// its own panics.
func (c *Canary) release(p *probe) {
	defer recoverPanic()
	defer close(p.done)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running == p {
		c.running = nil
	}
}

// update applies a probe's outcome. It returns the event to report, empty where nothing
// has changed, and what a problem means for clients.
func (c *Canary) update(p *probe, problem string) (event, consequence string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running != p {
		return "", "" // it was lost, and a later one goes on
	}
	c.running = nil
	accepted := p.accepted()
	before, reported := c.distrusted, c.reported
	c.reported = problem
	c.failed = !p.passed
	switch {
	case p.passed:
		c.trusted, c.distrusted = true, false
		c.proven = p.begun
		c.allowedInRow = 0
		c.rest = rest{}
	case accepted:
		c.trusted, c.distrusted = false, true
		c.until = c.now().Add(distrustPeriod)
		c.rest = rest{}
	case !c.trusted && p.completed: // a panic of ours is no answer of the upstream's, and postpones nothing
		c.rest.extend(p, c.now())
	}
	consequence = "no unknown credential is allowed"
	if c.trusted {
		consequence = "the upstream is trusted until it can be had"
	}
	switch {
	case accepted && !before:
		return "distrusted", consequence
	case problem != "" && problem != reported:
		return "outage", consequence
	case p.passed && before:
		return "trusted", consequence
	}
	return "", consequence
}

// Trust tells whether the upstream has denied a made-up credential, and whether it has
// allowed one.
func (c *Canary) Trust() (trusted, distrusted bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	trusted, distrusted = c.trusted, c.distrusted
	return trusted, distrusted
}
