package custom

import (
	"strings"
	"testing"
)

func TestWords(t *testing.T) {
	t.Run("blanks part words, but for those in quotes", func(t *testing.T) {
		for text, want := range map[string]string{
			"a b": "a|b", "  a   b ": "a|b", `a "b c" d`: `a|"b c"|d`, `a "b\" c" d`: `a|"b\" c"|d`, "": "", `"a b".c d`: `"a b".c|d`,
		} {
			words, ok := splitWords(text)
			if !ok || strings.Join(words, "|") != want {
				t.Errorf("%q: %q %v", text, words, ok)
			}
		}
		for _, text := range []string{`"a`, `a "b\"`, `a"`} {
			if _, ok := splitWords(text); ok {
				t.Errorf("%q is closed", text)
			}
		}
	})

	t.Run("numbers are read exactly, or not at all", func(t *testing.T) {
		for text, want := range map[string]int64{
			"0": 0, "12": 12, "-3": -3, "12.9": 12, "1e3": 1000, "12e-1": 1, "1E2": 100, "999999999999999": 999999999999999,
		} {
			if n, ok := wholeSeconds(text); !ok || n != want {
				t.Errorf("%q: %d %v", text, n, ok)
			}
		}
		for _, text := range []string{"", "a", "+1", "1.a", "1e999", "1e99", "0x10", "1_000", "9999999999999999", " 1", "--1", "1.2.3", "NaN", "e"} {
			if n, ok := wholeSeconds(text); ok {
				t.Errorf("%q: %d", text, n)
			}
		}
		for _, text := range []string{"1e100", "01", "1.", strings.Repeat("1", 41), "0x1", "1/2", "Inf"} {
			if decimal(text) != nil {
				t.Errorf("%q is a number", text)
			}
		}
	})
}
