package config

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

func TestInspect(t *testing.T) {
	t.Run("the fixture is valid", func(t *testing.T) {
		if faults := newFixture(t).faults(); faults != "" {
			t.Fatal(faults)
		}
	})

	t.Run("under every key, a value that is no scalar, list or block is a fault", func(t *testing.T) {
		type own struct{ secret string }
		text := "text"
		for name, value := range map[string]any{
			"map of any":     map[any]any{1: 2, "b": nil, true: []any{}},
			"map of structs": map[own]own{{"a"}: {"b"}},
			"list of maps":   []map[string]any{{"api": "ippanel"}},
			"nested list":    []any{[]any{"a"}, []any{[]any{nil}}},
			"NaN":            math.NaN(),
			"infinity":       math.Inf(-1),
			"huge":           1e300,
			"narrow NaN":     float32(math.NaN()),
			"structure":      own{"MARKER"},
			"pointer":        &text,
			"nil pointer":    (*string)(nil),
			"channel":        make(chan int),
			"function":       func() {},
			"complex":        complex(1, 2),
			"list of lists":  [2][2]int{},
		} {
			for _, path := range newFixture(t).paths() {
				f := newFixture(t)
				f.put(value, path...)
				if faults := f.faults(); !strings.Contains(faults, strings.Join(path, ".")) {
					t.Errorf("%s under %s: %q", name, strings.Join(path, "."), faults)
				}
			}
		}
	})
}

func TestScalar(t *testing.T) {
	t.Run("3 is 3, whatever its type", func(t *testing.T) {
		type word string
		for _, three := range []any{3, int8(3), int64(3), uint(3), uint16(3), 3.0, float32(3), "3", " 3\n", json.Number("3"), word("3")} {
			f := newFixture(t)
			f.put(three, "cache", "size")
			f.put(three, "cache", "epoch")
			read, lines := f.read()
			if len(lines) != 0 || read.Gate.CacheSize != 3 || read.Gate.Epoch != "3" {
				t.Errorf("%T %v: %d, %q, %q", three, three, read.Gate.CacheSize, read.Gate.Epoch, lines)
			}
		}
	})

	t.Run("true is true, whatever its type", func(t *testing.T) {
		for _, value := range []any{true, "true", 1, "1", 1.0} {
			f := newFixture(t)
			f.put(value, "optional")
			if read, lines := f.read(); len(lines) != 0 || !read.Gate.Optional {
				t.Errorf("%T %v: %q", value, value, lines)
			}
		}
	})
}
