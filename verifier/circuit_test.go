package verifier

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// circuitFixture is a circuit breaker in front of an upstream that is down.
type circuitFixture struct {
	*fixture
	breaker *CircuitBreaker
}

func newCircuitFixture(t *testing.T) *circuitFixture {
	f := &circuitFixture{fixture: newFixture(t, outage)}
	f.breaker = NewCircuitBreaker(verifierFunc(f.upstream), f.clock.Now, f.log.report)
	return f
}

// newOpenCircuit is a fixture whose circuit has just opened.
func newOpenCircuit(t *testing.T) *circuitFixture {
	t.Helper()
	f := newCircuitFixture(t)
	f.open()
	return f
}

func (f *circuitFixture) open() {
	f.t.Helper()
	for i := range [5]int{} {
		f.verify(fmt.Sprint(i), 0)
	}
	f.log.expect(f.t, "error circuit open")
}

// verify expects a call about a token; or, where wait is not zero, an error for that
// time.
func (f *circuitFixture) verify(token string, wait time.Duration) {
	f.t.Helper()
	f.expectCall(f.breaker, Credential{Token: token}, Unavailable, wait)
}

// start begins a call about a token beside the test, and returns once it waits for the
// upstream; ended is closed when it has returned.
func (f *circuitFixture) start(token string, arrived chan bool) (ended chan struct{}) {
	ended = make(chan struct{})
	go func() {
		_, _ = f.breaker.Verify(context.Background(), Credential{Token: token})
		close(ended)
	}()
	f.awaitCall(arrived)
	return ended
}

func TestCircuitBreaker(t *testing.T) {
	t.Run("five failures in a row open it for ten seconds", func(t *testing.T) {
		f := newOpenCircuit(t)
		f.verify("x", 10*time.Second)
		f.clock.move(9 * time.Second)
		f.verify("x", time.Second)
		f.clock.move(time.Second)
		f.respond(allow)
		f.verify("x", 0)
		f.log.expect(t, "info circuit closed")
		for i := range [20]int{} {
			f.verify(fmt.Sprint(i), 0)
		}
	})

	// A credential on which the upstream fails is no outage.
	t.Run("the failures of one credential alone do not open it", func(t *testing.T) {
		f := newCircuitFixture(t)
		for range [50]int{} {
			f.verify("one", 0)
		}
		f.verify("another", 0)
		f.log.expect(t, "error circuit open")
	})

	for name, other := range map[string]verifierFunc{"an allowing answer": allow, "a denial": deny, "an undocumented response": unavailable} {
		t.Run(name+" ends the row of failures", func(t *testing.T) {
			f := newCircuitFixture(t)
			for i := range [40]int{} {
				f.respond(outage)
				if i%5 == 4 {
					f.respond(other)
				}
				f.verify(fmt.Sprint(i), 0)
			}
			f.log.expect(t)
		})
	}

	t.Run("after a clock is set back a probe is made at once", func(t *testing.T) {
		f := newOpenCircuit(t)
		f.clock.move(-time.Hour)
		f.respond(allow)
		f.verify("x", 0)
		f.log.expect(t, "info circuit closed")
	})
}

func TestCircuitBreakerProbe(t *testing.T) {
	t.Run("a failed probe keeps it open", func(t *testing.T) {
		f := newOpenCircuit(t)
		f.clock.move(10 * time.Second)
		f.verify("x", 0)
		f.verify("y", 10*time.Second)
		f.log.expect(t)
		f.clock.move(10 * time.Second)
		f.respond(deny)
		f.verify("y", 0)
		f.log.expect(t, "info circuit closed")
	})

	t.Run("exactly one call is made as a probe", func(t *testing.T) {
		f := newOpenCircuit(t)
		f.clock.move(10 * time.Second)
		arrived, release := f.hold(allow)
		ended := f.start("probe", arrived)
		for range [100]int{} {
			f.verify("x", time.Second)
		}
		close(release)
		<-ended
		f.log.expect(t, "info circuit closed")
	})

	t.Run("a probe that does not end is replaced after two minutes", func(t *testing.T) {
		f := newOpenCircuit(t)
		f.clock.move(10 * time.Second)
		arrived, release := f.hold(allow)
		ended := f.start("probe", arrived)
		f.respond(outage)
		f.clock.move(probeLimit - time.Nanosecond)
		f.verify("x", time.Second)
		f.clock.move(time.Nanosecond)
		f.verify("x", 0)
		close(release)
		<-ended
	})
}

func TestCircuitBreakerInconclusive(t *testing.T) {
	t.Run("a call that does not reach the upstream, or that panics, proves nothing", func(t *testing.T) {
		f := newCircuitFixture(t)
		spent := denyWith(Throttled, 0)
		for i := range [4]int{} {
			f.verify(fmt.Sprint(i), 0)
			f.respond(spent)
			f.verify("not called", 0)
			f.respond(outage)
		}
		f.verify("fifth", 0)
		f.log.expect(t, "error circuit open")
		f.clock.move(10 * time.Second)
		f.respond(spent)
		f.verify("a probe without a call", 0)
		f.expectPanic(f.breaker, Credential{Token: "a probe that panics"})
		f.respond(allow)
		f.verify("a probe", 0)
		f.log.expect(t, "info circuit closed")
	})

	t.Run("a call that began before it opened does not close it", func(t *testing.T) {
		f := newCircuitFixture(t)
		arrived, release := f.hold(allow)
		ended := f.start("slow", arrived)
		f.respond(outage)
		f.open()
		close(release)
		<-ended
		f.verify("x", 10*time.Second)
	})
}
