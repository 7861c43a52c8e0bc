package strictjson

import (
	"bytes"
	"encoding/json"
	"fmt"
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
			read bool
		}{
			{"an object", `{"status":true}`, true},
			{"an empty object", `{}`, true},
			{"white space around", " \r\n\t{ \"a\" : 1 } \n", true},
			{"one name at two levels", `{"a":{"a":1},"b":[{"a":1},{"a":2}]}`, true},
			{"names that differ by more than case", `{"status":true,"status ":false,"statuses":1}`, true},
			{"numbers of any length", `{"a":9007199254740993,"b":1e400}`, true},
			{"nested up to the bound", nested(maxDepth - 1), true},
			{"nested to the bound", nested(maxDepth), true},
			{"an empty object in the innermost", strings.Repeat(`{"a":`, maxDepth) + "{}" + strings.Repeat("}", maxDepth), true},
			{"an empty array in the innermost", strings.Repeat(`{"a":`, maxDepth) + "[ ]" + strings.Repeat("}", maxDepth), true},
			{"many brackets, most of them in texts", `{"a":"` + strings.Repeat("[{", 500) + `\"","b":[[]]}`, true},
			{"many arrays side by side", `{"a":[` + strings.Repeat("[[1],{}],", 500) + `0]}`, true},
			{"quotes and colons in texts", `{"a":"\":\\\":","b\\":"\\","c\"":1}`, true},
			{"a byte order mark", "\ufeff{}", true},

			{"nothing", ``, false},
			{"an array", `[{"status":true}]`, false},
			{"a text", `"status"`, false},
			{"null", `null`, false},
			{"HTML", `<html>`, false},
			{"a name twice", `{"status":true,"status":false}`, false},
			{"a name twice, the same value", `{"status":true,"status":true}`, false},
			{"the same name in another case", `{"status":false,"STATUS":true}`, false},
			{"the same name with a long s", `{"status":false,"ſtatus":true}`, false},
			{"the same name with a long s, escaped", `{"status":false,"\u017ftatus":true}`, false},
			{"the same name with the Kelvin sign", `{"kind":1,"` + "\u212a" + `ind":2}`, false},
			{"the same name with a dotless i", `{"id":1,"` + "\u0131" + `d":2}`, false},
			{"the same name, escaped", `{"a":1,"\u0061":2}`, false},
			{"a name twice, deep inside", `{"a":[{"b":{"c":1,"C":2}}]}`, false},
			{"two empty names", `{"":1,"":2}`, false},
			{"another object after it", `{"status":true}{"status":false}`, false},
			{"other data after it", `{"status":true} x`, false},
			{"a NUL after it", "{\"status\":true}\x00", false},
			{"two byte order marks", "\ufeff\ufeff{}", false},
			{"a byte order mark alone", "\ufeff", false},
			{"no UTF-8 in a value", "{\"a\":\"\xff\"}", false},
			{"no UTF-8 in a name", "{\"\xc3\":1}", false},
			{"truncated", `{"status":true`, false},
			{"a trailing comma", `{"status":true,}`, false},
			{"a comment", `{"status":true/**/}`, false},
			{"single quotes", `{'status':true}`, false},
			{"no JSON number", `{"a":NaN}`, false},
			{"a number with a leading zero", `{"a":01}`, false},
			{"nested beyond the bound", nested(maxDepth + 1), false},
			{"an array with an item beyond the bound", strings.Repeat(`{"a":`, maxDepth) + "[[]]" + strings.Repeat("}", maxDepth), false},
			{"names that differ in half of a surrogate pair", `{"a\ud800":1,"a\ud801":2}`, false},
			{"names that differ in a replaced half of a surrogate pair", `{"a\ud800":1,"a\ufffd":2}`, false},
			{"a name twice, beside escapes", `{"a\\":1,"A\u005c":2,"<":"\u003c"}`, false},
		}
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				if got := Read([]byte(c.text)); (got != nil) != c.read {
					t.Errorf("read: %v, want %v", got != nil, c.read)
				}
				compare(t, []byte(c.text))
			})
		}
	})
}

func nested(depth int) string {
	return strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth)
}

// maxSize is how large a response's body can be (package transport).
const maxSize = 64 << 10

func TestReadBounds(t *testing.T) {
	t.Run("objects and arrays nested as deep as a response allows are rejected soon", func(t *testing.T) {
		for _, text := range []string{
			nested(maxSize / 6),
			`{"a":` + strings.Repeat("[", maxSize/2-8) + strings.Repeat("]", maxSize/2-8) + `}`,
			strings.Repeat(`{"a":[`, maxSize/6),
		} {
			took := time.Hour
			for range [3]int{} { // the machine stands still in one of them at most
				start := time.Now()
				if Read([]byte(text)) != nil {
					t.Error("read")
				}
				took = min(took, time.Since(start))
			}
			if took > 5*time.Second { // some milliseconds, unless a level costs more than the one before it
				t.Errorf("it took %s", took)
			}
		}
	})

	// The rule of encoding/json: simple folding, letter by letter.
	t.Run("names that another reader may take for the same are the same", func(t *testing.T) {
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
			{v.Field("absent").Bool(), ""},
			{v.Field("n").Bool(), "other"},
			{v.Field("z").Bool(), "other"},
			{v.Field("t").Bool(), "other"},
			{v.Field("n").TextOf(Number), "9007199254740993"},
			{v.Field("f").TextOf(Number), "1.50"},
			{v.Field("n").TextOf(Text), ""},
			{v.Field("t").TextOf(Text), "a\x00b"},
			{v.Field("absent").TextOf(Text), ""},
			{v.Field("absent").Field("deeper").TextOf(Text), ""},
			{v.Field("l").Field("0").TextOf(Number), ""},
			{strings.Join(v.Field("o").Names(), " "), "b a"},
			{strings.Join(v.Names(), " "), "flag off n f t l o z"},
		} {
			if c.got != c.want {
				t.Errorf("got %q, want %q", c.got, c.want)
			}
		}
		if len(v.Field("l").Items()) != 2 || !v.Field("z").IsKind(Null) {
			t.Error("a kind is wrong")
		}
	})
}

func TestQuote(t *testing.T) {
	t.Run("any text becomes one JSON string", func(t *testing.T) {
		for _, text := range []string{"", "plain", `"\`, "a\nb\x00", "</script>", "متن", "\u2028", "\U0001f600"} {
			var got string
			if err := json.Unmarshal([]byte(Quote(text)), &got); err != nil || got != text {
				t.Errorf("%q becomes %s (%v)", text, Quote(text), err)
			}
		}
	})

	t.Run("bytes that are no UTF-8 are replaced", func(t *testing.T) {
		if got := Quote("a\xff"); got != `"a\ufffd"` {
			t.Errorf("%s", got)
		}
	})
}

// FuzzRead: what is read is what the reference reads, and encoding/json.
func FuzzRead(f *testing.F) {
	for _, text := range []string{
		`{}`, `{"status":true,"data":{"a":[1,2.5,"x",null,false]}}`, `{"a":1,"A":2}`, `{"s":1,"ſ":2}`, `{"a":1}{}`, ` {"":{}} `,
		`{"a":"\ud800"}`, `{"\ud800":1,"\udfff":2}`, `{"a":1e999}`, `[1]`, "{\"a\":\"\xff\"}", nested(maxDepth), `{"a":[[[]]]}`,
		`{"a\":":"\\\"","b\\":{"\u0041":1}}`, "\ufeff{}", `{"\u212a":1,"k":2}`, `{"a":"\ud83d\ude00\ud83d","\ufdd0":"\\ud800"}`, nested(maxDepth + 1),
		`{"a":[` + strings.Repeat("[[],{}],", 20) + `1E+2]}`, `{"<":"&\u2028"}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		compare(t, text)
		if Read(text) == nil {
			return
		}
		d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
		want := map[string]interface{}{}
		d.UseNumber()
		if err := d.Decode(&want); err != nil {
			t.Fatalf("encoding/json does not read it: %v", err)
		}
		if d.More() {
			t.Fatal("there is more after it")
		}
	})
}
