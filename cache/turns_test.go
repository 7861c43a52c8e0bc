package cache

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// crowd is callers with a credential each, who wait for what the upstream holds.
type crowd struct {
	fx      *fixture
	c       *Cache
	release func()
	name    string // begins its tokens
	all     sync.WaitGroup
	mu      sync.Mutex
	reasons map[verifier.Reason]int // of what they got; empty: allowed
}

// newCrowd has the upstream hold all calls but those about the credential "quick".
func newCrowd(t *testing.T, p Policy) *crowd {
	w := &crowd{fx: newFixture(t), reasons: map[verifier.Reason]int{}}
	w.c = w.fx.cache(p)
	w.hold()
	return w
}

func (w *crowd) hold() {
	gate := make(chan struct{})
	w.release = sync.OnceFunc(func() { close(gate) })
	w.fx.t.Cleanup(w.release)
	w.fx.respond(func(ctx context.Context, c verifier.Credential) (verifier.Decision, error) {
		if c.Token != "quick" {
			<-gate
		}
		return allow(ctx, c)
	})
}

// come adds n callers from an address, and returns when all of them wait or have a call.
func (w *crowd) come(n int, address string) {
	w.fx.t.Helper()
	before := w.underway()
	for i := 0; i < n; i++ {
		w.all.Add(1)
		go func(token string) {
			defer w.all.Done()
			d, _ := w.c.Verify(context.Background(), bearer(token), from(address))
			w.mu.Lock()
			defer w.mu.Unlock()
			w.reasons[d.Denial.Reason]++
		}(fmt.Sprint(w.name, address, "/", before, "/", i))
	}
	waitUntil(w.fx.t, func() bool { return w.underway() >= before+n })
}

// underway is how many have a call, wait, or have been answered.
func (w *crowd) underway() int {
	w.mu.Lock()
	answered := 0
	for _, n := range w.reasons {
		answered += n
	}
	w.mu.Unlock()
	w.c.scope.mu.Lock()
	defer w.c.scope.mu.Unlock()
	return answered + w.c.scope.flights.turns.Taken() + w.c.scope.flights.turns.Waiting()
}

// leave lets the upstream answer, and compares how many are allowed.
func (w *crowd) leave(allowed int) {
	w.fx.t.Helper()
	w.release()
	w.all.Wait()
	if w.reasons[""] != allowed {
		w.fx.t.Errorf("%d are allowed, want %d: %v", w.reasons[""], allowed, w.reasons)
	}
	w.fx.settle(w.c)
	waitUntil(w.fx.t, w.c.scope.idle) // those that nobody waits for any more end after the last call
}

func TestTurns(t *testing.T) {
	t.Run("64 calls are under way at most, and the others wait their turn", func(t *testing.T) {
		w := newCrowd(t, usual())
		for i := 0; i < 100; i++ {
			w.come(1, fmt.Sprint(i))
		}
		waitUntil(t, func() bool { return w.fx.calls.Load() == maxFlights })
		time.Sleep(10 * time.Millisecond)
		if got := w.fx.calls.Load(); got != maxFlights {
			t.Errorf("%d calls at once", got)
		}
		w.leave(100)
	})

	t.Run("all callers of one address get in", func(t *testing.T) {
		w := newCrowd(t, usual())
		w.come(500, "school")
		w.leave(500)
	})

	t.Run("no newcomer waits for the hanging calls of one address", func(t *testing.T) {
		w := newCrowd(t, usual())
		w.come(500, "attacker")
		for i := 0; i < 100; i++ {
			w.fx.expect(w.c, bearer("quick"), "", 1)
			w.c.scope.forget(bearer("quick"))
			w.fx.settled(w.c)
		}
		w.leave(500)
	})

	t.Run("beyond the room for one address, and for all, it is unavailable", func(t *testing.T) {
		w := newCrowd(t, usual())
		refuse := func(address string) {
			t.Helper()
			d, err := w.c.Verify(context.Background(), bearer("one more"), from(address))
			if err != nil || d.Denial.Reason != verifier.Unavailable || d.Denial.RetryAfter != time.Second {
				t.Errorf("%+v, %v", d, err)
			}
		}
		w.come(57+512, "a")
		refuse("a")
		w.come(6+512, "b")
		refuse("b")
		w.fx.expect(w.c, bearer("quick"), "", 1)
		w.leave(57 + 6 + 512 + 512)
	})
}

// settled waits until the slot of the last call is free.
func (fx *fixture) settled(c *Cache) {
	waitUntil(fx.t, func() bool {
		c.scope.mu.Lock()
		defer c.scope.mu.Unlock()
		return c.scope.flights.turns.Taken() <= 57
	})
}

func TestTurnsTimeout(t *testing.T) {
	t.Run("who waits longer than its timeout is answered, and not asked about", func(t *testing.T) {
		p := usual()
		p.Timeout = 50 * time.Millisecond
		w := newCrowd(t, p)
		w.come(57, "a")
		waitUntil(t, func() bool { return w.fx.calls.Load() == 57 })
		begun := time.Now()
		d, err := w.c.Verify(context.Background(), bearer("late"), from("a"))
		if !errors.Is(err, errGone) || d.Allowed || time.Since(begun) > 30*time.Second {
			t.Errorf("%+v, %v after %s", d, err, time.Since(begun))
		}
		waitUntil(t, func() bool { // the others have waited too long as well
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.reasons[verifier.Unavailable] == 57
		})
		w.fx.advance(time.Second)
		w.leave(0)
		if got := w.fx.calls.Load(); got != 57 {
			t.Errorf("%d calls, want 57", got)
		}
	})

	t.Run("one more caller lets it wait on", func(t *testing.T) {
		w := newCrowd(t, usual())
		w.come(58, "a")
		f := func() *flight {
			w.c.scope.mu.Lock()
			defer w.c.scope.mu.Unlock()
			return w.c.scope.flights.turns.Oldest().Value.(*flight)
		}()
		most := usual().Timeout
		w.fx.advance(most * 4 / 5)
		w.c.scope.mu.Lock()
		w.c.scope.flights.join(f, w.fx.Now().Add(most))
		w.c.scope.mu.Unlock()
		w.fx.advance(most * 4 / 5)
		w.leave(58)
	})

	t.Run("those that nobody waits for make room", func(t *testing.T) {
		w := newCrowd(t, usual())
		w.come(57+512, "a")
		w.fx.advance(usual().Timeout)
		w.come(20, "a")
		w.leave(57 + 20)
	})
}
