package apis

import (
	"fmt"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
)

// tableOf is a table of fields that no response has a value for.
func tableOf(fields string) (table []member) {
	for _, field := range strings.Fields(fields) {
		table = append(table, member{field: field, name: "absent"})
	}
	return table
}

func text(value string) *strictjson.Value {
	return &strictjson.Value{Kind: strictjson.Text, Text: value}
}

// fieldsOf returns the fields of an object of which a table names none.
func fieldsOf(t *testing.T, object string) verifier.Identity {
	t.Helper()
	v := strictjson.Read([]byte(object))
	if v == nil {
		t.Fatalf("not read: %s", object)
	}
	set := newFieldSet()
	set.addRest(v, nil)
	return set.fields
}

func TestFieldSet(t *testing.T) {
	t.Run("scalars become fields, and nothing else does", func(t *testing.T) {
		fields := fieldsOf(t, `{"text":"สมชาย","big":9007199254740993,"decimal":1.50,"exponent":1E+2,"on":true,"off":false,"zero":0,
		"empty":"","null":null,"list":["a"],"object":{"a":1},
		"tab":"a\tb","line":"a\r\nX-Auth-User: b","nul":"a\u0000","del":"a\u007f","c1":"a\u0085b",
		"long":"`+strings.Repeat("x", maxValue+1)+`","just":"`+strings.Repeat("x", maxValue)+`"}`)
		want := map[string]string{
			"text": "สมชาย", "big": "9007199254740993", "decimal": "1.50", "exponent": "1E+2",
			"on": "true", "off": "false", "zero": "0", "just": strings.Repeat("x", maxValue),
		}
		for _, field := range fields {
			if value, wanted := want[field.Name]; !wanted || value != field.Value {
				t.Errorf("field %s: %.40q", field.Name, field.Value)
			}
			delete(want, field.Name)
		}
		for name := range want {
			t.Errorf("no field %s", name)
		}
	})

	t.Run("a response cannot set the table's fields by their names", func(t *testing.T) {
		set := newFieldSet()
		set.add(&strictjson.Value{Fields: map[string]*strictjson.Value{"a": text("first"), "b": text("second")}}, []member{{"user", "a"}, {"user", "b"}})
		set.addRest(strictjson.Read([]byte(`{"user":"third","id":"4","api":"forged","expires":"never","other":"kept"}`)), tableOf("user id"))
		if fmt.Sprint(set.fields) != "[{user first} {other kept}]" {
			t.Errorf("%v", set.fields)
		}
	})

	t.Run("an identity is bounded", func(t *testing.T) {
		many, large := "", ""
		for i := 0; i < 1000; i++ {
			many += fmt.Sprintf(`,"f%d":%d`, i, i)
			large += fmt.Sprintf(`,"g%d":"%s"`, i, strings.Repeat("x", maxValue))
		}
		if got := len(fieldsOf(t, "{"+many[1:]+"}")); got != maxFields {
			t.Errorf("%d fields, want %d", got, maxFields)
		}
		total := 0
		for _, field := range fieldsOf(t, "{"+large[1:]+"}") {
			total += len(field.Name) + len(field.Value)
		}
		if total > maxTotal || total < maxTotal-maxValue-10 {
			t.Errorf("%d bytes, want up to %d, and nearly as many", total, maxTotal)
		}
	})

	t.Run("a value that is no object has no fields", func(t *testing.T) {
		set := newFieldSet()
		set.add(nil, tableOf("user"))
		set.add(&strictjson.Value{Kind: strictjson.Array}, tableOf("user"))
		set.addRest(nil, nil)
		set.addRest(&strictjson.Value{Kind: strictjson.Array}, nil)
		if len(set.fields) != 0 {
			t.Errorf("%v", set.fields)
		}
	})
}
