package verifier

import (
	"context"
	"errors"
	"sync"
	"time"
)

// recoverAfter is how long an upstream has to answer before its outage counts as
// over: half of the calls failing is one outage, not a hundred.
const recoverAfter = 10 * time.Second

// maxCauses bounds how many different causes one outage reports.
const maxCauses = 8

// OutageReporter reports that an upstream cannot be asked, and that it can be again:
// once per change, not per request.
type OutageReporter struct {
	next   Verifier
	now    func() time.Time
	report Report

	mu     sync.Mutex
	causes []string // reported in this outage; none: all is well
	last   time.Time
}

// NewOutageReporter puts a watch before next.
func NewOutageReporter(next Verifier, now func() time.Time, report Report) *OutageReporter {
	return &OutageReporter{next: next, now: now, report: report}
}

// Verify returns what next says.
func (w *OutageReporter) Verify(ctx context.Context, c Credential) (Decision, error) {
	d, err := w.next.Verify(ctx, c)
	if err == nil {
		w.answered()
		return d, nil
	}
	event := "outage"
	if errors.Is(err, ErrMisconfigured) {
		event = "misconfigured"
	}
	w.failed(event, err.Error())
	return d, err
}

func (w *OutageReporter) failed(event, cause string) {
	now := w.now()
	w.mu.Lock()
	w.last = now
	known := len(w.causes) >= maxCauses
	for _, c := range w.causes {
		known = known || c == cause
	}
	if !known {
		w.causes = append(w.causes, cause)
	}
	w.mu.Unlock()
	if !known {
		w.report("error", event, cause)
	}
}

func (w *OutageReporter) answered() {
	w.mu.Lock()
	troubled := len(w.causes) > 0
	w.mu.Unlock()
	if !troubled {
		return
	}
	now := w.now()
	w.mu.Lock()
	over := len(w.causes) > 0 && now.Sub(w.last) >= recoverAfter
	if over {
		w.causes = nil
	}
	w.mu.Unlock()
	if over {
		w.report("info", "recovered", "the upstream gives documented answers again")
	}
}
