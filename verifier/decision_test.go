package verifier

import (
	"errors"
	"testing"
	"time"
)

func TestDecision(t *testing.T) {
	t.Run("its zero value denies, and is no refusal", func(t *testing.T) {
		if d := (Decision{}); d.Allowed || d.Refused() {
			t.Errorf("%+v", d)
		}
	})

	t.Run("only a denial by the upstream, about the credential, is a refusal", func(t *testing.T) {
		refusals := map[Reason]bool{Invalid: true, Expired: true, Forbidden: true, Unprocessable: true}
		for _, reason := range []Reason{
			Missing, Malformed, Ambiguous, Invalid, Expired, Forbidden, Requirement, Unprocessable, Throttled, Unavailable, Distrusted, Configuration,
		} {
			denial := Denial{Reason: reason, HTTP: 401}
			if got := (Decision{Denial: denial}).Refused(); got != refusals[reason] {
				t.Errorf("%s by the upstream: %v", reason, got)
			}
			if (Decision{Denial: Denial{Reason: reason}}).Refused() {
				t.Errorf("%s without a call is a refusal", reason)
			}
			if (Decision{Allowed: true, Denial: denial}).Refused() {
				t.Errorf("%s beside an allowing answer is a refusal", reason)
			}
		}
	})
}

func TestNoAnswer(t *testing.T) {
	t.Run("it denies, and its error has the kind and the cause", func(t *testing.T) {
		d, err := NoAnswer(ErrMisconfigured, "wrong path", Denial{HTTP: 404, RetryAfter: time.Second})
		if d.Allowed || d.Denial != (Denial{Reason: Unavailable, HTTP: 404, RetryAfter: time.Second}) {
			t.Errorf("%+v", d)
		}
		if !errors.Is(err, ErrMisconfigured) || errors.Is(err, ErrUnavailable) || err.Error() != "misconfigured: wrong path" {
			t.Errorf("%v", err)
		}
	})

	t.Run("a reason that is given is kept", func(t *testing.T) {
		if d, _ := NoAnswer(ErrDistrusted, "x", Denial{Reason: Distrusted}); d.Denial.Reason != Distrusted {
			t.Errorf("%+v", d)
		}
	})

	t.Run("an outage is unavailable, and not the other way round", func(t *testing.T) {
		if !errors.Is(ErrOutage, ErrUnavailable) || errors.Is(ErrUnavailable, ErrOutage) || ErrOutage.Error() != "unavailable" {
			t.Errorf("%v", ErrOutage)
		}
	})
}
