package cache

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/telemetry/counters"
	"github.com/upstreamauth/upstreamauth/verifier"
)

func TestTurnsRefused(t *testing.T) {
	t.Run("a client that is denied too often meanwhile is not asked about", func(t *testing.T) {
		w := newCrowd(t, chargingClients(60))
		gate := make(chan struct{})
		w.fx.respond(func(ctx context.Context, c verifier.Credential) (verifier.Decision, error) {
			<-gate
			return deny(verifier.Invalid)(ctx, c)
		})
		w.come(200, "a")
		close(gate)
		w.all.Wait()
		if calls := w.fx.calls.Load(); calls != 60 || w.reasons[verifier.Throttled] != 140 {
			t.Errorf("%d calls, %v", calls, w.reasons)
		}
	})

	t.Run("a rate limit that comes meanwhile holds for those who wait", func(t *testing.T) {
		fx := newFixture(t)
		c, _ := fx.join(context.Background(), "scope", "key", usual(), true)
		gate := make(chan struct{})
		fx.respond(func(ctx context.Context, c verifier.Credential) (verifier.Decision, error) {
			<-gate
			return rateLimit(time.Minute)(ctx, c)
		})
		var all sync.WaitGroup
		var limited atomic.Int64
		for i := range [80]int{} {
			all.Add(1)
			go func(i int) {
				defer all.Done()
				d, _ := c.Verify(context.Background(), verifier.Credential{Kind: verifier.ApplicationKey, Token: "k", User: fmt.Sprint(i)}, client)
				if d.Denial.Reason == verifier.Throttled && d.Denial.RetryAfter == time.Minute {
					limited.Add(1)
				}
			}(i)
		}
		waitUntil(t, func() bool {
			c.scope.mu.Lock()
			defer c.scope.mu.Unlock()
			return c.scope.flights.turns.Waiting() == 80-57
		})
		close(gate)
		all.Wait()
		if calls := fx.calls.Load(); calls != 57 || limited.Load() != 80 {
			t.Errorf("%d calls, %d limited", calls, limited.Load())
		}
	})

	t.Run("a credential that is forgotten while it waits is not allowed", func(t *testing.T) {
		w := newCrowd(t, usual())
		w.come(57, "a")
		answered := make(chan verifier.Decision)
		go func() {
			d, _ := w.c.Verify(context.Background(), bearer("x"), from("a"))
			answered <- d
		}()
		waitUntil(t, func() bool { return w.underway() == 58 })
		w.c.scope.forget(bearer("x"))
		w.release()
		if d := <-answered; d.Allowed || d.Denial.RetryAfter != time.Second {
			t.Errorf("%+v", d)
		}
		w.leave(57)
		w.fx.expect(w.c, bearer("x"), "", 1)
	})

	t.Run("a call that panics passes its slot on", func(t *testing.T) {
		w := newCrowd(t, usual())
		gate := make(chan struct{})
		w.fx.respond(func(context.Context, verifier.Credential) (verifier.Decision, error) {
			<-gate
			panic("planted")
		})
		w.come(200, "a")
		close(gate)
		w.leave(0)
		if calls := w.fx.calls.Load(); calls != 200 {
			t.Errorf("%d calls, want 200", calls)
		}
	})
}

func TestReportSaturated(t *testing.T) {
	var reports atomic.Int64
	w := newCrowd(t, usual())
	i := Instance{Context: context.Background(), Policy: usual(), Report: func(string, string, string) { reports.Add(1) }}
	w.c, _ = w.fx.registry.Join("upstream", i, verifier.QuotaByCredential, func(verifier.Report, verifier.SharedCount, *counters.Scope) verifier.Verifier {
		return verifies(w.fx.ask)
	})
	expect := func(want int64) {
		t.Helper()
		for range [3]int{} {
			w.fx.expect(w.c, bearer("x"), verifier.Unavailable, 0)
		}
		if got := reports.Load(); got != want {
			t.Errorf("%d reports, want %d", got, want)
		}
	}
	t.Run("that no more can wait is reported once", func(t *testing.T) {
		w.come(57+512, "client")
		expect(1)
	})

	t.Run("it is reported again when most have gone meanwhile", func(t *testing.T) {
		w.leave(57 + 512)
		w.fx.advance(time.Hour)
		again := newCrowd(t, usual())
		again.fx, again.c, again.name = w.fx, w.c, "again"
		again.hold()
		again.come(57+512, "client")
		expect(2)
		again.leave(57 + 512)
	})
}
