package custom

import (
	"strings"
	"testing"
)

func TestCondition(t *testing.T) {
	t.Run("each operator holds where the design says", func(t *testing.T) {
		body := `{"t":"rate limit","yes":true,"no":false,"n":12,"f":12.0,"e":1e2,"big":9007199254740993,"z":null,"o":{"a":"b"},"l":[1,"two",{"x":3}],
			"empty":"","num":"12","a.b":"dots","with blank":"b","0":"zero","half":"\ud800","or":"or","is":"not"}`
		for _, c := range []struct {
			condition string
			holds     bool
		}{
			{"yes is true", true},
			{`yes is "true"`, false},
			{"no is true", false},
			{"no is false", true},
			{"t is true", false},
			{"n is 12", true},
			{"n is 12.0", false},
			{"f is 12", false},
			{"f is 12.0", true},
			{`n is "12"`, false},
			{`num is "12"`, true},
			{"num is 12", false},
			{`num is 12 or "12"`, true},
			{"big is 9007199254740993", true},
			{"big is 9007199254740992", false},
			{"e is 100", false},
			{"e is 1e2", true},
			{"z is null", true},
			{`z is "null"`, false},
			{"empty is null", false},
			{`empty is ""`, true},
			{`z is ""`, false},
			{"o is null", false},
			{"t is rate", false},
			{`t is "rate limit"`, true},
			{"missing is null", false},
			{"is is not", true},
			{`or is "or"`, true},
			{"n is not 12", false},
			{"n is not 13", true},
			{"z is not 13", false},
			{"gone is not 13", false},
			{"o is not 13", false},
			{"l is not 13", false},
			{"n is not 12 or 13", false},
			{"n is not 14 or 13", true},
			{"t is not true", true},
			{"half is not x", false},
			{"half is \"\ufffd\"", false},
			{`t starts with rate`, true},
			{"t starts with limit", false},
			{"n starts with 1", false},
			{`t contains "e l"`, true},
			{"t contains x or limit", true},
			{"z contains x", false},
			{"n exists", true},
			{"z exists", true},
			{"o exists", true},
			{"gone exists", false},
			{"o.gone exists", false},
			{"o.a.b exists", false},
			{"gone missing", true},
			{"z missing", false},
			{"o is a object", true},
			{"o is an object", true},
			{"l is a list", true},
			{"t is a text", true},
			{"n is a number", true},
			{"yes is a boolean", true},
			{"z is a object", false},
			{"n is a text or number", true},
			{"o is a text or number", false},
			{"n > 0", true},
			{"n > 12", false},
			{"n >= 12", true},
			{"n <= 12.0", true},
			{"n < 12", false},
			{"n < 12.000000000000001", true},
			{"num > 0", false},
			{"z > 0", false},
			{"big > 9007199254740992", true},
			{"e >= 100", true},
			{"n > -1", true},
			{"l.0 is 1", true},
			{"l.1 is two", true},
			{"l.2.x is 3", true},
			{"l.3 exists", false},
			{"l.-1 exists", false},
			{"l.x exists", false},
			{`l."0" exists`, false},
			{`"a.b" is dots`, true},
			{"a.b exists", false},
			{`"with blank" is b`, true},
			{"0 is zero", true},
			{"o.a is b", true},
			{"T exists", false},
			{"header:x-one is a", true},
			{"header:X-Twice exists", true},
			{"header:X-Twice missing", false},
			{"header:X-Twice is a", false},
			{"header:X-Twice is not b", false},
			{"header:X-Twice starts with a", false},
			{"header:X-Twice is a text", false},
			{"header:X-None missing", true},
			{`header:X-Zero is "0"`, true},
			{"header:X-One contains a", true},
			{`header:X-One is not "a"`, false},
		} {
			condition := conditionsOf(t, c.condition)[0]
			r := responseOf(200, body, "X-One", "a", "X-Twice", "a", "X-Twice", "a", "X-Zero", "0")
			if r.Body == nil {
				t.Fatal("the body is not read")
			}
			if got := condition.holds(condition.path.judged(r)); got != c.holds {
				t.Errorf("%s: %v", c.condition, got)
			}
			if got := newTable([]Row{{When: []Condition{condition}}}, false).match(r) == 0; got != c.holds {
				t.Errorf("%s in a table: %v", c.condition, got)
			}
		}
	})

	t.Run("nothing but missing is met without a body", func(t *testing.T) {
		for _, text := range []string{"a is b", "a is not b", "a exists", "a is a text", "a > 1", "a contains b"} {
			condition := conditionsOf(t, text)[0]
			if condition.holds(condition.path.In(responseOf(200, "no JSON"))) {
				t.Errorf("%s holds", text)
			}
		}
	})

	t.Run("what cannot be read says what is wrong", func(t *testing.T) {
		for _, c := range [][2]string{
			{"", "empty"},
			{"status = ok", `no operator; did you mean "status is ok"?`},
			{"status == ok", `did you mean "status is ok"?`},
			{"status != ok", `did you mean "status is not ok"?`},
			{"status=ok", `did you mean "status is ok"?`},
			{"status!=ok", `did you mean "status is not ok"?`},
			{"status", "no operator; allowed: is, is not"},
			{"status equals ok", "no operator"},
			{"status is", "a value is missing"},
			{"status is a or", "a value is missing"},
			{"status is two words", "values have \"or\" between them"},
			{`status is "open`, "a double quote is not closed"},
			{`status is o"pen"`, "quotes stand around a whole value"},
			{"a..b is 1", "an empty name"},
			{"a. is 1", "an empty name"},
			{"a.b.c.d.e.f.g.h.i is 1", "deeper than 8 names"},
			{"a exists now", "nothing stands after exists"},
			{"a is a thing", `"thing" is no type`},
			{"a is a text or", "a type is missing"},
			{"a > b", "a number stands after >"},
			{"a > 1 or 2", "a number stands after >"},
			{"a > 1e999", "a number of at most 40 characters"},
			{"a starts with \"\"", "an empty text is in every text"},
			{"header: is a", "no name of a header"},
			{"header:X-A is 1", `a header is always text; write "1"`},
			{"header:X-A > 1", "a header is always text"},
			{"a starts 1", "no operator"},
			{"a is True", `True is a text here: true, false and null are JSON's; write one of these, or "True" in double quotes`},
			{"a is 1 or NULL", "NULL is a text here"},
			{"$.a is 1", "names and indexes stand with dots between them"},
			{"a[0].b is 1", "names and indexes stand with dots between them"},
			{"a.* exists", "names and indexes stand with dots between them"},
		} {
			_, fault := ParseCondition(c[0])
			if !strings.Contains(fault, c[1]) {
				t.Errorf("%q: %q instead of %q", c[0], fault, c[1])
			}
		}
	})

	t.Run("it is about the body or about a header", func(t *testing.T) {
		list := conditionsOf(t, "a exists", "header:A exists")
		if !list[0].OnBody() || list[1].OnBody() {
			t.Error("they are mixed up")
		}
	})
}

// Whatever an operator writes is a condition or a fault, and whatever an upstream sends is
// judged without a panic; a condition is never met by a response without a value but for
// missing.
func FuzzCondition(f *testing.F) {
	for _, text := range []string{"a is true", `a is "x" or 12`, "a.b.0 > 1e5", "header:A is not b", `"a\"b" contains c`, "a is a text", "a starts with \\"} {
		f.Add(text, `{"a":{"b":[1,"x",null]}}`)
	}
	f.Fuzz(func(t *testing.T, text, body string) {
		condition, fault := ParseCondition(text)
		if fault != "" {
			return
		}
		r := responseOf(200, body, "A", body)
		first := condition.holds(condition.path.judged(r))
		inTable := newTable([]Row{{When: []Condition{condition}}}, false).match(r) == 0
		if first != inTable {
			t.Errorf("%q of %q: %v and in a table %v", text, body, first, inTable)
		}
		if condition.operator != opMissing && condition.holds(nil) {
			t.Errorf("%q is met by nothing", text)
		}
		again, fault := ParseCondition(condition.Written())
		if fault != "" || again.holds(again.path.judged(r)) != first {
			t.Errorf("%q means something else when it is read again", condition.Written())
		}
	})
}
