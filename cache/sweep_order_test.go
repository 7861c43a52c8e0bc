package cache

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/upstreamauth/upstreamauth/cache/logins"
	"github.com/upstreamauth/upstreamauth/telemetry/counters"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// learned joins a scope of bearer tokens that trusts logins, about which its upstream gives
// no answer.
func (fx *fixture) learned(seen *logins.Logins, scope string) *Cache {
	i := Instance{
		Context: context.Background(), RenderKey: "key", Policy: usual(), Report: func(string, string, string) {},
		Kind: verifier.Bearer, Label: counters.Label{API: "a"}, Logins: seen,
	}
	c, _ := fx.registry.Join(fx.registry.Fingerprint("learned", scope), i, verifier.QuotaByCredential, func(verifier.Report, verifier.SharedCount, *counters.Scope) verifier.Verifier {
		return verifier.NewLoginTrust(verifies(fail), nil)
	})
	return c
}

func TestForgottenLogins(t *testing.T) {
	t.Run("a login brings a token back in no scope while it is being forgotten", func(t *testing.T) {
		fx := newFixture(t)
		seen := fx.loginsOf("panel")
		var all []*Cache
		for i := 0; i < 100; i++ {
			all = append(all, fx.learned(seen, fmt.Sprint(i)))
		}
		for round := 0; round < 20; round++ {
			token := fmt.Sprint("x", round)
			seen.Add(token)
			var over atomic.Bool
			var crowd sync.WaitGroup
			for n := 0; n < 4; n++ {
				crowd.Add(1)
				go func(n int) {
					defer crowd.Done()
					for i := n; !over.Load(); i++ {
						_, _ = all[i%len(all)].Verify(context.Background(), bearer(token), client)
					}
				}(n)
			}
			fx.registry.Forget("bearer", token, "")
			over.Store(true)
			crowd.Wait()
			for _, c := range all {
				if d, _ := c.Verify(context.Background(), bearer(token), client); d.Allowed {
					t.Fatalf("round %d: allowed after it was forgotten", round)
				}
			}
		}
	})
	t.Run("nor after all of its API was forgotten", func(t *testing.T) {
		fx := newFixture(t)
		seen := fx.loginsOf("panel")
		c := fx.learned(seen, "one")
		seen.Add("x")
		if d, _ := c.Verify(context.Background(), bearer("x"), client); !d.Provisional {
			t.Fatalf("%+v", d)
		}
		fx.registry.Forget("api", "a", "")
		if d, _ := c.Verify(context.Background(), bearer("x"), client); d.Allowed {
			t.Errorf("%+v: of a login before", d)
		}
		seen.Add("x")
		fx.advance(1e10)
		if d, _ := c.Verify(context.Background(), bearer("x"), client); !d.Provisional {
			t.Errorf("%+v: of a login after", d)
		}
	})
}
