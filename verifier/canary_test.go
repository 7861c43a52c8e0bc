package verifier

import (
	"context"
	"encoding/hex"
	"errors"
	"testing"
	"time"
)

var validCredential = Credential{Kind: Bearer, Token: "valid"}

// canaryFixture is a canary in front of an upstream that allows validCredential, and
// gives all others, the fake credentials among them, one response.
type canaryFixture struct {
	*fixture
	canary *Canary

	validCalls int        // about validCredential
	probes     int        // about other credentials
	fake       Credential // of the last of them
	validUntil time.Time  // when the last call about validCredential had to end
	fakeUntil  time.Time  // when the last of the others had to
}

func newCanaryFixture(t *testing.T, fakeResponse verifierFunc) *canaryFixture {
	f := &canaryFixture{fixture: newFixture(t, fakeResponse)}
	fake := Fake{
		Make: func(random []byte, _ time.Time) Credential {
			return Credential{Kind: Bearer, Token: hex.EncodeToString(random[:16])}
		},
		Hint: "correct url or path",
	}
	f.canary = NewCanary(verifierFunc(f.serve), fake, f.clock.Now, f.log.report)
	return f
}

func (f *canaryFixture) serve(ctx context.Context, c Credential) (Decision, error) {
	deadline, _ := ctx.Deadline()
	f.mu.Lock()
	if c.Token == validCredential.Token {
		f.validCalls++
		f.validUntil = deadline
		f.mu.Unlock()
		return allow(ctx, c)
	}
	f.probes++
	f.fake = c
	f.fakeUntil = deadline
	f.mu.Unlock()
	return f.upstream(ctx, c)
}

func (f *canaryFixture) expectAllowed() {
	f.t.Helper()
	if d, err := f.canary.Verify(callContext(f.t), validCredential); !d.Allowed || err != nil {
		f.t.Fatalf("%+v (%v)", d, err)
	}
}

// expectError expects a denial beside an error of that kind.
func (f *canaryFixture) expectError(kind error, reason Reason, wait time.Duration) {
	f.t.Helper()
	d, err := f.canary.Verify(callContext(f.t), validCredential)
	if d.Allowed || !errors.Is(err, kind) || d.Denial.Reason != reason || d.Denial.RetryAfter != wait {
		f.t.Fatalf("%+v (%v), want %v, %s for %s", d, err, kind, reason, wait)
	}
}

func (f *canaryFixture) expectCalls(valid, probes int) {
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.validCalls != valid || f.probes != probes {
		f.t.Fatalf("%d calls about the valid credential, %d probes; want %d, %d", f.validCalls, f.probes, valid, probes)
	}
}

func TestCanary(t *testing.T) {
	t.Run("an upstream that denies a fake credential as unknown is trusted", func(t *testing.T) {
		f := newCanaryFixture(t, deny)
		for range [5]int{} {
			f.expectAllowed()
		}
		f.expectCalls(5, 1)
		f.log.expect(t)
	})

	t.Run("an upstream that accepts a fake credential is not called for a minute, and recovers", func(t *testing.T) {
		f := newCanaryFixture(t, allow)
		f.expectError(ErrDistrusted, Distrusted, distrustPeriod)
		f.expectCalls(1, 1)
		f.log.expect(t, "error distrusted: a credential that cannot be valid was accepted; every unknown one gets an error: correct url or path")
		f.expectError(ErrDistrusted, Distrusted, distrustPeriod)
		f.clock.move(distrustPeriod - time.Nanosecond)
		f.expectError(ErrDistrusted, Distrusted, time.Nanosecond)
		f.expectCalls(1, 1)
		f.clock.move(time.Nanosecond)
		f.expectError(ErrDistrusted, Distrusted, distrustPeriod)
		f.expectCalls(2, 2)
		f.log.expect(t) // it is reported once
		f.clock.move(distrustPeriod)
		f.respond(deny)
		f.expectAllowed()
		f.log.expect(t, "info trusted: ")
		f.expectAllowed()
		f.expectCalls(4, 3)
	})

	t.Run("after a clock is set back it is called at once", func(t *testing.T) {
		f := newCanaryFixture(t, allow)
		f.expectError(ErrDistrusted, Distrusted, distrustPeriod)
		f.clock.move(-time.Hour)
		f.respond(deny)
		f.expectAllowed()
	})

	t.Run("after a clock is set back no caller waits for a probe that was lost", func(t *testing.T) {
		f := newCanaryFixture(t, deny)
		lost := newProbe(f.clock.Now())
		f.canary.running = lost
		f.clock.move(-time.Hour)
		f.expectAllowed()
		f.expectCalls(1, 1)
		next := newProbe(f.clock.Now())
		f.canary.running = next
		f.canary.finish(lost) // late, and no concern of the later one's
		if f.canary.running != next {
			t.Error("a late end of a lost probe ends another one")
		}
	})
}

func TestCanaryRest(t *testing.T) {
	t.Run("a denial counts while the upstream is not probed", func(t *testing.T) {
		f := newCanaryFixture(t, unavailable)
		f.expectError(ErrUnavailable, Unavailable, 0)
		f.respond(deny)
		d, err := f.canary.Verify(callContext(t), Credential{Kind: Bearer, Token: "other"})
		if err != nil || d.Denial.Reason != Invalid {
			t.Errorf("%+v (%v)", d, err)
		}
		f.expectError(ErrUnavailable, Unavailable, 0)
	})

	t.Run("after ten quiet seconds it is a second again", func(t *testing.T) {
		f := newCanaryFixture(t, unavailable)
		for range [4]int{} {
			f.expectError(ErrUnavailable, Unavailable, 0)
			f.clock.move(maxRest)
		}
		f.clock.move(maxRest)
		f.expectError(ErrUnavailable, Unavailable, 0)
		f.clock.move(minRest)
		f.respond(deny)
		f.expectAllowed()
	})

	t.Run("after a clock is set back it is probed at once", func(t *testing.T) {
		f := newCanaryFixture(t, unavailable)
		f.expectError(ErrUnavailable, Unavailable, 0)
		f.clock.move(-time.Hour)
		f.respond(deny)
		f.expectAllowed()
	})

	t.Run("an upstream that has become distrusted does not rest", func(t *testing.T) {
		f := newCanaryFixture(t, unavailable)
		f.expectError(ErrUnavailable, Unavailable, 0)
		f.clock.move(minRest)
		f.respond(allow)
		f.expectError(ErrDistrusted, Distrusted, distrustPeriod)
		f.clock.move(distrustPeriod)
		f.respond(deny)
		f.expectAllowed()
	})
}

func TestCanaryPanic(t *testing.T) {
	t.Run("no credential is allowed, and the next probe is made at once: a panic is no answer", func(t *testing.T) {
		f := newCanaryFixture(t, func(context.Context, Credential) (Decision, error) { panic("in the verifier") })
		for range [3]int{} {
			f.expectError(ErrNotAsked, Unavailable, 0)
		}
		f.respond(deny)
		f.expectAllowed()
		f.expectCalls(4, 4)
		f.log.expect(t, "error outage: a panic while the canary was run; no unknown credential is allowed")
	})
}

func TestCanaryInconclusive(t *testing.T) {
	wrongPath := func(context.Context, Credential) (Decision, error) {
		return NoAnswer(ErrMisconfigured, "wrong path", Denial{})
	}
	rateLimited := func(context.Context, Credential) (Decision, error) {
		return Decision{Denial: Denial{Reason: Throttled, RetryAfter: 7 * time.Second}}, nil
	}
	for _, c := range []struct {
		name     string
		response verifierFunc
		kind     error
		wait     time.Duration
		line     string
	}{
		{"an upstream that is down", unavailable, ErrUnavailable, 0, ""},
		{"an upstream that limits calls", rateLimited, ErrUnavailable, 7 * time.Second, ""},
		{"a wrong configuration", wrongPath, ErrUnproven, 0, ""},
		{
			"a denial about something else", denyWith(Invalid, 401), ErrUnavailable, 0,
			"error outage: a credential that cannot be valid was denied, but not as an unknown one; no unknown credential is allowed",
		},
	} {
		t.Run("with "+c.name+" no credential is allowed, and the next probe is made after a second, then after twice as long", func(t *testing.T) {
			f := newCanaryFixture(t, c.response)
			calls := 0
			for i, rest := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, maxRest, maxRest} {
				for range [3]int{} {
					f.expectError(c.kind, Unavailable, c.wait)
					calls++
				}
				f.clock.move(rest - time.Nanosecond)
				f.expectError(c.kind, Unavailable, c.wait)
				calls++
				f.expectCalls(calls, i+1)
				f.clock.move(time.Nanosecond)
			}
			f.respond(deny)
			f.expectAllowed()
			f.expectCalls(calls+1, 7)
			if c.line == "" {
				f.log.expect(t)
			} else {
				f.log.expect(t, c.line)
			}
		})
	}
}
