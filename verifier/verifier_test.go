package verifier

import (
	"strings"
	"testing"
	"unicode"
)

func TestIsVisibleASCII(t *testing.T) {
	t.Run("each byte of visible ASCII is, and no other byte or character", func(t *testing.T) {
		for r := rune(0); r < 0x3000; r++ {
			if want := r > ' ' && r < 0x7f; IsVisibleASCII("a"+string(r)) != want || IsVisibleASCII(string(r)+"a") != want {
				t.Errorf("%U: want %v", r, want)
			}
		}
		if IsVisibleASCII("a\xff") {
			t.Error("a byte that is no UTF-8 is visible")
		}
	})

	t.Run("another character inside a text counts as well", func(t *testing.T) {
		if IsVisibleASCII("a b") || IsVisibleASCII("a\x00b") {
			t.Error("it does not")
		}
	})

	t.Run("the empty text is, and one over 8 KiB is not", func(t *testing.T) {
		if !IsVisibleASCII("") || !IsVisibleASCII(strings.Repeat("x", MaxCredential)) || IsVisibleASCII(strings.Repeat("x", MaxCredential+1)) {
			t.Error("the bounds are not 0 and 8 KiB")
		}
	})
}

func TestControlCharacters(t *testing.T) {
	// Compared with the standard library's table.
	t.Run("they are Unicode's control characters", func(t *testing.T) {
		for r := rune(0); r <= unicode.MaxRune; r++ {
			if strings.ContainsRune(ControlCharacters, r) != unicode.IsControl(r) {
				t.Errorf("%U", r)
			}
		}
	})
}

func TestParts(t *testing.T) {
	t.Run("what is joined can be told apart again", func(t *testing.T) {
		seen := map[string]bool{}
		for _, values := range [][]string{{"a"}, {"a", ""}, {"", "a"}, {""}, {"", ""}, {"1:a"}, {"1", "a"}, {"a&b", "é\xff\x00"}, {"a", "b:c", strings.Repeat("x", 9000)}} {
			joined := JoinParts(values)
			if seen[joined] {
				t.Errorf("%q is joined as others are", values)
			}
			seen[joined] = true
			got := SplitParts(joined)
			if strings.Join(got, "|") != strings.Join(values, "|") || len(got) != len(values) {
				t.Errorf("%q became %q", values, got)
			}
		}
	})

	t.Run("another text has no parts", func(t *testing.T) {
		for _, text := range []string{"", "a", "2:a", "-1:a", "1:ab", "x:a", "99999999999999999999:a", ":"} {
			if got := SplitParts(text); got != nil {
				t.Errorf("%q: %q", text, got)
			}
		}
	})
}
