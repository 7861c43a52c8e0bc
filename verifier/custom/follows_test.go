package custom

import "testing"

func TestFollows(t *testing.T) {
	texts := []string{
		"a is 1", "a is 1 or 2", "a is 2", `a is "1"`, "a is x", "a is xy or xyz", "a is true", "a is null", "a is not 1", "a is not 1 or 2", "a is not x", "a exists", "a missing",
		"a is a number", "a is a text", "a is a number or text", "a is a object", "a starts with x", "a starts with xy or xz", "a contains y", "a contains xy", "a contains x or y",
		"a > 0", "a >= 1", "a > 1", "a < 2", "a <= 2", "a < 1e1", "b is 1", "b missing", "a.0 is 1",
	}
	values := []string{
		`{}`, `{"a":0}`, `{"a":1}`, `{"a":1.0}`, `{"a":1.5}`, `{"a":2}`, `{"a":11}`, `{"a":"1"}`, `{"a":"x"}`, `{"a":"xy"}`, `{"a":"xyz"}`, `{"a":"xz"}`, `{"a":"y"}`, `{"a":true}`, `{"a":null}`, `{"a":{}}`, `{"a":[1]}`, `{"b":1}`, `{"a":"\ud800x"}`,
	}

	t.Run("a condition that follows from another one holds wherever that does", func(t *testing.T) {
		all := conditionsOf(t, texts...)
		followed := 0
		for i := range all {
			for j := range all {
				if !all[i].Follows(&all[j]) {
					continue
				}
				followed++
				for _, value := range values {
					r := responseOf(200, value)
					if all[j].holds(all[j].path.In(r)) && !all[i].holds(all[i].path.In(r)) {
						t.Errorf("%q does not follow from %q: %s", texts[i], texts[j], value)
					}
				}
			}
			if !all[i].Follows(&all[i]) {
				t.Errorf("%q does not follow from itself", texts[i])
			}
		}
		if followed < 2*len(texts) {
			t.Errorf("only %d follow", followed)
		}
	})
}
