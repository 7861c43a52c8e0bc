package apis

import (
	"fmt"
	"net/http"
	"reflect"
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

func TestWithDefaults(t *testing.T) {
	api := withDefaults(&API{Name: "empty"})
	s := Settings{Kind: verifier.Bearer}

	t.Run("an API has one variant of the call", func(t *testing.T) {
		if got := api.Variant(s); got != "" {
			t.Errorf("%q", got)
		}
	})

	t.Run("an allowing response needs no canary", func(t *testing.T) {
		if api.NeedsCanary(s) {
			t.Error("it does")
		}
	})

	t.Run("a response is about a caller", func(t *testing.T) {
		if api.Anonymous(s) {
			t.Error("it is not")
		}
	})

	t.Run("no code is documented", func(t *testing.T) {
		for _, code := range []string{"", "0", "401", "-1"} {
			if api.Documented(code) {
				t.Errorf("%q is", code)
			}
		}
	})

	t.Run("the token is sent as RFC 6750 defines", func(t *testing.T) {
		got := api.Request(verifier.Credential{Kind: verifier.Bearer, Token: "t"}, s)
		want := transport.Request{Header: http.Header{"Authorization": {"Bearer t"}}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%+v", got)
		}
	})

	t.Run("no denial is about an account", func(t *testing.T) {
		if api.RejectsAccount != nil {
			t.Error("an API without accounts would get an account limiter")
		}
	})

	t.Run("there is no text for any reason", func(t *testing.T) {
		for _, reason := range []verifier.Reason{verifier.Missing, verifier.Invalid, verifier.Throttled, verifier.Unavailable} {
			if got := api.Message(reason); got != "" {
				t.Errorf("%s: %q", reason, got)
			}
		}
	})
}

func TestWithDefaultsKeeps(t *testing.T) {
	t.Run("what an API has is kept", func(t *testing.T) {
		api := withDefaults(&API{
			Variant:     func(Settings) string { return "own" },
			NeedsCanary: func(Settings) bool { return true },
			Documented:  func(string) bool { return true },
			Request:     func(verifier.Credential, Settings) transport.Request { return transport.Request{Body: "own"} },
			Message:     func(verifier.Reason) string { return "own" },
		})
		if api.Variant(Settings{}) != "own" || !api.NeedsCanary(Settings{}) || !api.Documented("") ||
			api.Request(verifier.Credential{}, Settings{}).Body != "own" || api.Message("") != "own" {
			t.Error("a default replaces a function of the API")
		}
	})

	t.Run("each dialect has every function, but RejectsAccount where it has no accounts", func(t *testing.T) {
		for _, api := range All() {
			v := reflect.ValueOf(*api)
			for i := 0; i < v.NumField(); i++ {
				name := v.Type().Field(i).Name
				if v.Field(i).Kind() == reflect.Func && v.Field(i).IsNil() && name != "RejectsAccount" {
					t.Errorf("%s: %s is nil", api.Name, name)
				}
			}
		}
	})
}

func TestFieldsOf(t *testing.T) {
	probe := &Account{User: "u", Password: "p"}
	for _, api := range All() {
		for _, c := range []struct {
			settings Settings
			want     int // fields; 0: any
		}{
			{Settings{Kind: verifier.Basic}, 13},
			{Settings{Kind: verifier.ApplicationKey, Account: true}, 13},
			{Settings{Kind: verifier.ApplicationKey}, 2},
			{Settings{Kind: verifier.ApplicationKey, Probe: probe}, 2},
		} {
			if api.OpenFields {
				c.want = 0
			}
			t.Run(fmt.Sprintf("%s, %s: %d", api.Name, api.Variant(c.settings), c.want), func(t *testing.T) {
				if got := api.FieldsOf(c.settings); len(got) != c.want {
					t.Errorf("%q", got)
				}
			})
		}
	}
}

func TestAbsent(t *testing.T) {
	t.Run("it is the documents' text where they have one for the kind, else one that names the kind", func(t *testing.T) {
		const account = "An account (Authorization: Basic, with a user name and a password) is required"
		bearer, key, both, basic := Settings{Kind: verifier.Bearer}, Settings{Kind: verifier.ApplicationKey},
			Settings{Kind: verifier.ApplicationKey, Account: true}, Settings{Kind: verifier.Basic}
		for _, api := range All() {
			for _, kind := range api.Kinds {
				documented := api.Message(verifier.Missing)
				if kind == verifier.Basic {
					documented = account + "."
				}
				if got := api.Absent(Settings{Kind: kind}); got != documented {
					t.Errorf("%s, %s: %q", api.Name, kind, got)
				}
			}
		}
		if got, want := withDefaults(thammasat()).Absent(both), thammasatNoKey; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		silent := withDefaults(&API{})
		for _, c := range []struct {
			settings Settings
			want     string
		}{
			{bearer, "A token (Authorization: Bearer) is required."},
			{key, "A key (Application-Key) is required."},
			{both, "A key (Application-Key) is required. " + account + " as well."},
			{basic, account + "."},
		} {
			if got := silent.Absent(c.settings); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		}
	})
}
