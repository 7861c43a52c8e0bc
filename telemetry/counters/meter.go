package counters

import (
	"context"
	"errors"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// Meter is a verifier that counts the calls to an upstream. It stands next to it: what
// the decorators around it answer by themselves is no call.
type Meter struct {
	next verifier.Verifier
	into *Scope
}

// NewMeter puts a meter before next.
func NewMeter(next verifier.Verifier, into *Scope) *Meter {
	return &Meter{next: next, into: into}
}

// Verify returns what next does, unchanged.
func (m *Meter) Verify(ctx context.Context, c verifier.Credential) (verifier.Decision, error) {
	begun := m.into.uptime()
	d, err := m.next.Verify(ctx, c)
	result := resultOf(d, err)
	if result != "" {
		m.into.Call(result, m.into.uptime()-begun)
	}
	return d, err
}

// resultOf is what a call brought; empty: there was none.
func resultOf(d verifier.Decision, err error) string {
	switch {
	case err == nil && d.Allowed:
		return Allow
	case err == nil && d.Denial.Reason == verifier.Throttled:
		return Throttle
	case err == nil:
		return Deny
	case errors.Is(err, verifier.ErrNotAsked):
		return ""
	case errors.Is(err, verifier.ErrMisconfigured):
		return Misconfigured
	case errors.Is(err, verifier.ErrOutage):
		return Unreached
	}
	return Undocumented
}
