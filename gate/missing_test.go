package gate

import (
	"net/http"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
)

// A client is told what the kind of credential takes of which it brought a part, else the
// route's first, in the documents' words where they have some for that kind.
func TestMissingMessage(t *testing.T) {
	byName := map[string]*apis.API{}
	for _, api := range apis.All() {
		byName[api.Name] = api
	}
	of := func(kind verifier.Kind, api string, paired bool) *scheme {
		return &scheme{kind: kind, api: byName[api], paired: paired, absent: byName[api].Absent(apis.Settings{Kind: kind, Account: paired})}
	}
	bearer := func(api string) *scheme { return of(verifier.Bearer, api, false) }
	key, both := of(verifier.ApplicationKey, "thammasat", false), of(verifier.ApplicationKey, "thammasat", true)
	basic := of(verifier.Basic, "thammasat", false)
	const aKey, anAccount = "Application-Key", "user name and a password"
	cases := []struct {
		name    string
		schemes []*scheme
		sent    verifier.Kind
		says    []string
		not     []string
	}{
		{"a key", []*scheme{key}, "", []string{byName["thammasat"].Message(verifier.Missing)}, []string{anAccount}},
		{"a key and an account", []*scheme{both}, "", []string{byName["thammasat"].Message(verifier.Missing)}, nil},
		{"half of these", []*scheme{both}, verifier.ApplicationKey, []string{byName["thammasat"].Message(verifier.Missing)}, nil},
		{"an account", []*scheme{basic}, "", []string{anAccount}, []string{aKey}},
		{"an account without a password", []*scheme{basic}, verifier.Basic, []string{anAccount}, []string{aKey}},
		{"a key or an account", []*scheme{key, basic}, "", []string{byName["thammasat"].Message(verifier.Missing)}, []string{anAccount}},
		{"of these an account without a password", []*scheme{key, basic}, verifier.Basic, []string{anAccount}, []string{aKey}},
		{"a token or a key", []*scheme{bearer("bts"), key}, "", []string{"Authorization header required."}, []string{aKey, anAccount}},
		{"a token, a key with an account", []*scheme{bearer("ippanel"), both}, "", []string{byName["ippanel"].Message(verifier.Missing)}, []string{aKey, anAccount}},
		{"of three the token", []*scheme{bearer("webservice"), key, basic}, verifier.Bearer, []string{byName["webservice"].Message(verifier.Missing)}, []string{aKey, anAccount}},
		{"one of three", []*scheme{bearer("webservice"), key, basic}, "", []string{byName["webservice"].Message(verifier.Missing)}, []string{aKey, anAccount}},
	}
	for _, api := range []string{"ippanel", "bts", "webservice"} {
		cases = append(cases, cases[0])
		last := &cases[len(cases)-1]
		last.name, last.schemes, last.says, last.not = "a token of "+api, []*scheme{bearer(api)}, []string{byName[api].Message(verifier.Missing)}, []string{aKey, anAccount}
	}
	for _, c := range cases {
		for _, format := range []string{"upstream", "problem"} {
			t.Run(c.name+", "+format, func(t *testing.T) {
				rf := &refusal{unavailable: 500, schemes: c.schemes, problem: format == "problem"}
				w := respond(rf, http.MethodGet, c.sent, verifier.Denial{Reason: verifier.Missing})
				text := strings.ReplaceAll(w.Body.String(), `\"`, `"`)
				for _, says := range c.says {
					if !strings.Contains(text, says) {
						t.Errorf("%s does not say %q", text, says)
					}
				}
				for _, not := range c.not {
					if strings.Contains(text, not) {
						t.Errorf("%s says %q", text, not)
					}
				}
			})
		}
	}
	t.Run("no other text names what the client did not send", func(t *testing.T) {
		for _, reason := range allReasons[1:] {
			for _, s := range []*scheme{basic, bearer("bts"), bearer("ippanel"), bearer("webservice")} {
				d := (&refusal{unavailable: 500, schemes: []*scheme{key, s}}).fillDefaults(verifier.Denial{Reason: reason}, s)
				if strings.Contains(d.Message, aKey) || (s == basic && strings.Contains(d.Message, "token")) || d.Message == "" {
					t.Errorf("%s, %s: %q", s.kind, reason, d.Message)
				}
			}
		}
	})
}
