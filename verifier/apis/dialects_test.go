package apis

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

func TestThammasatRequest(t *testing.T) {
	const account = `{"UserName":"u\"","PassWord":"p"}`
	fromClient := verifier.Credential{Token: "client's", User: `u"`, Password: "p"}
	for _, c := range []struct {
		name     string
		settings Settings
		from     verifier.Credential
		key      string
		body     string
	}{
		{"a key alone is sent without a body", Settings{Kind: verifier.ApplicationKey}, verifier.Credential{Token: "client's"}, "client's", ""},
		{"a key with the operator's probe account", Settings{Kind: verifier.ApplicationKey, Probe: &Account{User: `u"`, Password: "p"}}, verifier.Credential{Token: "client's"}, "client's", account},
		{"a key with the client's account", Settings{Kind: verifier.ApplicationKey, Account: true}, fromClient, "client's", account},
		{"an account under the operator's key", Settings{Kind: verifier.Basic, Key: "operator's"}, fromClient, "operator's", account},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := thammasatRequest(c.from, c.settings)
			want := transport.Request{Header: http.Header{"Application-Key": {c.key}, "Content-Type": {"application/json"}}, Body: c.body}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%+v, want %+v", got, want)
			}
		})
	}
}

func TestThammasatFake(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	random := make([]byte, 288)
	t.Run("it has a key where the client sends one, and an account likewise", func(t *testing.T) {
		for _, c := range []struct {
			settings     Settings
			key, account bool
		}{
			{Settings{Kind: verifier.ApplicationKey}, true, false},
			{Settings{Kind: verifier.ApplicationKey, Probe: &Account{}}, true, false},
			{Settings{Kind: verifier.ApplicationKey, Account: true}, true, true},
			{Settings{Kind: verifier.Basic, Key: "k"}, false, true},
		} {
			fake := thammasatFake(random, now, c.settings)
			if (fake.Token != "") != c.key || (fake.User != "") != c.account || (fake.Password != "") != c.account {
				t.Errorf("%+v: %+v", c.settings, fake)
			}
		}
	})
}

func TestThammasatRejectsAccount(t *testing.T) {
	t.Run("a 401 and a 403 are about the key, not about the account", func(t *testing.T) {
		badKey := verifier.Denial{Reason: verifier.Forbidden, HTTP: 403}
		noKey := verifier.Denial{Reason: verifier.Invalid, HTTP: 401}
		badAccount := verifier.Denial{Reason: verifier.Invalid, HTTP: 200}
		if !thammasatRejectsAccount(badAccount) || thammasatRejectsAccount(noKey) || thammasatRejectsAccount(badKey) {
			t.Error("they are mixed up")
		}
	})
}

func TestAPIHint(t *testing.T) {
	t.Run("it names a key of the configuration", func(t *testing.T) {
		for _, api := range All() {
			for _, kind := range api.Kinds {
				hint := api.Hint(Settings{Kind: kind})
				if !strings.Contains(hint, "path") && !strings.Contains(hint, "url") && !strings.Contains(hint, "probe") {
					t.Errorf("%s, %s: %q", api.Name, kind, hint)
				}
			}
		}
	})
}

func TestAPIMessage(t *testing.T) {
	t.Run("each dialect has the documents' text for a missing credential", func(t *testing.T) {
		for _, api := range All() {
			if api.Message(verifier.Missing) == "" {
				t.Errorf("%s has none", api.Name)
			}
			if got := api.Message(verifier.Requirement); got != "" {
				t.Errorf("%s has one for a requirement: %q", api.Name, got)
			}
		}
	})
}

func TestAPIBody(t *testing.T) {
	t.Run("it is one plain JSON object that holds the message, for every reason and status", func(t *testing.T) {
		const message = `a "message" </script> متن`
		for _, api := range All() {
			for _, status := range []int{400, 401, 403, 422, 429, 500} {
				for _, d := range []verifier.Denial{
					{Reason: verifier.Invalid, Status: status, Message: message},
					{Reason: verifier.Unavailable, Status: status, Message: message},
					{Reason: verifier.Unprocessable, Status: status, Message: message, Errors: `{"f":["x"]}`},
				} {
					body := api.Body(d)
					if strictjson.Read([]byte(body)) == nil || !strings.Contains(body, strictjson.Quote(message)) {
						t.Errorf("%s, %d %s: %s", api.Name, status, d.Reason, body)
					}
				}
			}
		}
	})
}

func TestLastNumber(t *testing.T) {
	t.Run("it is the last number of a text, in Latin, Persian or Arabic digits", func(t *testing.T) {
		for text, want := range map[string]int64{
			"": -1, "none": -1, "0": 0, "7": 7, "every 10 s; again in 25 s": 25, "۱۰ ثانیه، ۲۵ ثانیه": 25, "٢٥": 25, "1۲٣": 123, "5 s": 5,
			"12.5": 5, strings.Repeat("9", 100): 9999999,
		} {
			if got := LastNumber(text); got != want {
				t.Errorf("%.20q: %d, want %d", text, got, want)
			}
		}
	})
}
