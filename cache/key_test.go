package cache

import (
	"context"
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier"
)

func TestKeys(t *testing.T) {
	t.Run("every part of a credential makes another key", func(t *testing.T) {
		fx := newFixture(t)
		c := fx.cache(usual())
		// Of one kind, because a scope has but one.
		all := []verifier.Credential{}
		for _, parts := range [][3]string{
			{"abc", "", ""},
			{"ab", "c", ""},
			{"ab", "", "c"},
			{"a", "bc", ""},
			{"a", "b", "c"},
			{"", "ab", "c"},
			{"", "a", "bc"},
			{"abC", "", ""},
			{"abc\x00", "", ""},
			{"1:a", "1:b", ""},
			{"1:a1:b", "", ""},
			{"quota", "abc", ""},
			{"log", "abc", ""},
			{"", "", ""},
		} {
			all = append(all, verifier.Credential{Kind: verifier.ApplicationKey, Token: parts[0], User: parts[1], Password: parts[2]})
		}
		fingerprints := map[string]bool{}
		for _, credential := range all {
			fx.expect(c, credential, "", 1)
			fingerprints[c.Fingerprint(credential)] = true
		}
		if len(fingerprints) != len(all) {
			t.Errorf("%d fingerprints for %d credentials", len(fingerprints), len(all))
		}
		for _, credential := range all {
			fx.expect(c, credential, "", 0)
		}
		if again := c.Fingerprint(all[0]); !fingerprints[again] || len(again) != 12 {
			t.Errorf("fingerprint %q", again)
		}
	})

	t.Run("those of two scopes have nothing in common", func(t *testing.T) {
		fx := newFixture(t)
		a, onePath := fx.join(context.Background(), "one url", "key", usual(), false)
		b, otherPath := fx.join(context.Background(), "another url", "key", usual(), false)
		fx.expect(a, bearer("x"), "", 1)
		fx.respond(deny(verifier.Invalid))
		fx.expect(b, bearer("x"), verifier.Invalid, 1)
		fx.expect(a, bearer("x"), "", 0)
		if onePath.Secret == otherPath.Secret || onePath.Line("Bearer x") == otherPath.Line("Bearer x") {
			t.Error("one digest in two scopes")
		}
		if a.Fingerprint(bearer("x")) == b.Fingerprint(bearer("x")) {
			t.Error("one fingerprint in two scopes")
		}
		if fx.registry.Scopes() != 2 {
			t.Errorf("%d scopes", fx.registry.Scopes())
		}
		other := newFixture(t)
		if fx.registry.Fingerprint("a", "bc") == fx.registry.Fingerprint("ab", "c") ||
			fx.registry.Fingerprint("a") == other.registry.Fingerprint("a") {
			t.Error("fingerprints of scopes are ambiguous, or the same in every process")
		}
	})
}
