package custom

import "testing"

func TestPath(t *testing.T) {
	t.Run("it leads through objects and lists, also of large documents", func(t *testing.T) {
		large := `{"n":{"l":[`
		for i := 0; i < 200; i++ {
			large += `{"v":1},`
		}
		large += `{"v":"last"}]}}`
		for _, c := range []struct{ path, body, text string }{
			{"n.l.1.v", `{"n":{"l":[0,{"v":"x"}]}}`, "x"},
			{"n.l.200.v", large, "last"},
			{"n.l.201.v", large, ""},
			{"n.l.00.v", large, "1"},
			{`"n"."l".0.v`, large, "1"},
			{`"https://acme.example/roles".0`, `{"https://acme.example/roles":["admin"]}`, "admin"},
			{`"a\"b"`, `{"a\"b":"x"}`, "x"},
			{`"a\u00e9"`, `{"aé":"x"}`, "x"},
			{"ü", `{"ü":"x"}`, "x"},
			{`""`, `{"":"x"}`, "x"},
		} {
			path := pathOf(t, c.path)
			v := path.In(responseOf(200, c.body))
			got := ""
			if v != nil {
				got = v.Text
			}
			if got != c.text {
				t.Errorf("%s: %q instead of %q", c.path, got, c.text)
			}
		}
	})

	t.Run("equal paths have one key, and others have others", func(t *testing.T) {
		keys := map[string]string{}
		for _, text := range []string{"a.b", `"a.b"`, "a", "a.0", `a."0"`, "header:A", `"header:A"`, "A", `"a\".b"`} {
			path := pathOf(t, text)
			if other, taken := keys[path.key]; taken {
				t.Errorf("%s and %s have the key %q", text, other, path.key)
			}
			keys[path.key] = text
		}
		if pathOf(t, "header:x-a").key != pathOf(t, "header:X-A").key || pathOf(t, "a.b").key != pathOf(t, `a.b`).key {
			t.Error("equal paths have other keys")
		}
	})

	t.Run("the names of headers are those of HTTP", func(t *testing.T) {
		for name, ok := range map[string]bool{"X-A": true, "x_a": true, "": false, "a b": false, "é": false, "a:": false} {
			if IsHeaderName(name) != ok {
				t.Errorf("%q", name)
			}
		}
	})
}
