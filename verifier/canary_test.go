package verifier

import (
	"context"
	"encoding/hex"
	"errors"
	"sync"
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
	probeTime  time.Duration
}

func newCanaryFixture(t *testing.T, fakeResponse verifierFunc) *canaryFixture {
	f := &canaryFixture{fixture: newFixture(t, fakeResponse)}
	fake := Fake{
		Make: func(random []byte, _ time.Time) Credential {
			return Credential{Kind: Bearer, Token: hex.EncodeToString(random[:16])}
		},
		Rejected: func(d Denial) bool { return d.Reason == Invalid },
		Hint:     "correct url or path",
	}
	f.canary = NewCanary(verifierFunc(f.serve), fake, f.clock.Now, f.log.report)
	return f
}

func (f *canaryFixture) serve(ctx context.Context, c Credential) (Decision, error) {
	f.mu.Lock()
	if c == validCredential {
		f.validCalls++
		f.mu.Unlock()
		return allow(ctx, c)
	}
	f.probes++
	f.fake = c
	deadline, _ := ctx.Deadline()
	f.probeTime = time.Until(deadline)
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
	t.Run("an upstream that denies a fake credential is trusted from then on", func(t *testing.T) {
		f := newCanaryFixture(t, deny)
		for range [5]int{} {
			f.expectAllowed()
			f.clock.move(1000 * time.Hour)
			f.respond(allow) // even if it accepts every credential later
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
		{"a wrong configuration", wrongPath, ErrMisconfigured, 0, ""},
		{"a panic", func(context.Context, Credential) (Decision, error) { panic("in the verifier") }, ErrUnavailable, 0,
			"error outage: a panic while the canary was run; no unknown credential is allowed"},
		{"an undocumented denial", denyWith(Unprocessable, 422), ErrUnavailable, 0,
			"error outage: a credential that cannot be valid was denied, but not as the API's documents say; no unknown credential is allowed"},
	} {
		t.Run("with "+c.name+" no credential is allowed, and each call makes another probe", func(t *testing.T) {
			f := newCanaryFixture(t, c.response)
			for i := 1; i <= 2; i++ {
				f.expectError(c.kind, Unavailable, c.wait)
				f.expectCalls(i, i)
			}
			f.respond(deny)
			f.expectAllowed()
			if c.line == "" {
				f.log.expect(t)
			} else {
				f.log.expect(t, c.line)
			}
		})
	}
}

func TestCanaryWait(t *testing.T) {
	t.Run("a denial does not wait for the probe", func(t *testing.T) {
		denied := Credential{Kind: Bearer, Token: "denied"}
		f := newCanaryFixture(t, nil)
		release := make(chan struct{})
		defer close(release)
		f.respond(func(ctx context.Context, c Credential) (Decision, error) {
			if c != denied {
				<-release
			}
			return deny(ctx, c)
		})
		d, err := f.canary.Verify(callContext(t), denied)
		if err != nil || d.Denial.Reason != Invalid {
			t.Errorf("%+v (%v)", d, err)
		}
	})

	t.Run("a hundred callers make one probe", func(t *testing.T) {
		f := newCanaryFixture(t, nil)
		arrived, release := f.hold(deny)
		allowed := make(chan bool)
		for range [100]int{} {
			go func() {
				d, err := f.canary.Verify(callContext(t), validCredential)
				allowed <- d.Allowed && err == nil
			}()
		}
		<-arrived
		time.Sleep(20 * time.Millisecond)
		close(release)
		for range [100]int{} {
			if !<-allowed {
				t.Error("a caller was denied")
			}
		}
		f.expectCalls(100, 1)
	})

	t.Run("a caller whose time is over does not wait", func(t *testing.T) {
		f := newCanaryFixture(t, nil)
		arrived, release := f.hold(deny)
		defer close(release)
		go func() { <-arrived }()
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
		defer cancel()
		start := time.Now()
		d, err := f.canary.Verify(ctx, validCredential)
		if d.Allowed || !errors.Is(err, ErrUnavailable) || time.Since(start) > 5*time.Second {
			t.Errorf("%+v (%v) after %s", d, err, time.Since(start))
		}
	})
}

func TestCanaryProbe(t *testing.T) {
	t.Run("a probe outlives the caller that began it, and has as much time", func(t *testing.T) {
		f := newCanaryFixture(t, func(ctx context.Context, c Credential) (Decision, error) {
			time.Sleep(30 * time.Millisecond)
			if ctx.Err() != nil {
				return unavailable(ctx, c)
			}
			return deny(ctx, c)
		})
		ctx, leave := context.WithTimeout(context.Background(), 10*time.Second)
		go leave()
		_, _ = f.canary.Verify(ctx, validCredential)
		f.expectAllowed()
		f.expectCalls(2, 1)
		if f.probeTime < 9*time.Second || f.probeTime > 10*time.Second {
			t.Errorf("the probe had %s", f.probeTime)
		}
	})

	t.Run("a fake credential counts against no client's limit", func(t *testing.T) {
		f := newCanaryFixture(t, deny)
		f.expectAllowed()
		if !f.fake.Known {
			t.Error("it counts as a client's new credential")
		}
	})

	t.Run("a probe that does not end is replaced after two minutes", func(t *testing.T) {
		f := newCanaryFixture(t, nil)
		arrived, release := f.hold(deny)
		var calls sync.WaitGroup
		calls.Add(1)
		go func() {
			defer calls.Done()
			_, _ = f.canary.Verify(callContext(t), validCredential)
		}()
		<-arrived
		f.respond(deny)
		f.clock.move(probeLimit)
		f.expectAllowed()
		f.expectCalls(2, 2)
		close(release)
		calls.Wait()
	})
}
