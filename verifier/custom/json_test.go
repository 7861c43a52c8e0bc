package custom

import (
	"strings"
	"testing"
)

func TestJSON(t *testing.T) {
	none := Allowed{}
	t.Run("what is no JSON object, or changes its shape, is a fault", func(t *testing.T) {
		for _, c := range [][2]string{
			{``, "must be one JSON object"},
			{`{token}`, "a placeholder stands inside quotes"},
			{`"{token}"`, "must be one JSON object"},
			{`["{token}"]`, "must be one JSON object"},
			{`{"a":{token}}`, "{token}: a placeholder stands inside quotes"},
			{`{"a":"{tokn}"}`, "{tokn}: unknown placeholder; did you mean {token}?"},
			{`{"{token}":1}`, "no placeholder stands in a name"},
			{`{"a":"{token}",}`, "must be one JSON object"},
			{`{"a":1}{"b":"{token}"}`, "must be one JSON object"},
			{`{"a":1,"A":"{token}"}`, "must be one JSON object"},
			{`{"a":"{token}"`, "must be one JSON object"},
			{`{"a":"{token}`, "a double quote is not closed"},
			{`{"a":"\{token}"}`, "within an escape"},
			{`{"a":"\u00{token}"}`, "within an escape"},
			{`{"a":"\u{token}"}`, "within an escape"},
			{"{\"a\":\"\n{token}\"}", "a character has to be escaped"},
			{"{\"a\":\"\xff{token}\"}", ""},
			{`{"a":"b}"}`, "a brace without its other one"},
			{`{'a':'{token}'}`, ""},
			{`key={token}`, "a placeholder stands inside quotes"},
			{strings.Repeat(`{"a":`, 40) + `"{token}"` + strings.Repeat("}", 40), "must be one JSON object"},
		} {
			_, fault := ParseJSON(c[0], requestNames, none, true)
			if fault == "" || !strings.Contains(fault, c[1]) {
				t.Errorf("%s: %q instead of %q", c[0], fault, c[1])
			}
		}
	})

	t.Run("values without quotes are numbers, errors, and a code as it is", func(t *testing.T) {
		body := bodyOf(t, `{"code":{code},"status":{status},"errors":{errors},"wait":{retryAfter},"text":"{code} {errors}"}`)
		for code, want := range map[string]string{"12": "12", "012": `"012"`, "a": `"a"`, "": "null", "-1e3": "-1e3", `a"b`: `"a\"b"`} {
			text, ok := body.Render(Values{"code": code, "status": "401", "errors": `{"a":["b"]}`, "retryAfter": "3"})
			quoted := strings.ReplaceAll(code, `"`, `\"`)
			if !ok || text != `{"code":`+want+`,"status":401,"errors":{"a":["b"]},"wait":3,"text":"`+quoted+` {\"a\":[\"b\"]}"}` {
				t.Errorf("%q: %s", code, text)
			}
		}
	})

	t.Run("a text that is no object is one where any JSON will do", func(t *testing.T) {
		for _, text := range []string{`["{message}"]`, `"{message}"`, `{"a":[{},{status}]}`, `null`} {
			bodyOf(t, text)
		}
	})
}
