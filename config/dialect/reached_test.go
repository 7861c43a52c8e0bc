package dialect

import (
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier/custom"
)

func TestReached(t *testing.T) {
	type row struct{ statuses, when string }
	rows := func(t *testing.T, list []row) []custom.Row {
		t.Helper()
		var all []custom.Row
		for _, one := range list {
			r := custom.Row{Statuses: one.statuses}
			if one.when != "" {
				c, fault := custom.ParseCondition(one.when)
				if fault != "" {
					t.Fatal(fault)
				}
				r.When = append(r.When, c)
			}
			all = append(all, r)
		}
		return all
	}

	for _, c := range []struct {
		name string
		rows []row
		by   string // of the last row
	}{
		{"the same status", []row{{"200", ""}, {"200", "a exists"}}, "0"},
		{"a class", []row{{"2xx", ""}, {"204", ""}}, "0"},
		{"several statuses", []row{{"401 403", ""}, {"403", ""}}, "0"},
		{"several rows", []row{{"401", ""}, {"403", ""}, {"401 403", ""}}, "0 and 1"},
		{"every status", []row{{"", ""}, {"500", "a is b"}}, "0"},
		{"all four classes", []row{{"2xx 3xx 4xx 5xx", ""}, {"", ""}}, "0"},
		{"the condition of another kind of value", []row{{"200", "a is 1"}, {"200", "a is \"1\""}}, ""},
		{"a part of a class", []row{{"401", ""}, {"4xx", ""}}, ""},
		{"one status is left", []row{{"401", ""}, {"401 403", ""}}, ""},
		{"a narrower condition first", []row{{"200", "a is 1"}, {"200", "a is 1 or 2"}}, ""},
		{"an absent value", []row{{"200", "a exists"}, {"200", "a missing"}}, ""},
		{"the negation", []row{{"200", "a is 1"}, {"200", "a is not 1"}}, ""},
		{"a negation that others meet", []row{{"200", "a is not 1"}, {"200", "a is 2 or 3"}}, "0"},
		{"another path", []row{{"200", "a exists"}, {"200", "b exists"}}, ""},
		{"a header by the same name", []row{{"200", "header:a exists"}, {"200", "a exists"}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			all := rows(t, c.rows)
			if by := coveredBy(all, len(all)-1); by != c.by {
				t.Errorf("covered by %q, want %q", by, c.by)
			}
		})
	}
}

func TestMemory(t *testing.T) {
	t.Run("what has a fault is not kept", func(t *testing.T) {
		m := NewMemory()
		m.Keep("x", &Result{})
		if m.Find("x") != nil || m.Held() != 0 || m.Read() != 1 {
			t.Error("kept, or not counted")
		}
	})

	t.Run("no memory keeps nothing", func(t *testing.T) {
		var m *Memory
		m.Keep("x", &Result{})
		if m.Find("x") != nil {
			t.Error("found")
		}
	})
}
