package cache

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

func TestFlightPanic(t *testing.T) {
	t.Run("in the verifier it denies all callers, and the next flight works", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(usual())
		call := holdCalls(fx, func(context.Context, verifier.Credential) (verifier.Decision, error) { panic("in the verifier") })
		call.verify(context.Background(), c, 100)
		<-call.arrived
		call.release()
		call.callers.Wait()
		if call.allowed.Load() != 0 || call.errs.Load() != 100 {
			t.Errorf("%d allowed, %d errors; want 0, 100", call.allowed.Load(), call.errs.Load())
		}
		fx.respond(allow)
		fx.expect(c, bearer("x"), "", 1)
	})

	t.Run("while a flight is taken out of the queue it loses that flight, and the next one works", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(usual())
		s := c.scope
		s.mu.Lock()
		s.flights.add(s.keys.of(bearer("x")), bearer("x"), nil, verifier.Rate{}, time.Second, time.Second, s.now())
		s.flights.turns.Next() // and then a panic, before the flight was started
		s.mu.Unlock()
		fx.respond(allow)
		fx.expect(c, bearer("x"), "", 1)
	})

	// The result that was on its way is an allow.
	t.Run("while it finishes it allows no caller", func(t *testing.T) {
		for _, forgotten := range []bool{false, true} {
			fx := newFixture(t)
			var panics atomic.Bool
			fx.registry = NewRegistry(fx.Now(), func() time.Time {
				if panics.Load() {
					panic("planted")
				}
				return fx.Now()
			}, fx.Uptime)
			p := usual()
			p.PerClient = verifier.Rate{Calls: 300, Period: time.Minute}
			c := fx.cache(p)
			call := holdCalls(fx, allow)
			answered := make(chan error, 1)
			go func() {
				d, err := c.Verify(context.Background(), bearer("x"), client)
				if d.Allowed {
					t.Errorf("forgotten %t: allowed until %s", forgotten, d.Expires)
				}
				answered <- err
			}()
			<-call.arrived
			if forgotten {
				c.scope.forget(bearer("x"))
			}
			panics.Store(true)
			call.release()
			if err := <-answered; !errors.Is(err, ErrPanic) {
				t.Errorf("forgotten %t: %v", forgotten, err)
			}
			panics.Store(false)
			fx.respond(allow)
			if d, err := c.Verify(context.Background(), bearer("x"), client); !d.Allowed || err != nil {
				t.Errorf("forgotten %t: afterwards %+v, %v", forgotten, d, err)
			}
			if !forgotten && (len(c.scope.flights.byKey) != 0 || c.scope.flights.turns.Taken() != 0) {
				t.Errorf("%d flights stay under way", c.scope.flights.turns.Taken())
			}
		}
	})
}
