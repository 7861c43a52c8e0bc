package verifier

import (
	"context"
	"testing"
	"time"
)

// settle waits until no probe is running.
func (f *canaryFixture) settle() {
	f.t.Helper()
	for end := time.Now().Add(ample); time.Now().Before(end); time.Sleep(time.Millisecond) {
		f.canary.mu.Lock()
		running := f.canary.running != nil
		f.canary.mu.Unlock()
		if !running {
			return
		}
	}
	f.t.Fatal("a probe does not end")
}

// trustedFixture is a canary that has its first proof.
func trustedFixture(t *testing.T) *canaryFixture {
	f := newCanaryFixture(t, deny)
	f.expectAllowed()
	f.expectCalls(1, 1)
	return f
}

// expectProbes verifies the valid credential, is answered, and expects so many probes
// since the beginning.
func (f *canaryFixture) expectProbes(probes int) {
	f.t.Helper()
	f.expectAllowed()
	f.settle()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.probes != probes {
		f.t.Fatalf("%d probes, want %d", f.probes, probes)
	}
}

func TestCanaryAgain(t *testing.T) {
	t.Run("a proof holds for ten minutes", func(t *testing.T) {
		f := trustedFixture(t)
		f.clock.move(trustPeriod - time.Nanosecond)
		f.expectProbes(1)
		f.clock.move(time.Nanosecond)
		f.expectProbes(2)
		f.expectProbes(2)
		f.clock.move(trustPeriod)
		f.expectProbes(3)
		f.log.expect(t)
	})

	t.Run("the old trust holds while it is probed again, and ends once it accepts the fake one", func(t *testing.T) {
		f := trustedFixture(t)
		f.clock.move(trustPeriod)
		arrived, release := f.hold(allow)
		for range [3]int{} {
			f.expectAllowed()
		}
		f.awaitCall(arrived)
		f.expectCalls(4, 2)
		close(release)
		f.settle()
		f.log.expect(t, "error distrusted: ")
		f.expectError(ErrDistrusted, Distrusted, distrustPeriod)
		f.clock.move(distrustPeriod)
		f.respond(deny)
		f.expectAllowed()
		f.log.expect(t, "info trusted: ")
	})

	t.Run("an allow that arrives after the upstream has become distrusted does not count", func(t *testing.T) {
		f := trustedFixture(t)
		f.clock.move(trustPeriod)
		f.respond(allow)
		// This one is allowed only after the probe beside it has ended.
		late := verifierFunc(func(ctx context.Context, c Credential) (Decision, error) {
			if c == validCredential {
				f.settle()
			}
			return f.serve(ctx, c)
		})
		f.canary.next = late
		f.expectError(ErrDistrusted, Distrusted, distrustPeriod)
	})

	t.Run("after a clock is set back it is probed at once", func(t *testing.T) {
		f := trustedFixture(t)
		f.clock.move(-time.Hour)
		f.expectProbes(2)
		f.expectProbes(2)
	})

	t.Run("known credentials, and those of observed logins, neither cause a probe nor count", func(t *testing.T) {
		f := trustedFixture(t)
		f.clock.move(trustPeriod)
		known := Credential{Kind: Bearer, Token: "known", Known: true}
		issued := Credential{Kind: Bearer, Token: "issued", Issued: f.clock.Now()}
		f.canary.next = verifierFunc(func(ctx context.Context, c Credential) (Decision, error) {
			if c == known || c == issued {
				return allow(ctx, c)
			}
			return f.serve(ctx, c)
		})
		for range [100]int{} {
			for _, c := range []Credential{known, issued} {
				if d, err := f.canary.Verify(callContext(t), c); !d.Allowed || err != nil {
					t.Fatalf("%+v (%v)", d, err)
				}
			}
		}
		f.settle()
		f.expectCalls(1, 1)
		f.expectProbes(2)
	})
}

func TestCanaryAgainUnanswered(t *testing.T) {
	for _, c := range []struct {
		name     string
		response verifierFunc
		line     string
	}{
		{"an outage", outage, ""},
		{"a rate limit", denyWith(Throttled, 429), ""},
		{"a denial about something else", denyWith(Forbidden, 403), "error outage: a credential that cannot be valid was denied, but not as an unknown one; the upstream is trusted until it can be had"},
		{"a panic", func(context.Context, Credential) (Decision, error) { panic("in the verifier") }, "error outage: a panic while the canary was run; the upstream is trusted until it can be had"},
	} {
		t.Run("with "+c.name+" the old trust holds, and the next probe is made ten seconds later", func(t *testing.T) {
			f := trustedFixture(t)
			f.clock.move(trustPeriod)
			f.respond(c.response)
			f.expectProbes(2)
			f.expectProbes(2)
			f.clock.move(probeInterval - time.Nanosecond)
			f.expectProbes(2)
			f.clock.move(time.Nanosecond)
			f.expectProbes(3)
			f.clock.move(probeInterval)
			f.respond(deny)
			f.expectProbes(4)
			f.clock.move(probeInterval)
			f.expectProbes(4)
			if c.line == "" {
				f.log.expect(t)
			} else {
				f.log.expect(t, c.line)
			}
		})
	}
}
