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

// fieldsOf returns the fields with a value of an object of which a table names none.
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
		"empty":"","null":null,"list":["a",{}],"object":{"a":1},
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
		set.add(strictjson.NewObject(map[string]interface{}{"a": "first", "b": "second"}), []member{{"user", "a"}, {"user", "b"}})
		set.addRest(strictjson.Read([]byte(`{"user":"third","id":"4","api":"forged","expires":"never","other":"kept"}`)), tableOf("user id"))
		if fmt.Sprintf("%q", set.identity()) != `[{"user" "first" []} {"other" "kept" []}]` {
			t.Errorf("%q", set.identity())
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
		if len(set.identity()) != 0 {
			t.Errorf("%v", set.identity())
		}
	})
}

// unclear is JSON for half of a surrogate pair.
const unclear = `"\ud800"`

func TestFieldSetLists(t *testing.T) {
	just := `"` + strings.Repeat("x", maxValue) + strings.Repeat(`","`+strings.Repeat("y", maxValue-1), 3) + `"`
	for list, want := range map[string][]string{
		`["admin"]`:                          {"admin"},
		`["admin","editor"]`:                 {"admin", "editor"},
		`["a,b","c"]`:                        {"a,b", "c"},
		`[7,1.50,9007199254740993,true,"x"]`: {"7", "1.50", "9007199254740993", "true", "x"},
		`["","admin",""]`:                    {"admin"},
		`["สมชาย","%2C"]`:                    {"สมชาย", "%2C"},
		`[` + just + `]`:                     strings.Split(strings.ReplaceAll(just, `"`, ""), ","),
		`[]`:                                 nil,
		`[""]`:                               nil,
		`["admin",null]`:                     nil,
		`["admin",["editor"]]`:               nil,
		`[["admin"]]`:                        nil,
		`["admin",{"name":"editor"}]`:        nil,
		`[{"name":"admin"}]`:                 nil,
		`{"0":"admin"}`:                      nil,
		`["admin","a\nb"]`:                   nil,
		`["admin","\u0000"]`:                 nil,
		`["admin",` + unclear + `]`:          nil,
		`[` + just + `,1]`:                   nil,
		`["x"` + strings.Repeat(`,"x"`, maxItems) + `]`: nil,
		`["x"` + strings.Repeat(`,""`, 300) + `,"y"]`:   nil, // more than the reader lists
	} {
		t.Run(fmt.Sprintf("%.40s is %.40q", list, want), func(t *testing.T) {
			for _, object := range []string{`{"roles":` + list + `}`, `{"roles":` + list + `,"more":[` + strings.Repeat("{},", 200) + `{}]}`} {
				set := newFieldSet()
				set.addRest(strictjson.Read([]byte(object)), nil)
				values, _ := set.identity().Values("roles")
				if fmt.Sprintf("%q", values) != fmt.Sprintf("%q", want) {
					t.Errorf("%.80s: %q", object, values)
				}
			}
		})
	}
	t.Run("a field of the table is never a list, so that no caller is several", func(t *testing.T) {
		object := strictjson.Read([]byte(`{"sub":["a"],"name":["b","c"],"roles":["d"]}`))
		table := []member{{"user", "sub"}, {"name", "name"}}
		set := newFieldSet()
		set.add(object, table)
		set.addRest(object, table)
		if got := fmt.Sprintf("%q", set.fields); got != `[{"sub" "" ["a"]} {"roles" "" ["d"]}]` || set.has["user"] {
			t.Error(got)
		}
	})
	t.Run("many lists are bounded in all", func(t *testing.T) {
		object := ""
		for i := 0; i < 60; i++ {
			object += fmt.Sprintf(`,"l%d":[0%s]`, i, strings.Repeat(",1", 250))
		}
		set := newFieldSet()
		set.addRest(strictjson.Read([]byte("{"+object[1:]+"}")), nil)
		if len(set.fields) != maxItems/251 {
			t.Errorf("%d lists", len(set.fields))
		}
	})
}

func TestFieldSetUnusable(t *testing.T) {
	t.Run("what came in no form that can be used has a name and no value", func(t *testing.T) {
		set := newFieldSet()
		set.addRest(strictjson.Read([]byte(`{"object":{},"mixed":[{}],"tab":"a\tb","null":null,"empty":"","none":[],"long":"`+strings.Repeat("x", maxValue+1)+`"}`)), nil)
		if got := fmt.Sprintf("%q", set.identity()); got != `[{"object" "" []} {"mixed" "" []} {"tab" "" []} {"long" "" []}]` {
			t.Error(got)
		}
	})
	t.Run("it never hides a value that came too", func(t *testing.T) {
		set := newFieldSet()
		set.add(strictjson.NewObject(map[string]interface{}{"a": map[string]interface{}{}, "b": "second"}), []member{{"user", "a"}, {"user", "b"}})
		if got := set.identity(); len(got) != 1 || got.Get("user") != "second" {
			t.Errorf("%q", got)
		}
	})
	t.Run("names are bounded", func(t *testing.T) {
		object := ""
		for i := 0; i < 200; i++ {
			object += fmt.Sprintf(`,"%d%s":{}`, i, strings.Repeat("n", i))
		}
		set := newFieldSet()
		set.addRest(strictjson.Read([]byte("{"+object[1:]+"}")), nil)
		for _, field := range set.identity() {
			if len(field.Name) > maxName {
				t.Error(field.Name)
			}
		}
		if len(set.identity()) != maxFields {
			t.Errorf("%d names", len(set.identity()))
		}
	})
}
