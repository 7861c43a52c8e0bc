package cache

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// chargingClients is the policy of an instance that lets one client be refused that often.
func chargingClients(calls int) Policy {
	p := usual()
	p.PerClient = verifier.Rate{Calls: calls, Period: time.Minute}
	return p
}

func from(address string) func() string {
	return func() string { return address }
}

// verifyFrom asks about a token from an address, and compares.
func (fx *fixture) verifyFrom(c *Cache, token, address string, want verifier.Reason, calls int64) verifier.Decision {
	fx.t.Helper()
	before := fx.calls.Load()
	d, _ := c.Verify(context.Background(), bearer(token), from(address))
	if d.Denial.Reason != want || d.Allowed != (want == "") {
		fx.t.Errorf("%s from %s: %+v, want %q", token, address, d, want)
	}
	if got := fx.calls.Load() - before; got != calls {
		fx.t.Errorf("%s from %s: %d calls, want %d", token, address, got, calls)
	}
	return d
}

func TestPerClient(t *testing.T) {
	t.Run("a client that was denied too often waits", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(chargingClients(3))
		fx.verifyFrom(c, "valid", "a", "", 1)
		fx.respond(deny(verifier.Invalid))
		fx.verifyFrom(c, "1", "a", verifier.Invalid, 1)
		fx.advance(20 * time.Second)
		fx.verifyFrom(c, "2", "a", verifier.Invalid, 1)
		fx.verifyFrom(c, "2", "a", verifier.Invalid, 0) // remembered, so it costs nothing
		fx.verifyFrom(c, "3", "a", verifier.Invalid, 1)
		if d := fx.verifyFrom(c, "4", "a", verifier.Throttled, 0); d.Denial.RetryAfter != 40*time.Second || d.Denial.HTTP != 0 {
			t.Errorf("%+v", d.Denial)
		}
		fx.verifyFrom(c, "3", "a", verifier.Invalid, 0)
		fx.verifyFrom(c, "valid", "a", "", 0)
		fx.verifyFrom(c, "4", "b", verifier.Invalid, 1) // and is nothing that another has to wait for
		fx.advance(40 * time.Second)
		fx.verifyFrom(c, "5", "a", verifier.Invalid, 1)
	})

	t.Run("a credential that was allowed before charges no client", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(chargingClients(1))
		fx.verifyFrom(c, "valid", "a", "", 1)
		fx.respond(deny(verifier.Invalid))
		fx.verifyFrom(c, "fake", "a", verifier.Invalid, 1)
		fx.advance(10*time.Hour - time.Minute)
		fx.verifyFrom(c, "fake", "a", verifier.Invalid, 1)
		fx.advance(time.Minute - time.Second)
		fx.verifyFrom(c, "fake2", "a", verifier.Throttled, 0)
		fx.advance(time.Second / 2)
		fx.respond(allow)
		fx.advance(time.Second / 2)
		fx.verifyFrom(c, "valid", "a", "", 1)
	})

	t.Run("valid credentials charge no client", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(chargingClients(3))
		for i := range [1000]int{} {
			fx.verifyFrom(c, fmt.Sprint(i), "school", "", 1)
		}
	})

	t.Run("failures charge no client", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(chargingClients(3))
		fx.respond(fail)
		for i := range [20]int{} {
			fx.verifyFrom(c, fmt.Sprint(i), "a", verifier.Unavailable, 1)
		}
		fx.respond(rateLimit(time.Second))
		for i := range [20]int{} {
			fx.verifyFrom(c, fmt.Sprint("later", i), "a", verifier.Throttled, 1)
		}
	})
}

func TestPerClientFlights(t *testing.T) {
	t.Run("a flight counts until it has ended", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(chargingClients(3))
		call := holdCalls(fx, allow)
		var done sync.WaitGroup
		for i := range [3]int{} {
			done.Add(1)
			go func(i int) {
				defer done.Done()
				_, _ = c.Verify(context.Background(), bearer(fmt.Sprint(i)), from("a"))
			}(i)
			<-call.arrived
		}
		if d := fx.verifyFrom(c, "4", "a", verifier.Throttled, 0); d.Denial.RetryAfter != time.Second {
			t.Errorf("%+v", d.Denial)
		}
		call.release()
		done.Wait()
		fx.respond(allow)
		fx.verifyFrom(c, "4", "a", "", 1)
	})

	t.Run("a flood of clients ends nobody's wait", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(chargingClients(2))
		fx.respond(deny(verifier.Invalid))
		fx.verifyFrom(c, "1", "attacker", verifier.Invalid, 1)
		fx.verifyFrom(c, "2", "attacker", verifier.Invalid, 1)
		for i := range [30000]int{} {
			_, _ = c.Verify(context.Background(), bearer("fake"+fmt.Sprint(i)), from(fmt.Sprint(i)))
		}
		fx.verifyFrom(c, "3", "attacker", verifier.Throttled, 0)
	})
}
