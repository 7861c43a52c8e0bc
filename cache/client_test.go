package cache

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// chargingClients is a policy that lets each client cause that many denied calls a
// minute.
func chargingClients(calls int) Policy {
	p := usual()
	p.PerClient = verifier.Rate{Calls: calls, Period: time.Minute}
	return p
}

func from(address string) func() string {
	return func() string { return address }
}

// verifyFrom presents a token from an address and compares the answer, and how many
// calls it caused.
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
	type step struct {
		advance        time.Duration
		respond        verifies // nil: as before
		token, address string
		want           verifier.Reason
		calls          int64
		retryAfter     time.Duration
	}
	const invalid, throttled = verifier.Invalid, verifier.Throttled
	for _, c := range []struct {
		name  string
		limit int
		steps []step
	}{
		{"a client that was denied too often waits", 3, []step{
			{token: "valid", address: "a", calls: 1},
			{respond: deny(invalid), token: "1", address: "a", want: invalid, calls: 1},
			{advance: 20 * time.Second, token: "2", address: "a", want: invalid, calls: 1},
			{token: "2", address: "a", want: invalid}, // remembered: it charges no client
			{token: "3", address: "a", want: invalid, calls: 1},
			{token: "4", address: "a", want: throttled, retryAfter: 40 * time.Second},
			{token: "3", address: "a", want: invalid},
			{token: "valid", address: "a"},
			{token: "4", address: "b", want: invalid, calls: 1}, // another client does not wait for it
			{advance: 40 * time.Second, token: "5", address: "a", want: invalid, calls: 1},
		}},
		{"a credential that was allowed before charges no client", 1, []step{
			{token: "valid", address: "a", calls: 1},
			{respond: deny(invalid), token: "fake", address: "a", want: invalid, calls: 1},
			{advance: 10*time.Hour - time.Minute/2, token: "fake", address: "a", want: invalid, calls: 1},
			{advance: time.Minute / 2, token: "fake2", address: "a", want: throttled, retryAfter: time.Minute / 2},
			{respond: allow, token: "valid", address: "a", calls: 1},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			fx := newFixture(t)
			instance := fx.cache(chargingClients(c.limit))
			for i, s := range c.steps {
				fx.advance(s.advance)
				if s.respond != nil {
					fx.respond(s.respond)
				}
				d := fx.verifyFrom(instance, s.token, s.address, s.want, s.calls)
				if s.want == throttled && (d.Denial.RetryAfter != s.retryAfter || d.Denial.HTTP != 0) {
					t.Errorf("step %d: %+v, want to retry after %s", i+1, d.Denial, s.retryAfter)
				}
			}
		})
	}
}

func TestPerClientCharges(t *testing.T) {
	t.Run("valid credentials charge no client", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(chargingClients(3))
		for i := range [1000]int{} {
			fx.verifyFrom(c, fmt.Sprint(i), "school", "", 1)
		}
	})

	t.Run("calls that bring no answer charge it like denied ones", func(t *testing.T) {
		for _, cause := range []error{verifier.ErrUnavailable, verifier.ErrOutage, verifier.ErrMisconfigured} {
			fx := newFixture(t)
			c := fx.cache(chargingClients(3))
			fx.respond(failWith(cause))
			for i := range [3]int{} {
				fx.verifyFrom(c, fmt.Sprint(i), "a", verifier.Unavailable, 1)
			}
			fx.verifyFrom(c, "another", "a", verifier.Throttled, 0)
			fx.verifyFrom(c, "another", "b", verifier.Unavailable, 1)
		}
	})

	t.Run("what was not asked, and rate limits of the upstream, charge no client", func(t *testing.T) {
		for name, respond := range map[string]verifies{
			"a rate limit": rateLimit(time.Second), "a spent budget": exhausted(time.Second), "an open circuit": failWith(verifier.ErrNotAsked),
			"distrust": failWith(verifier.ErrDistrusted),
			"a panic":  func(context.Context, verifier.Credential) (verifier.Decision, error) { panic("of ours") },
		} {
			t.Run(name, func(t *testing.T) {
				fx := newFixture(t)
				c := fx.cache(chargingClients(3))
				fx.respond(respond)
				for i := range [20]int{} {
					_, _ = c.Verify(context.Background(), bearer(fmt.Sprint(i)), from("a"))
				}
				if got := fx.calls.Load(); got != 20 {
					t.Errorf("%d calls, want 20", got)
				}
			})
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

	t.Run("a flood of clients ends no client's wait", func(t *testing.T) {
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
