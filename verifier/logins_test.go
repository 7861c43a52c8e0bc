package verifier

import (
	"testing"
	"time"
)

func TestLoginTrust(t *testing.T) {
	issued := Credential{Kind: Bearer, Token: "t", Issued: time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)}
	identity := Identity{{Name: "user", Value: "u"}}
	fromToken := func(Credential) Identity { return identity }

	t.Run("a token that no observed login issued is verified as usual", func(t *testing.T) {
		for _, identify := range []func(Credential) Identity{nil, fromToken} {
			for _, response := range []verifierFunc{deny, outage} {
				f := newFixture(t, response)
				d, called, _ := f.verify(NewLoginTrust(verifierFunc(f.upstream), identify), Credential{Kind: Bearer, Token: "t"})
				if d.Allowed || !called {
					t.Errorf("%+v, called: %v", d, called)
				}
			}
		}
	})

	for _, c := range []struct {
		name        string
		response    verifierFunc
		allowed     bool
		provisional bool
	}{
		{"is denied where the upstream refuses it", deny, false, false},
		{"is denied where it may not call the path", denyWith(Forbidden, 403), false, false},
		{"is allowed where the upstream allows it", allow, true, false},
		{"is allowed for now where the upstream is down", outage, true, true},
		{"is allowed for now where the upstream limits calls", denyWith(Throttled, 429), true, true},
		{"is allowed for now where the budget is spent", denyWith(Throttled, 0), true, true},
	} {
		for from, identify := range map[string]func(Credential) Identity{"": nil, "that carries its identity ": fromToken} {
			t.Run("a token of a login "+from+c.name, func(t *testing.T) {
				f := newFixture(t, c.response)
				d, called, err := f.verify(NewLoginTrust(verifierFunc(f.upstream), identify), issued)
				if d.Allowed != c.allowed || d.Provisional != c.provisional || err != nil || !called {
					t.Errorf("%+v (%v), called: %v", d, err, called)
				}
				if d.Allowed != d.Issued.Equal(issued.Issued) {
					t.Errorf("issued: %s", d.Issued)
				}
				if (d.Identity.Get("user") == "u") != (c.provisional && identify != nil) {
					t.Errorf("%+v", d.Identity)
				}
			})
		}
	}
}
