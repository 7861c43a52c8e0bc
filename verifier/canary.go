package verifier

import (
	"context"
	"crypto/rand"
	"sync"
	"time"
)

// distrustFor is how long a distrusted upstream is left alone.
const distrustFor = 60 * time.Second

// Canary believes an upstream's first yes only after the upstream has refused
// a credential that cannot be good. Many faults turn a check into a yes for
// everybody: a path that is not protected, a proxy that answers 200 to all, an
// API that reads the body before the key. Once refused as documented, the
// upstream is trusted for good.
type Canary struct {
	next   Verifier
	junk   Junk
	now    func() time.Time
	report Report

	mu         sync.Mutex
	trusted    bool
	distrusted bool
	until      time.Time // left alone until
	said       string    // the trouble that was reported last
	running    *trial    // nil: none
}

// Junk is what a canary needs to know of an API.
type Junk struct {
	// Make makes, of at least 288 random bytes, a credential of the API's own
	// shape that cannot be good.
	Make func(random []byte, now time.Time) Credential

	// Refused says whether a denial of it shows that credentials are checked.
	Refused func(d Denial) bool

	// Advice names the key of a block to correct when it was accepted.
	Advice string
}

// trial is one question about junk. Its outcome stands once done is closed.
type trial struct {
	begun   time.Time
	done    chan struct{}
	passed  bool
	odd     bool     // refused, but in a way that proves nothing
	ended   bool     // it did not panic
	outcome Decision // unless passed: what to say meanwhile, and why
	err     error
}

// NewCanary puts a canary before next.
func NewCanary(next Verifier, junk Junk, now func() time.Time, report Report) *Canary {
	return &Canary{next: next, junk: junk, now: now, report: report}
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
		return distrust(wait)
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
func (y *Canary) begin(ctx context.Context) (t *trial, wait time.Duration) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.trusted {
		return nil, 0
	}
	now := y.now()
	wait = y.until.Sub(now)
	if wait > 0 && wait <= distrustFor {
		return nil, wait
	}
	if y.running == nil || now.Sub(y.running.begun) >= trialLimit {
		y.running = newTrial(now)
		deadline, _ := ctx.Deadline()
		go y.try(y.running, deadline)
	}
	return y.running, 0
}

func distrust(wait time.Duration) (Decision, error) {
	return NoAnswer(ErrDistrusted, "it accepts what cannot be good", Denial{Reason: Distrusted, RetryAfter: wait})
}

// newTrial begins as failed: a trial that panics has proven nothing.
func newTrial(now time.Time) *trial {
	t := &trial{begun: now, done: make(chan struct{})}
	t.outcome, t.err = NoAnswer(ErrUnavailable, "the canary failed", Denial{})
	return t
}

// try asks about junk and leaves the outcome to everybody who waits for it.
func (y *Canary) try(t *trial, deadline time.Time) {
	defer y.settle(t)
	defer guard()
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	random := make([]byte, 288)
	if _, err := rand.Read(random); err != nil {
		return
	}
	junk := y.junk.Make(random, y.now())
	junk.Known = true // it is ours, and no guess of a client's
	d, err := y.next.Verify(ctx, junk)
	t.ended = true
	if err != nil {
		t.outcome, t.err = d, err
		return
	}
	if d.Allowed {
		t.outcome, t.err = distrust(distrustFor)
		return
	}
	if d.Denial.Reason == Throttled {
		t.outcome.Denial.RetryAfter = d.Denial.RetryAfter
		return
	}
	t.passed = y.junk.Refused(d.Denial)
	t.odd = !t.passed
}

// trouble is why a trial proves nothing, where nobody else reports it.
func (t *trial) trouble() string {
	if !t.ended {
		return "a panic while the canary was asked"
	}
	if t.odd {
		return "a credential that cannot be good was refused, but not as the documents say"
	}
	return ""
}

// settle draws the conclusion of a trial, and reports a change of mind.
func (y *Canary) settle(t *trial) {
	defer guard()
	trouble := t.trouble()
	news := y.conclude(t, trouble)
	close(t.done)
	switch news {
	case "distrusted":
		y.report("error", news, "a credential that cannot be good was accepted; every unknown one gets an error: "+y.junk.Advice)
	case "outage":
		y.report("error", news, trouble+"; no unknown credential is believed")
	case "trusted":
		y.report("info", news, "a credential that cannot be good is refused again")
	}
}

// conclude takes a trial's outcome over, and names the event that it is, if it
// changes anything.
func (y *Canary) conclude(t *trial, trouble string) (news string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	accepted := t.outcome.Denial.Reason == Distrusted
	before, said := y.distrusted, y.said
	y.running = nil
	y.trusted = t.passed
	y.said = trouble
	y.distrusted = (before || accepted) && !t.passed
	if accepted {
		y.until = y.now().Add(distrustFor)
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
