package verifier

import (
	"context"
	"encoding/hex"
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
	f := &circuitFixture{fixture: newFixture(t, noConnectionMade)}
	fake := func(random []byte, _ time.Time) Credential {
		return Credential{Token: "fake" + hex.EncodeToString(random[:8])}
	}
	f.breaker = NewCircuitBreaker(verifierFunc(f.upstream), fake, f.clock.Now, f.log.report)
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
		_, _ = f.breaker.Verify(callContext(f.t), Credential{Token: token})
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
				f.respond(noConnectionMade)
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

func TestCircuitBreakerClients(t *testing.T) {
	ask := func(f *circuitFixture, client string, i int) {
		_, _, _ = f.fixture.verify(f.breaker, Credential{Token: fmt.Sprint(client, i), Client: client})
	}

	t.Run("time-outs and 5xx count twice for one client", func(t *testing.T) {
		f := newCircuitFixture(t)
		f.respond(outage)
		for i := range [50]int{} {
			ask(f, "stranger", i)
		}
		ask(f, "another", 0)
		ask(f, "another", 1)
		ask(f, "another", 2)
		f.log.expect(t)
		ask(f, "third", 0)
		f.log.expect(t, "error circuit open")
	})

	t.Run("broken connections of one client open it only if a fake credential fares no better", func(t *testing.T) {
		f := newCircuitFixture(t)
		f.respond(func(ctx context.Context, c Credential) (Decision, error) {
			if c.Client == "stranger" {
				return broken(ctx, c)
			}
			return deny(ctx, c)
		})
		for i := range [50]int{} {
			ask(f, "stranger", i)
		}
		f.log.expect(t)
		if f.calls != 60 {
			t.Errorf("%d calls, want 50 and a probe for each five", f.calls)
		}
		f.respond(broken)
		for i := range [5]int{} {
			ask(f, "stranger", i)
		}
		f.log.expect(t, "error circuit open")
		f.verify("x", 10*time.Second)
	})

	t.Run("a mix of failures of several clients opens it", func(t *testing.T) {
		f := newCircuitFixture(t)
		f.respond(outage)
		ask(f, "a", 0)
		ask(f, "b", 0)
		f.respond(broken)
		ask(f, "c", 0)
		ask(f, "", 0)
		f.log.expect(t)
		f.respond(noConnectionMade)
		ask(f, "a", 0)
		f.log.expect(t, "error circuit open")
	})
}
