package apis

import (
	"fmt"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
)

// tableOf is a table of fields that stand in no reply.
func tableOf(fields string) (table []member) {
	for _, field := range strings.Fields(fields) {
		table = append(table, member{field: field, name: "nowhere"})
	}
	return table
}

func text(value string) *strictjson.Value {
	return &strictjson.Value{Kind: strictjson.Text, Text: value}
}

func collect(t *testing.T, text, reserved string) *fieldSet {
	t.Helper()
	v := strictjson.Read([]byte(text))
	if v == nil {
		t.Fatalf("not read: %s", text)
	}
	who := newFieldSet()
	who.addRest(v, tableOf(reserved))
	return who
}

func TestFieldSet(t *testing.T) {
	t.Run("scalars become fields, and nothing else does", func(t *testing.T) {
		who := collect(t, `{"text":"สมชาย","big":9007199254740993,"decimal":1.50,"exponent":1E+2,"yes":true,"off":false,"zero":0,
		"empty":"","null":null,"list":["a"],"object":{"a":1},
		"tab":"a\tb","line":"a\r\nX-Auth-User: b","nul":"a\u0000","del":"a\u007f","c1":"a\u0085b",
		"long":"`+strings.Repeat("x", maxValue+1)+`","just":"`+strings.Repeat("x", maxValue)+`"}`, "")
		want := map[string]string{
			"text": "สมชาย", "big": "9007199254740993", "decimal": "1.50", "exponent": "1E+2",
			"yes": "true", "off": "false", "zero": "0", "just": strings.Repeat("x", maxValue),
		}
		for _, field := range who.fields {
			if value, ok := want[field.Name]; !ok || value != field.Value {
				t.Errorf("field %s: %.40q", field.Name, field.Value)
			}
			delete(want, field.Name)
		}
		for name := range want {
			t.Errorf("no field %s", name)
		}
	})

	t.Run("a response cannot take the table's names", func(t *testing.T) {
		who := newFieldSet()
		who.add(&strictjson.Value{Fields: map[string]*strictjson.Value{"a": text("first"), "b": text("second")}}, []member{{"user", "a"}, {"user", "b"}})
		who.addRest(strictjson.Read([]byte(`{"user":"third","id":"4","api":"forged","expires":"never","other":"kept"}`)), tableOf("user id"))
		if fmt.Sprint(who.fields) != "[{user first} {other kept}]" {
			t.Errorf("%v", who.fields)
		}
	})

	t.Run("an identity is bounded", func(t *testing.T) {
		many, large := "", ""
		for i := 0; i < 1000; i++ {
			many += fmt.Sprintf(`,"f%d":%d`, i, i)
			large += fmt.Sprintf(`,"g%d":"%s"`, i, strings.Repeat("x", maxValue))
		}
		if got := len(collect(t, "{"+many[1:]+"}", "").fields); got != maxFields {
			t.Errorf("%d fields, want %d", got, maxFields)
		}
		total := 0
		for _, field := range collect(t, "{"+large[1:]+"}", "").fields {
			total += len(field.Name) + len(field.Value)
		}
		if total > maxTotal || total < maxTotal-maxValue-10 {
			t.Errorf("%d bytes, want just up to %d", total, maxTotal)
		}
	})

	t.Run("a value that is no object has no fields", func(t *testing.T) {
		who := newFieldSet()
		who.add(nil, tableOf("nothing"))
		who.add(&strictjson.Value{Kind: strictjson.Array}, tableOf("nothing"))
		who.addRest(nil, nil)
		who.addRest(&strictjson.Value{Kind: strictjson.Array}, nil)
		if len(who.fields) != 0 {
			t.Errorf("%v", who.fields)
		}
	})
}
