package apis

import (
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

func TestWithDefaultsRejectsFake(t *testing.T) {
	api := withDefaults(&API{Name: "empty"})
	for _, c := range []struct {
		name   string
		denial verifier.Denial
		want   bool
	}{
		{"a 401 is about the credential", verifier.Denial{Reason: verifier.Invalid, HTTP: 401}, true},
		{"a code for an invalid credential is, too", verifier.Denial{Reason: verifier.Invalid, HTTP: 200}, true},
		{"a code for an expired one is, too", verifier.Denial{Reason: verifier.Expired, HTTP: 200}, true},
		{"a 403 is, too", verifier.Denial{Reason: verifier.Forbidden, HTTP: 403}, true},
		{"a 403 inside a 200 is not", verifier.Denial{Reason: verifier.Forbidden, HTTP: 200}, false},
		{"a 400 is about the request", verifier.Denial{Reason: verifier.Unprocessable, HTTP: 400}, false},
		{"a 422 is about the request", verifier.Denial{Reason: verifier.Unprocessable, HTTP: 422}, false},
		{"a 429 is about neither", verifier.Denial{Reason: verifier.Throttled, HTTP: 429}, false},
		{"an outage is about neither", verifier.Denial{Reason: verifier.Unavailable, HTTP: 503}, false},
		{"the zero denial is about neither", verifier.Denial{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := api.RejectsFake(c.denial, Settings{}); got != c.want {
				t.Errorf("%v", got)
			}
		})
	}
}

func TestWithDefaultsKeeps(t *testing.T) {
	t.Run("what an API has is kept", func(t *testing.T) {
		api := withDefaults(&API{
			Variant:     func(Settings) string { return "own" },
			NeedsCanary: func(Settings) bool { return true },
			Documented:  func(string) bool { return true },
			Request:     func(verifier.Credential, Settings) transport.Request { return transport.Request{Body: "own"} },
			RejectsFake: func(verifier.Denial, Settings) bool { return true },
			Message:     func(verifier.Reason) string { return "own" },
		})
		if api.Variant(Settings{}) != "own" || !api.NeedsCanary(Settings{}) || !api.Documented("") ||
			api.Request(verifier.Credential{}, Settings{}).Body != "own" || !api.RejectsFake(verifier.Denial{}, Settings{}) || api.Message("") != "own" {
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
