package cache

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

func TestFlight(t *testing.T) {
	t.Run("500 callers make one call", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(usual())
		call := holdCalls(fx, allow)
		call.verify(context.Background(), c, 500)
		<-call.arrived
		call.release()
		call.callers.Wait()
		if fx.calls.Load() != 1 || call.allowed.Load() != 500 {
			t.Errorf("%d calls, %d allowed; want 1, 500", fx.calls.Load(), call.allowed.Load())
		}
	})

	t.Run("instances of one scope share it", func(t *testing.T) {
		fx := newFixture(t)
		short := usual()
		short.Lifetime = time.Minute
		one, other := fx.cache(usual()), fx.cache(short)
		call := holdCalls(fx, allow)
		call.verify(context.Background(), one, 50)
		call.verify(context.Background(), other, 50)
		<-call.arrived
		call.release()
		call.callers.Wait()
		if fx.calls.Load() != 1 || call.allowed.Load() != 100 {
			t.Errorf("%d calls, %d allowed; want 1, 100", fx.calls.Load(), call.allowed.Load())
		}
		if d, _ := other.Verify(context.Background(), bearer("x"), client); !d.Expires.Equal(fx.Now().Add(time.Minute)) {
			t.Errorf("until %s", d.Expires)
		}
	})

	// A moment between the end of a flight and the storing of its result would cost a
	// second call.
	t.Run("callers find either it or its result", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(usual())
		for round := int64(1); round <= 200; round++ {
			var done sync.WaitGroup
			for i := 0; i < 8; i++ {
				done.Add(1)
				go func() {
					defer done.Done()
					if d, err := c.Verify(context.Background(), bearer("x"), client); !d.Allowed || err != nil {
						t.Errorf("%+v (%v)", d, err)
					}
				}()
			}
			done.Wait()
			if got := fx.calls.Load(); got != round {
				t.Fatalf("%d calls in %d lifetimes", got, round)
			}
			fx.advance(10 * time.Hour)
		}
	})
}

func TestFlightCallers(t *testing.T) {
	t.Run("the others get the result when the first leaves", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(usual())
		call := holdCalls(fx, allow)
		first, leave := context.WithCancel(context.Background())
		left := make(chan error, 1)
		go func() {
			d, err := c.Verify(first, bearer("x"), client)
			if d.Allowed || d.Denial.Reason != verifier.Unavailable {
				err = errors.New("it was allowed")
			}
			left <- err
		}()
		<-call.arrived
		call.verify(context.Background(), c, 100)
		leave()
		if err := <-left; !errors.Is(err, errGone) {
			t.Errorf("the first caller: %v", err)
		}
		call.release()
		call.callers.Wait()
		if fx.calls.Load() != 1 || call.allowed.Load() != 100 {
			t.Errorf("%d calls, %d allowed; want 1, 100", fx.calls.Load(), call.allowed.Load())
		}
	})

	t.Run("its result is remembered when all have left", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(usual())
		call := holdCalls(fx, func(ctx context.Context, credential verifier.Credential) (verifier.Decision, error) {
			if ctx.Err() != nil {
				return fail(ctx, credential)
			}
			return allow(ctx, credential)
		})
		gone, leave := context.WithCancel(context.Background())
		leave()
		if _, err := c.Verify(gone, bearer("x"), client); !errors.Is(err, errGone) {
			t.Errorf("%v", err)
		}
		<-call.arrived
		call.release()
		waitUntil(t, func() bool {
			c.scope.mu.Lock()
			defer c.scope.mu.Unlock()
			return c.scope.answers.allowed.count() == 1
		})
		fx.expect(c, bearer("x"), "", 0)
	})

	t.Run("no goroutine stays", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(usual())
		before := runtime.NumGoroutine()
		call := holdCalls(fx, allow)
		ctx, leave := context.WithCancel(context.Background())
		call.verify(ctx, c, 100)
		<-call.arrived
		leave()
		call.release()
		call.callers.Wait()
		fx.respond(fail)
		for i := 0; i < 100; i++ {
			_, _ = c.Verify(context.Background(), bearer("y"), client)
		}
		waitUntil(t, func() bool { return runtime.NumGoroutine() <= before })
	})
}
