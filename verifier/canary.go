package verifier

import (
	"context"
	"crypto/rand"
	"sync"
	"time"
)

// distrustPeriod is how long a distrusted upstream is left alone.
const distrustPeriod = 60 * time.Second

// Canary believes an upstream's first yes only after the upstream has refused
// a credential that cannot be good. Many faults turn a check into a yes for
// everybody: a path that is not protected, a proxy that answers 200 to all, an
// API that reads the body before the key. Once refused as documented, the
// upstream is trusted for good.
type Canary struct {
	next   Verifier
	fake   Fake
	now    func() time.Time
	report Report

	mu         sync.Mutex
	trusted    bool
	distrusted bool
	until      time.Time // left alone until
	reported   string    // the trouble that was reported last
	running    *probe    // nil: none
}

// Fake is what a canary needs to know of an API.
type Fake struct {
	// Make makes, of at least 288 random bytes, a credential of the API's own
	// shape that cannot be good.
	Make func(random []byte, now time.Time) Credential

	// Rejected says whether a denial of it shows that credentials are checked.
	Rejected func(d Denial) bool

	// Hint names the key of a block to correct when it was accepted.
	Hint string
}

// probe is one question about junk. Its outcome stands once done is closed.
type probe struct {
	begun        time.Time
	done         chan struct{}
	passed       bool
	inconclusive bool     // refused, but in a way that proves nothing
	completed    bool     // it did not panic
	outcome      Decision // unless passed: what to say meanwhile, and why
	err          error
}

// NewCanary puts a canary before next.
func NewCanary(next Verifier, junk Fake, now func() time.Time, report Report) *Canary {
	return &Canary{next: next, fake: junk, now: now, report: report}
}

// Verify asks next; a yes waits until the upstream is trusted. The trial runs
// beside the question, in a time of its own as long as the question's.
func (y *Canary) Verify(ctx context.Context, c Credential) (Decision, error) {
	y.mu.Lock()
	trusted := y.trusted
	y.mu.Unlock()
	if trusted {
		return y.next.Verify(ctx, c)
	}
	t, wait := y.begin(ctx)
	if wait > 0 {
		return distrusted(wait)
	}
	d, err := y.next.Verify(ctx, c)
	if t == nil || err != nil || !d.Allowed {
		return d, err
	}
	if !await(ctx, t.done) {
		return NoAnswer(ErrUnavailable, "no answer about the canary in time", Denial{})
	}
	if !t.passed {
		return t.outcome, t.err
	}
	return d, nil
}

// begin returns the trial that a yes has to wait for (nil: the upstream is
// trusted), or how long the upstream is left alone.
func (y *Canary) begin(ctx context.Context) (t *probe, wait time.Duration) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.trusted {
		return nil, 0
	}
	now := y.now()
	wait = y.until.Sub(now)
	if wait > 0 && wait <= distrustPeriod {
		return nil, wait
	}
	if y.running == nil || now.Sub(y.running.begun) >= probeLimit {
		y.running = newProbe(now)
		deadline, _ := ctx.Deadline()
		go y.run(y.running, deadline)
	}
	return y.running, 0
}

func distrusted(wait time.Duration) (Decision, error) {
	return NoAnswer(ErrDistrusted, "it accepts what cannot be good", Denial{Reason: Distrusted, RetryAfter: wait})
}

// newProbe begins as failed: a trial that panics has proven nothing.
func newProbe(now time.Time) *probe {
	t := &probe{begun: now, done: make(chan struct{})}
	t.outcome, t.err = NoAnswer(ErrUnavailable, "the canary failed", Denial{})
	return t
}

// run asks about junk and leaves the outcome to everybody who waits for it.
func (y *Canary) run(t *probe, deadline time.Time) {
	defer y.finish(t)
	defer recoverPanic()
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	random := make([]byte, 288)
	if _, err := rand.Read(random); err != nil {
		return
	}
	junk := y.fake.Make(random, y.now())
	junk.Known = true // it is ours, and no guess of a client's
	d, err := y.next.Verify(ctx, junk)
	t.completed = true
	if err != nil {
		t.outcome, t.err = d, err
		return
	}
	if d.Allowed {
		t.outcome, t.err = distrusted(distrustPeriod)
		return
	}
	if d.Denial.Reason == Throttled {
		t.outcome.Denial.RetryAfter = d.Denial.RetryAfter
		return
	}
	t.passed = y.fake.Rejected(d.Denial)
	t.inconclusive = !t.passed
}

// problem is why a trial proves nothing, where nobody else reports it.
func (t *probe) problem() string {
	if !t.completed {
		return "a panic while the canary was asked"
	}
	if t.inconclusive {
		return "a credential that cannot be good was refused, but not as the documents say"
	}
	return ""
}

// finish draws the conclusion of a trial, and reports a change of mind.
func (y *Canary) finish(t *probe) {
	defer recoverPanic()
	trouble := t.problem()
	news := y.update(t, trouble)
	close(t.done)
	switch news {
	case "distrusted":
		y.report("error", news, "a credential that cannot be good was accepted; every unknown one gets an error: "+y.fake.Hint)
	case "outage":
		y.report("error", news, trouble+"; no unknown credential is believed")
	case "trusted":
		y.report("info", news, "a credential that cannot be good is refused again")
	}
}

// update takes a trial's outcome over, and names the event that it is, if it
// changes anything.
func (y *Canary) update(t *probe, trouble string) (news string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	accepted := t.outcome.Denial.Reason == Distrusted
	before, said := y.distrusted, y.reported
	y.running = nil
	y.trusted = t.passed
	y.reported = trouble
	y.distrusted = (before || accepted) && !t.passed
	if accepted {
		y.until = y.now().Add(distrustPeriod)
	}
	switch {
	case accepted && !before:
		return "distrusted"
	case trouble != "" && trouble != said:
		return "outage"
	case t.passed && before:
		return "trusted"
	}
	return ""
}
