package strictjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"
)

func TestRead(t *testing.T) {
	t.Run("an object is read only if it can be read in one way", func(t *testing.T) {
		cases := []struct {
			name string
			text string
			good bool
		}{
			{"an object", `{"status":true}`, true},
			{"an empty object", `{}`, true},
			{"white space around", " \r\n\t{ \"a\" : 1 } \n", true},
			{"one name at two levels", `{"a":{"a":1},"b":[{"a":1},{"a":2}]}`, true},
			{"names that differ by more than case", `{"status":true,"status ":false,"statuses":1}`, true},
			{"numbers of any length", `{"a":9007199254740993,"b":1e400}`, true},
			{"nested as documented replies never are", nested(maxDepth - 1), true},

			{"nothing", ``, false},
			{"an array", `[{"status":true}]`, false},
			{"a text", `"status"`, false},
			{"null", `null`, false},
			{"HTML", `<html>`, false},
			{"a name twice", `{"status":true,"status":false}`, false},
			{"a name twice, the same value", `{"status":true,"status":true}`, false},
			{"in another case", `{"status":false,"STATUS":true}`, false},
			{"with a long s", `{"status":false,"ſtatus":true}`, false},
			{"with a long s, escaped", `{"status":false,"\u017ftatus":true}`, false},
			{"with the Kelvin sign", `{"kind":1,"` + "\u212a" + `ind":2}`, false},
			{"with a dotless i", `{"id":1,"` + "\u0131" + `d":2}`, false},
			{"escaped", `{"a":1,"\u0061":2}`, false},
			{"a name twice, deep inside", `{"a":[{"b":{"c":1,"C":2}}]}`, false},
			{"two empty names", `{"":1,"":2}`, false},
			{"another object behind", `{"status":true}{"status":false}`, false},
			{"anything behind", `{"status":true} x`, false},
			{"a NUL behind", "{\"status\":true}\x00", false},
			{"a byte order mark", "\ufeff{}", false},
			{"no UTF-8 in a value", "{\"a\":\"\xff\"}", false},
			{"no UTF-8 in a name", "{\"\xc3\":1}", false},
			{"cut off", `{"status":true`, false},
			{"a comma too many", `{"status":true,}`, false},
			{"a comment", `{"status":true/**/}`, false},
			{"single quotes", `{'status':true}`, false},
			{"no JSON number", `{"a":NaN}`, false},
			{"a number with a zero in front", `{"a":01}`, false},
			{"nested too deep", nested(maxDepth + 1), false},
		}
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				if got := Read([]byte(c.text)); (got != nil) != c.good {
					t.Errorf("read: %v, want %v", got != nil, c.good)
				}
			})
		}
	})
}

func nested(depth int) string {
	return strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth)
}

// As deep as a reply can be, in objects and in arrays: an answer, and soon.
// maxSize is how large the texts are that the reader is given.
const maxSize = 64 << 10

func TestReadBounds(t *testing.T) {
	t.Run("nesting as deep as a response allows does no harm", func(t *testing.T) {
		start := time.Now()
		for _, text := range []string{
			nested(maxSize / 6),
			`{"a":` + strings.Repeat("[", maxSize/2-8) + strings.Repeat("]", maxSize/2-8) + `}`,
			strings.Repeat(`{"a":[`, maxSize/6),
		} {
			if Read([]byte(text)) != nil {
				t.Error("read")
			}
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("it took %s", took)
		}
	})

	// Whatever another reader takes for the same name counts as the same here. Its
	// rule is encoding/json's: simple folding, letter by letter.
	t.Run("names that any reader takes for the same are the same", func(t *testing.T) {
		for r := rune(1); r <= unicode.MaxRune; r++ {
			other := unicode.SimpleFold(r)
			if other == r || r < ' ' {
				continue
			}
			text := fmt.Sprintf(`{"%c":1,"%c":2}`, r, other)
			if Read([]byte(text)) != nil {
				t.Errorf("%U and %U are two names", r, other)
			}
		}
	})
}

func TestValue(t *testing.T) {
	t.Run("it keeps what was written", func(t *testing.T) {
		v := Read([]byte(`{"flag":true,"off":false,"n":9007199254740993,"f":1.50,"t":"a\u0000b","l":[1,"x"],"o":{"b":1,"a":2},"z":null}`))
		if v == nil {
			t.Fatal("not read")
		}
		for _, c := range []struct{ got, want string }{
			{v.Field("flag").Bool(), "true"},
			{v.Field("off").Bool(), "false"},
			{v.Field("nothing").Bool(), ""},
			{v.Field("n").Bool(), "other"},
			{v.Field("z").Bool(), "other"},
			{v.Field("t").Bool(), "other"},
			{v.Field("n").TextOf(Number), "9007199254740993"},
			{v.Field("f").TextOf(Number), "1.50"},
			{v.Field("n").TextOf(Text), ""},
			{v.Field("t").TextOf(Text), "a\x00b"},
			{v.Field("nothing").TextOf(Text), ""},
			{v.Field("nothing").Field("deeper").TextOf(Text), ""},
			{v.Field("l").Field("0").TextOf(Number), ""},
			{strings.Join(v.Field("o").Names, " "), "b a"},
			{strings.Join(v.Names, " "), "flag off n f t l o z"},
		} {
			if c.got != c.want {
				t.Errorf("got %q, want %q", c.got, c.want)
			}
		}
		if len(v.Field("l").Items) != 2 || !v.Field("z").IsKind(Null) || v.Field("z").IsScalar() || v.Field("l").IsScalar() {
			t.Error("kinds are mixed up")
		}
	})
}

// FuzzReadObject: whatever is read, encoding/json reads too, with equal values;
// and nothing is read that has one name twice.
func FuzzReadObject(f *testing.F) {
	for _, text := range []string{
		`{}`, `{"status":true,"data":{"a":[1,2.5,"x",null,false]}}`, `{"a":1,"A":2}`, `{"s":1,"ſ":2}`, `{"a":1}{}`, ` {"":{}} `,
		`{"a":"\ud800"}`, `{"\ud800":1,"\udfff":2}`, `{"a":1e999}`, `[1]`, "{\"a\":\"\xff\"}", nested(maxDepth), `{"a":[[[]]]}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v := Read(text)
		if v == nil {
			return
		}
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		want := map[string]interface{}{}
		if err := d.Decode(&want); err != nil {
			t.Fatalf("encoding/json does not read it: %v", err)
		}
		if d.More() {
			t.Fatal("there is more behind it")
		}
		if got := plain(t, v); !reflect.DeepEqual(got, want) {
			t.Fatalf("read as %v; encoding/json has %v", got, want)
		}
	})
}

// plain turns a value into what encoding/json makes, and looks at its names.
func plain(t *testing.T, v *Value) interface{} {
	t.Helper()
	switch v.Kind {
	case Object:
		object := map[string]interface{}{}
		for i, name := range v.Names {
			object[name] = plain(t, v.Fields[name])
			for _, other := range v.Names[:i] {
				if strings.EqualFold(name, other) {
					t.Fatalf("%q and %q in one object", other, name)
				}
			}
		}
		if len(v.Names) != len(v.Fields) {
			t.Fatal("names and members differ")
		}
		return object
	case Array:
		array := []interface{}{}
		for _, item := range v.Items {
			array = append(array, plain(t, item))
		}
		return array
	case Text:
		return v.Text
	case Number:
		return json.Number(v.Text)
	case Bool:
		return v.Text == "true"
	}
	return nil
}
