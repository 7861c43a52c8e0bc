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
			f := newFixture(t, deny)
			d, called, err := f.verify(NewLoginTrust(verifierFunc(f.upstream), identify), Credential{Kind: Bearer, Token: "t"})
			if d.Allowed || d.Denial.Reason != Invalid || err != nil || !called {
				t.Errorf("%+v (%v), called: %v", d, err, called)
			}
		}
	})

	t.Run("a token that carries its identity is allowed without a call", func(t *testing.T) {
		f := newFixture(t, deny)
		d, called, err := f.verify(NewLoginTrust(verifierFunc(f.upstream), fromToken), issued)
		if !d.Allowed || err != nil || called || d.Identity.Get("user") != "u" || !d.Issued.Equal(issued.Issued) {
			t.Errorf("%+v (%v), called: %v", d, err, called)
		}
	})

	for _, c := range []struct {
		name     string
		response verifierFunc
		allowed  bool
	}{
		{"is denied where the upstream refuses it", deny, false},
		{"is allowed where the upstream allows it", allow, true},
		{"is allowed where the upstream is down", outage, true},
		{"is allowed where the upstream limits calls", denyWith(Throttled, 429), true},
		{"is allowed where the budget is spent", denyWith(Throttled, 0), true},
	} {
		t.Run("a token without an identity "+c.name, func(t *testing.T) {
			f := newFixture(t, c.response)
			d, called, err := f.verify(NewLoginTrust(verifierFunc(f.upstream), nil), issued)
			if d.Allowed != c.allowed || err != nil || !called || len(d.Identity) != 0 {
				t.Errorf("%+v (%v), called: %v", d, err, called)
			}
			if d.Allowed != d.Issued.Equal(issued.Issued) {
				t.Errorf("issued: %s", d.Issued)
			}
		})
	}
}
