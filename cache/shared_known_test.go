package cache

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

func TestSharedKnown(t *testing.T) {
	ctx, end := context.WithCancel(context.Background())
	t.Cleanup(end)
	allDead := func([]string) string { return dead }

	t.Run("a known credential goes on where the upstream takes too long for this instance", func(t *testing.T) {
		r, all := replicas(t, 1)
		fx, p := all[0], usual()
		fx.expect(fx.sharing(ctx, r.options(), p), bearer("x"), "", 1)
		p.Timeout = 100 * time.Millisecond
		c := fx.sharing(ctx, r.options(), p)
		c.patience = 0 // for a Redis that answers, but takes its time on a busy machine
		waitUntil(t, func() bool { return r.keys("e") == 1 })
		r.setFault(func(c []string) string {
			switch c[0] {
			case "MGET":
				return fmt.Sprintf("*%d\r\n", len(c)-1) + strings.Repeat("$-1\r\n", len(c)-1)
			case "XREAD":
				return dead
			}
			return ""
		})
		call := holdCalls(fx, deny(verifier.Invalid))
		together(all, time.Minute)
		d, err := c.Verify(ctx, bearer("x"), client)
		if err != nil || !d.Allowed || !d.Remembered || !d.Stale || d.Fresh {
			t.Errorf("an entry that holds on is not one from memory: %+v, %v", d, err)
		}
		<-call.arrived // perhaps after that
		fx.expect(c, bearer("x"), "", 0)
		call.release()
		waitUntil(t, func() bool { return c.scope.idle() })
		fx.expect(c, bearer("x"), verifier.Invalid, 0)
		if calls := fx.calls.Load(); calls != 2 {
			t.Errorf("%d calls", calls)
		}
	})

	t.Run("a known credential waits for no slot that the calls about others have", func(t *testing.T) {
		r, all := replicas(t, 1)
		fx, o, p := all[0], r.options(), usual()
		c := fx.sharing(ctx, o, p)
		fx.expect(c, bearer("x"), "", 1)
		call := holdCalls(fx, allow)
		r.setFault(allDead)
		for i := 0; i < 2*maxFlights; i++ {
			go func(i int) { _, _ = c.Verify(ctx, bearer(fmt.Sprint(i)), func() string { return fmt.Sprint(i) }) }(i)
		}
		for i := 0; i < maxFlights; i++ {
			<-call.arrived
		}
		together(all, time.Minute)
		fx.expect(c, bearer("x"), "", 0)
		call.release()
	})
}
