package verifier

import (
	"context"
	"errors"
	"sync"
	"time"
)

// recoverAfter is how long an upstream has to answer before its outage counts as
// over: where half of the calls fail, that is one outage, and not a hundred.
const recoverAfter = 10 * time.Second

// maxCauses bounds how many different causes one outage reports.
const maxCauses = 8

// OutageReporter reports that an upstream does not answer, and that it answers
// again: once per change, not per request.
type OutageReporter struct {
	next   Verifier
	now    func() time.Time
	report Report

	mu     sync.Mutex
	causes []string  // reported in this outage; none: there is no outage
	last   time.Time // of the last failure
}

// NewOutageReporter puts an outage reporter before next.
func NewOutageReporter(next Verifier, now func() time.Time, report Report) *OutageReporter {
	return &OutageReporter{next: next, now: now, report: report}
}

// Verify returns what next does.
func (r *OutageReporter) Verify(ctx context.Context, c Credential) (Decision, error) {
	d, err := r.next.Verify(ctx, c)
	if err == nil {
		r.answered()
		return d, nil
	}
	event := "outage"
	if errors.Is(err, ErrMisconfigured) {
		event = "misconfigured"
	}
	r.failed(event, err.Error())
	return d, err
}

// failed reports a cause that this outage has not reported yet.
func (r *OutageReporter) failed(event, cause string) {
	now := r.now()
	r.mu.Lock()
	r.last = now
	reported := len(r.causes) >= maxCauses
	for _, c := range r.causes {
		reported = reported || c == cause
	}
	if !reported {
		r.causes = append(r.causes, cause)
	}
	r.mu.Unlock()
	if !reported {
		r.report("error", event, cause)
	}
}

// answered reports the end of an outage, if there is one and it is over.
func (r *OutageReporter) answered() {
	r.mu.Lock()
	outage := len(r.causes) > 0
	r.mu.Unlock()
	if !outage {
		return // nearly always: a miss is spared the rest
	}
	now := r.now()
	r.mu.Lock()
	over := len(r.causes) > 0 && now.Sub(r.last) >= recoverAfter
	if over {
		r.causes = nil
	}
	r.mu.Unlock()
	if over {
		r.report("info", "recovered", "the upstream gives documented answers again")
	}
}
