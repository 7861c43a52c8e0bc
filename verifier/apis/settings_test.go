package apis

import (
	"reflect"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// Two scopes that are the same share answers: a field that is not part of the scope
// gives one caller another's identity.
func TestSettingsScope(t *testing.T) {
	other := map[string]Settings{
		"Kind":        {Kind: verifier.Basic},
		"Target":      {Target: transport.Target{URL: "x"}}, // its own fields: transport's test
		"Key":         {Key: "x"},
		"Account":     {Account: true},
		"Probe":       {Probe: &Account{}},
		"Canary":      {Canary: true},
		"LoginSecret": {LoginSecret: "x"},
	}
	seen := map[string]string{strings.Join(Settings{}.Scope(), "\x00"): "the zero settings"}
	settings := reflect.TypeOf(Settings{})
	for i := 0; i < settings.NumField(); i++ {
		name := settings.Field(i).Name
		changed, listed := other[name]
		if !listed || reflect.DeepEqual(changed, Settings{}) {
			t.Errorf("%s: is it part of the scope? Give it another value here", name)
			continue
		}
		scope := strings.Join(changed.Scope(), "\x00")
		if before, same := seen[scope]; same {
			t.Errorf("%s and %s have one scope", name, before)
		}
		seen[scope] = name
	}
	account := reflect.TypeOf(Account{})
	for i := 0; i < account.NumField(); i++ {
		probe := &Account{}
		reflect.ValueOf(probe).Elem().Field(i).SetString("x")
		scope := strings.Join(Settings{Probe: probe}.Scope(), "\x00")
		if before, same := seen[scope]; same {
			t.Errorf("Probe.%s and %s have one scope", account.Field(i).Name, before)
		}
		seen[scope] = "Probe." + account.Field(i).Name
	}
}
