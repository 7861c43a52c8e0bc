package verifier

import (
	"context"
	"fmt"
	"testing"
	"time"
)

func TestCanaryInARow(t *testing.T) {
	t.Run("twenty unknown credentials in a row that are allowed cause a probe at once", func(t *testing.T) {
		f := trustedFixture(t)
		for i := 1; i < trustCount; i++ {
			f.expectProbes(1)
		}
		f.expectProbes(2)
		for i := 1; i < trustCount; i++ {
			f.expectProbes(2)
		}
		f.respond(allow)
		f.expectAllowed()
		f.settle()
		f.expectError(ErrDistrusted, Distrusted, distrustPeriod)
		f.expectCalls(1+2*trustCount, 3)
	})

	t.Run("that probe has as much time as the call had", func(t *testing.T) {
		f := trustedFixture(t)
		for i := 1; i < trustCount; i++ {
			f.expectProbes(1)
		}
		f.canary.next = verifierFunc(func(ctx context.Context, c Credential) (Decision, error) {
			if c == validCredential {
				f.clock.move(3 * time.Second) // the call takes long
			}
			return f.serve(ctx, c)
		})
		f.expectProbes(2)
		f.mu.Lock()
		defer f.mu.Unlock()
		if later := f.fakeUntil.Sub(f.validUntil); later != 3*time.Second {
			t.Errorf("the probe had to end %s after the call", later)
		}
	})

	t.Run("a denial by the upstream ends the row, and one of the plugin's own does not", func(t *testing.T) {
		f := trustedFixture(t)
		for i := 1; i < trustCount; i++ {
			f.expectProbes(1)
		}
		other := Credential{Kind: Bearer, Token: "other"}
		f.respond(denyWith(Unprocessable, 422))
		if d, err := f.canary.Verify(callContext(t), other); d.Allowed || err != nil {
			t.Fatalf("%+v (%v)", d, err)
		}
		f.respond(denyWith(Throttled, 0))
		for i := 1; i < trustCount; i++ {
			f.expectProbes(2) // with the other's call
			_, _ = f.canary.Verify(callContext(t), other)
			f.mu.Lock()
			f.probes-- // that was no probe
			f.mu.Unlock()
		}
		f.respond(deny)
		f.expectProbes(3)
	})

	t.Run("without an answer it is retried with the next one, not more often than every ten seconds", func(t *testing.T) {
		f := trustedFixture(t)
		f.respond(outage)
		for i := 1; i < trustCount; i++ {
			f.expectProbes(1)
		}
		for i := 1; i <= 3; i++ {
			for range [5]int{} {
				f.expectProbes(1 + i)
			}
			f.clock.move(probeInterval)
		}
	})

	t.Run("many callers at once make one probe, and all are answered", func(t *testing.T) {
		f := trustedFixture(t)
		allowed := make(chan error)
		for range [400]int{} {
			go func() {
				d, err := f.canary.Verify(callContext(t), validCredential)
				if err == nil && !d.Allowed {
					err = fmt.Errorf("%+v", d)
				}
				allowed <- err
			}()
		}
		for range [400]int{} {
			if err := <-allowed; err != nil {
				t.Error(err)
			}
		}
		f.settle()
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.probes < 2 || f.probes > 1+400/trustCount {
			t.Errorf("%d probes for 400 callers", f.probes)
		}
	})
}
