package cache

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// A panic of ours while a flight lands gives nobody the yes that it brings.
func TestAFlightThatPanicsWhileItLandsLetsNobodyIn(t *testing.T) {
	for _, forgotten := range []bool{false, true} {
		w := newWorld(t)
		var panics atomic.Bool
		w.registry = NewRegistry(w.Now(), func() time.Time {
			if panics.Load() {
				panic("planted")
			}
			return w.Now()
		})
		p := usual()
		p.PerClient = verifier.Rate{Calls: 300, Period: time.Minute}
		c := w.cache(p)
		g := newCrowd(w, yes)
		answered := make(chan error, 1)
		go func() {
			d, err := c.Verify(context.Background(), bearer("x"), client)
			if d.Allowed {
				t.Errorf("forgotten %t: let in, until %s", forgotten, d.Expires)
			}
			answered <- err
		}()
		<-g.arrived
		if forgotten {
			c.Forget(bearer("x"))
		}
		panics.Store(true)
		g.release()
		if err := <-answered; !errors.Is(err, ErrPanic) {
			t.Errorf("forgotten %t: %v", forgotten, err)
		}
		panics.Store(false)
		w.turn(yes)
		if d, err := c.Verify(context.Background(), bearer("x"), client); !d.Allowed || err != nil {
			t.Errorf("forgotten %t: afterwards %+v, %v", forgotten, d, err)
		}
		if !forgotten && (len(c.scope.flights.byKey) != 0 || c.scope.flights.pending != 0) {
			t.Errorf("%d questions are under way for good", c.scope.flights.pending)
		}
	}
}
