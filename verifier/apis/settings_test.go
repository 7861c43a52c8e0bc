package apis

import (
	"reflect"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// Equal scopes share their answers: a field that is missing in the scope would give one
// caller another's identity.
func TestSettingsScope(t *testing.T) {
	seen := map[string]string{strings.Join(Settings{}.Scope(), "\x00"): "the zero settings"}
	expectNew := func(t *testing.T, name string, changed Settings) {
		t.Helper()
		scope := strings.Join(changed.Scope(), "\x00")
		if other, same := seen[scope]; same {
			t.Errorf("%s and %s have one scope", name, other)
		}
		seen[scope] = name
	}

	t.Run("each field of the settings changes it, in another way", func(t *testing.T) {
		other := map[string]Settings{
			"Kind":        {Kind: verifier.Basic},
			"Target":      {Target: transport.Target{URL: "x"}}, // its fields: TestTargetScope
			"Key":         {Key: "x"},
			"Account":     {Account: true},
			"Probe":       {Probe: &Account{}},
			"Canary":      {Canary: true},
			"LoginSecret": {LoginSecret: "x"},
		}
		settings := reflect.TypeOf(Settings{})
		for i := 0; i < settings.NumField(); i++ {
			name := settings.Field(i).Name
			changed, listed := other[name]
			if !listed || reflect.DeepEqual(changed, Settings{}) {
				t.Errorf("%s: give it another value here, and add it to the scope", name)
				continue
			}
			expectNew(t, name, changed)
		}
	})

	t.Run("so does each field of the probe account", func(t *testing.T) {
		account := reflect.TypeOf(Account{})
		for i := 0; i < account.NumField(); i++ {
			probe := &Account{}
			reflect.ValueOf(probe).Elem().Field(i).SetString("x")
			expectNew(t, "Probe."+account.Field(i).Name, Settings{Probe: probe})
		}
	})
}
