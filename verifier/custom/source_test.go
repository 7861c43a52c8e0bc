package custom

import (
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier/jwt"
)

func TestSource(t *testing.T) {
	t.Run("a field has sources, of which the first that leads to a value counts", func(t *testing.T) {
		for _, c := range []struct {
			text string
			n    int
			each bool
		}{
			{"login", 1, false},
			{"data.user.name or login", 2, false},
			{"scopes each", 1, true},
			{"header:X-OAuth-Scopes each", 1, true},
			{"a or b or c each", 3, true},
			{"a or each", 2, false},
			{"each", 1, false},
			{"token.sub or credential.user", 2, false},
			{`"or" or "a b"`, 2, false},
		} {
			sources, each, fault := ParseField(c.text)
			if fault != "" || len(sources) != c.n || each != c.each {
				t.Errorf("%q: %d %v %s", c.text, len(sources), each, fault)
			}
		}
	})

	t.Run("what cannot be read says what is wrong", func(t *testing.T) {
		for _, c := range [][2]string{
			{"", "a path is missing"},
			{"a b", `paths have "or" between them`},
			{"a or", "a path is missing"},
			{"or a", `paths have "or"`},
			{"a each b", `paths have "or"`},
			{`"a`, "a double quote is not closed"},
			{"a or b..c", "an empty name"},
			{"credential.password", "credential.user alone"},
			{"credential.token", "credential.user alone"},
			{"token.header:A", "a token has no headers"},
			{"token.", "an empty name"},
		} {
			_, _, fault := ParseField(c[0])
			if !strings.Contains(fault, c[1]) {
				t.Errorf("%q: %q", c[0], fault)
			}
		}
	})

	t.Run("it leads into the response, the token and the credential", func(t *testing.T) {
		f := &facts{
			response: responseOf(200, `{"sub":"response","token":{"sub":"body"}}`, "X-A", "line"), user: "alice",
			claims: jwt.Claims("e30.eyJzdWIiOiJjbGFpbSJ9.c2ln"),
		}
		for text, want := range map[string]string{
			"sub": "response", "token.sub": "claim", `"token".sub`: "body", "credential.user": "alice", "header:X-A": "line", "token.gone": "", `token."sub"`: "claim",
		} {
			source := sourceOf(t, text)
			v := f.at(source)
			got := ""
			if v != nil {
				got = v.Text
			}
			if got != want {
				t.Errorf("%s: %q instead of %q", text, got, want)
			}
		}
	})
}
