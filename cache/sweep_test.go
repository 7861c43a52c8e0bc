package cache

import (
	"context"
	"fmt"
	"testing"

	"github.com/upstreamauth/upstreamauth/telemetry/counters"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// kind joins a scope of one kind of credentials, of an API.
func (fx *fixture) kind(kind verifier.Kind, api string) *Cache {
	i := Instance{
		Context: context.Background(), RenderKey: "key", Policy: usual(), Report: func(string, string, string) {},
		Kind: kind, Label: counters.Label{API: api, Host: api + ".example"},
	}
	c, _ := fx.registry.Join(fx.registry.Fingerprint(string(kind), api), i, verifier.QuotaByCredential, func(verifier.Report, verifier.SharedCount, *counters.Scope) verifier.Verifier {
		return verifies(fx.ask)
	})
	return c
}

func TestOperatorForgets(t *testing.T) {
	basic := func(user, password string) verifier.Credential {
		return verifier.Credential{Kind: verifier.Basic, User: user, Password: password}
	}
	key := func(token, user string) verifier.Credential {
		return verifier.Credential{Kind: verifier.ApplicationKey, Token: token, User: user, Password: "p"}
	}
	expect := func(t *testing.T, fx *fixture, want int, by, first, second string) {
		t.Helper()
		if got := fx.registry.Forget(by, first, second); got != want {
			t.Errorf("forget %s %s: %d, want %d", by, first, got, want)
		}
	}
	t.Run("a token, in every scope of its kind, and no other token", func(t *testing.T) {
		fx := newFixture(t)
		one, two := fx.kind(verifier.Bearer, "a"), fx.kind(verifier.Bearer, "b")
		for _, c := range []*Cache{one, two} {
			fx.expect(c, bearer("x"), "", 1)
			fx.expect(c, bearer("y"), "", 1)
		}
		expect(t, fx, 2, "bearer", "x", "")
		expect(t, fx, 0, "bearer", "x", "")
		fx.expect(one, bearer("x"), "", 1)
		fx.expect(two, bearer("y"), "", 0)
	})
	t.Run("a remembered denial", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.kind(verifier.Bearer, "a")
		fx.respond(deny(verifier.Invalid))
		fx.expect(c, bearer("x"), verifier.Invalid, 1)
		fx.expect(c, bearer("x"), verifier.Invalid, 0)
		expect(t, fx, 1, "bearer", "x", "")
		fx.respond(allow)
		fx.expect(c, bearer("x"), "", 1)
	})
	t.Run("a key with all accounts that came with it", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.kind(verifier.ApplicationKey, "a")
		for _, user := range []string{"ali", "sara", ""} {
			fx.expect(c, key("k", user), "", 1)
		}
		fx.expect(c, key("other", "ali"), "", 1)
		expect(t, fx, 2, "applicationKey", "k", "") // without a user the fixture's password is none
		fx.expect(c, key("k", "ali"), "", 1)
		fx.expect(c, key("other", "ali"), "", 0)
	})
	t.Run("a token with whatever parts of a request were asked about", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.kind(verifier.Bearer, "a")
		for _, parts := range []string{"", "1:a", "1:b"} {
			fx.expect(c, verifier.Credential{Kind: verifier.Bearer, Token: "x", Parts: parts}, "", 1)
		}
		expect(t, fx, 3, "bearer", "x", "")
	})
	t.Run("an account by its name and password, and by its name alone in any spelling", func(t *testing.T) {
		fx := newFixture(t)
		c, tokens := fx.kind(verifier.Basic, "a"), fx.kind(verifier.Bearer, "b")
		fx.expect(c, basic("ali", "1"), "", 1)
		fx.expect(c, basic("ali", "2"), "", 1)
		fx.expect(c, basic("sara", "1"), "", 1)
		fx.expect(tokens, bearer("Ali"), "", 1) // whose user is Ali
		expect(t, fx, 1, "basic", "ali", "1")
		fx.expect(c, basic("ali", "2"), "", 0)
		expect(t, fx, 2, "account", "DOMAIN\\ALI", "")
		fx.expect(c, basic("sara", "1"), "", 0)
		fx.expect(tokens, bearer("Ali"), "", 1)
	})
	t.Run("all of an API", func(t *testing.T) {
		fx := newFixture(t)
		one, two := fx.kind(verifier.Bearer, "a"), fx.kind(verifier.Bearer, "b")
		one.scope.answers.resize(1000, 1000)
		for i := 0; i < 2*maxSwept+7; i++ {
			fx.expect(one, bearer(fmt.Sprint(i)), "", 1)
		}
		fx.expect(two, bearer("x"), "", 1)
		expect(t, fx, 0, "api", "c", "")
		expect(t, fx, 2*maxSwept+7, "api", "a", "")
		fx.expect(two, bearer("x"), "", 0)
	})
	t.Run("a word that is none forgets nothing", func(t *testing.T) {
		fx := newFixture(t)
		fx.expect(fx.kind(verifier.Bearer, "a"), bearer("x"), "", 1)
		expect(t, fx, 0, "", "x", "")
		expect(t, fx, 0, "basic", "x", "")
	})
}

func TestOperatorForgetsDuringAFlight(t *testing.T) {
	for _, c := range []struct{ by, first string }{{"bearer", "x"}, {"account", "x"}, {"api", "a"}} {
		t.Run("by "+c.by+", the flight allows nobody and leaves nothing", func(t *testing.T) {
			fx := newFixture(t)
			tokens := fx.kind(verifier.Bearer, "a")
			end := fx.startHeld(tokens)
			fx.registry.Forget(c.by, c.first, "")
			d, err := end()
			if d.Allowed || err == nil {
				t.Errorf("allowed %v, %v", d.Allowed, err)
			}
			fx.respond(allow)
			fx.expect(tokens, bearer("x"), "", 1)
		})
	}
	t.Run("another account's flight goes on", func(t *testing.T) {
		fx := newFixture(t)
		tokens := fx.kind(verifier.Bearer, "a")
		end := fx.startHeld(tokens)
		fx.registry.Forget("account", "another", "")
		if d, err := end(); !d.Allowed || err != nil {
			t.Errorf("allowed %v, %v", d.Allowed, err)
		}
	})
	t.Run("after more sweeps than are known, a flight allows nobody", func(t *testing.T) {
		fx := newFixture(t)
		tokens := fx.kind(verifier.Bearer, "a")
		end := fx.startHeld(tokens)
		for i := 0; i <= keptSweeps; i++ {
			fx.registry.Forget("account", "another", "")
		}
		if d, _ := end(); d.Allowed {
			t.Error("allowed")
		}
	})
}

func TestStates(t *testing.T) {
	fx := newFixture(t)
	c := fx.kind(verifier.Bearer, "a")
	fx.expect(c, bearer("x"), "", 1)
	fx.respond(deny(verifier.Invalid))
	fx.expect(c, bearer("y"), verifier.Invalid, 1)
	states, gone := fx.registry.States()
	if len(states) != 1 || len(gone) != 0 {
		t.Fatalf("%d states, %d gone", len(states), len(gone))
	}
	s := states[0]
	if s.Label.API != "a" || s.Allowed.Held != 1 || s.Denied.Held != 1 || s.Allowed.Size != usual().Size || s.Flights != 0 {
		t.Errorf("%+v", s)
	}
	t.Run("a scope that goes leaves its counts", func(t *testing.T) {
		c.scope.tally.Request(counters.Miss)
		fx.registry.mu.Lock()
		for name, s := range fx.registry.scopes {
			fx.registry.drop(name, s)
		}
		fx.registry.mu.Unlock()
		states, gone := fx.registry.States()
		if len(states) != 0 || len(gone) != 1 || gone[0].Totals.Requests[counters.Miss] != 1 {
			t.Errorf("%d states, %+v", len(states), gone)
		}
	})
}
