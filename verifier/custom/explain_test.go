package custom

import (
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
)

func TestExplain(t *testing.T) {
	explained := func(status int, body string) Explanation {
		return Explain(keysDefinition(t), responseOf(status, body), verifier.Credential{Kind: verifier.Bearer, Token: "the-token"}, apis.Settings{Kind: verifier.Bearer})
	}

	t.Run("it says which row fits, and what follows", func(t *testing.T) {
		e := explained(200, `{"valid":false,"reason":"suspended","detail":"Not now."}`)
		if e.Row != 3 || e.Meaning != apis.Denied || e.Problem != "" || e.Decision.Denial.Status != 403 || e.Decision.Denial.Code != "suspended" {
			t.Errorf("%+v", e)
		}
		if e.Body != `{"valid":false,"reason":"suspended","detail":"Not now."}` {
			t.Error(e.Body)
		}
		if len(e.Rows) != 4 || !e.Rows[3].Fits || e.Rows[0].Not != "valid is true" || e.Rows[1].Not != "reason is expired" || e.Rows[3].Name != "custom.replies[3]" {
			t.Errorf("%+v", e.Rows)
		}
	})

	t.Run("or why none does", func(t *testing.T) {
		e := explained(418, `{}`)
		if e.Row != -1 || e.Meaning != "" || e.Problem == "" || len(e.Rows) != 8 || e.Rows[7].Not != "status" || e.Decision.Allowed {
			t.Errorf("%+v", e)
		}
	})

	t.Run("a yes without what it needs is no answer", func(t *testing.T) {
		e := explained(200, `{"valid":true}`)
		if e.Row != 0 || e.Meaning != apis.Valid || e.Problem == "" || e.Decision.Allowed {
			t.Errorf("%+v", e)
		}
	})

	t.Run("a yes has an identity", func(t *testing.T) {
		e := explained(200, `{"valid":true,"key_id":"k","plan":{"name":"pro"}}`)
		if !e.Decision.Allowed || e.Decision.Identity.Get("plan") != "pro" || e.Body != "" || e.Problem != "" {
			t.Errorf("%+v", e)
		}
	})

	t.Run("and it says so in words", func(t *testing.T) {
		lines := New(keysDefinition(t)).Explain(responseOf(200, `{"valid":false,"reason":"expired"}`))
		if len(lines) != 2 || lines[0] != "custom.replies[0]: does not hold: valid is true" || lines[1] != "custom.replies[1]: fits" {
			t.Errorf("%q", lines)
		}
		lines = New(keysDefinition(t)).Explain(responseOf(418, `{}`))
		if len(lines) != 8 || lines[7] != "custom.replies[7]: has another status" {
			t.Errorf("%q", lines)
		}
	})
}

func TestFollowing(t *testing.T) {
	for _, c := range []struct {
		from, holds string
		follows     bool
	}{
		{`a is 1`, `a is 1 or 2`, true},
		{`a is 1 or 2`, `a is 1`, false},
		{`a is 1`, `a is a number`, true},
		{`a is "1"`, `a is a number`, false},
		{`a is null`, `a exists`, true},
		{`a is null`, `a is not 1`, false},
		{`a is x`, `a is not y or z`, true},
		{`a is not y or z`, `a is not y`, true},
		{`a is not y`, `a is not y or z`, false},
		{`a missing`, `a missing`, true},
		{`a missing`, `a exists`, false},
		{`a exists`, `a missing`, false},
		{`a is 7`, `a > 6`, true},
		{`a is 6`, `a > 6`, false},
		{`a > 7`, `a > 6`, true},
		{`a > 6`, `a >= 6`, true},
		{`a >= 6`, `a > 6`, false},
		{`a < 5`, `a <= 5`, true},
		{`a <= 5`, `a < 6`, true},
		{`a < 5`, `a > 4`, false},
		{`a starts with abc`, `a starts with ab`, true},
		{`a starts with abc`, `a contains bc`, true},
		{`a contains abc`, `a starts with ab`, false},
		{`a is abc`, `a contains b`, true},
		{`a is a text or number`, `a is a text or number or list`, true},
		{`b is 1`, `a is 1`, false},
	} {
		t.Run(c.holds+" after "+c.from, func(t *testing.T) {
			from, fault := ParseCondition(c.from)
			holds, second := ParseCondition(c.holds)
			if fault+second != "" {
				t.Fatal(fault, second)
			}
			if holds.Follows(&from) != c.follows {
				t.Errorf("follows: %t", !c.follows)
			}
		})
	}
}
