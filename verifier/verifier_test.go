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
