package strictjson

import (
	"strings"
	"testing"
)

func TestAt(t *testing.T) {
	small := `{"a":{"b":[1,{"c":"x"}],"0":"zero"},"n":null}`
	large := strings.TrimSuffix(small, "}") + `,"many":[` + strings.Repeat("0,", 300) + `0]}`
	for name, document := range map[string]string{"a small document": small, "a large one": large} {
		t.Run("names and indexes lead through "+name, func(t *testing.T) {
			v := Read([]byte(document))
			for _, c := range []struct {
				names   []string
				indexes []int
				text    string
				found   bool
			}{
				{nil, nil, "", true},
				{[]string{"a", "b", "0"}, []int{-1, -1, 0}, "1", true},
				{[]string{"a", "b", "1", "c"}, []int{-1, -1, 1, -1}, "x", true},
				{[]string{"a", "0"}, []int{-1, 0}, "zero", true},
				{[]string{"n"}, []int{-1}, "", true},
				{[]string{"n", "x"}, []int{-1, -1}, "", false},
				{[]string{"a", "b", "2"}, []int{-1, -1, 2}, "", false},
				{[]string{"a", "b", "c"}, []int{-1, -1, -1}, "", false},
				{[]string{"a", "x", "y"}, []int{-1, -1, -1}, "", false},
				{[]string{"a", "b", "0", "c"}, []int{-1, -1, 0, -1}, "", false},
			} {
				got := v.At(c.names, c.indexes)
				if (got != nil) != c.found || got != nil && got.Text != c.text {
					t.Errorf("%q: %+v", c.names, got)
				}
			}
		})
	}

	t.Run("nothing leads nowhere", func(t *testing.T) {
		var v *Value
		if v.At([]string{"a"}, []int{-1}) != nil || v.At(nil, nil) != nil {
			t.Error("it leads somewhere")
		}
	})
}
