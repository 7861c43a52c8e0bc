package strictjson

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestValueUnclear(t *testing.T) {
	t.Run("a text with half of a surrogate pair is unclear, and no other is", func(t *testing.T) {
		for text, unclear := range map[string]bool{
			`ann\ud800`: true, `ann\ud801`: true, `\udc00ann`: true, `\uDFFF`: true, `\ud800\ud801`: true, `\ud83d\ude00\ude00`: true, `\ud83d\ud83d\ude00`: true,
			`\ud800\u0041`: true, `\ud800x\udc00`: true, `\\\ud800`: true,
			`ann\ufffd`: false, "ann\ufffd": false, `\ud83d\ude00`: false, `\uD83D\uDE00`: false, `\\ud800`: false, `\\\\ud800`: false, `\ud7ff`: false, `\ue000`: false, `ud800`: false,
		} {
			document := `{"data":{"l":["` + text + `"],"user":"` + text + `","a":"\ud83d\ude00"},"x` + text + `":1}`
			compare(t, []byte(document))
			v := Read([]byte(document))
			if v == nil {
				t.Fatalf("%s is not read", text)
			}
			user := v.Field("data").Field("user")
			if user.Unclear != unclear || v.Field("data").Items() != nil || v.Field("data").Field("l").Items()[0].Unclear != unclear || v.Field("data").Field("a").Unclear {
				t.Errorf("%s: unclear %v", text, user.Unclear)
			}
			if names := v.Names(); (len(names) == 1) != unclear {
				t.Errorf("%s: names %q", text, names)
			}
		}
	})

	t.Run("characters that are no characters stay what they are", func(t *testing.T) {
		document := `{"a":"\ufdd0","b":"\ud800\ufdd1","c":"\ufdd2"}`
		compare(t, []byte(document))
		if Read([]byte(`{"a":"`+strings.Join(nonCharacters, "")+`\ud800"}`)) != nil {
			t.Error("one that leaves no mark free is read")
		}
	})
}

func TestValueBounds(t *testing.T) {
	t.Run("the first 256 names and items are listed, and each member can be asked for", func(t *testing.T) {
		names, items := "", ""
		for i := 0; i < 1000; i++ {
			names += fmt.Sprintf(`"n%d":%d,`, i, i)
			items += fmt.Sprintf(`%d,`, i)
		}
		v := Read([]byte(`{"o":{` + names + `"z":[` + items + `0]}}`)).Field("o")
		if v.Len() != 1001 || len(v.Names()) != 256 || v.Names()[255] != "n255" || v.Field("n999").Text != "999" {
			t.Errorf("%d names", len(v.Names()))
		}
		if list := v.Field("z"); list.Len() != 1001 || len(list.Items()) != 256 || list.Items()[255].Text != "255" {
			t.Errorf("%d items", list.Len())
		}
	})

	t.Run("what lies in arrays has its names in order too", func(t *testing.T) {
		v := Read([]byte(`{"a":[0,[{"z":1,"b":{"y":1,"a":2},"a":3}]]}`)).Field("a").Items()[1].Items()[0]
		if got := strings.Join(v.Names(), " ") + " " + strings.Join(v.Field("b").Names(), " "); got != "z b a y a" {
			t.Error(got)
		}
	})

	t.Run("a value that was made has members, and nil has none", func(t *testing.T) {
		v := NewObject(map[string]interface{}{"a": "b", "n": json.Number("1"), "t": true})
		if v.Field("a").Text != "b" || v.Field("n").TextOf(Number) != "1" || v.Field("t").Bool() != "true" {
			t.Error("a member is wrong")
		}
		var none *Value
		if none.Names() != nil || none.Items() != nil || none.Len() != 0 || none.Field("a") != nil {
			t.Error("nil has something inside")
		}
	})
}
