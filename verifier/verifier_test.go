package verifier

import (
	"strings"
	"testing"
	"unicode"
)

func TestControlCharacters(t *testing.T) {
	// The text of all control characters, against the standard library's table.
	t.Run("they are Unicode's control characters", func(t *testing.T) {
		for r := rune(0); r <= unicode.MaxRune; r++ {
			if strings.ContainsRune(ControlCharacters, r) != unicode.IsControl(r) {
				t.Errorf("%U", r)
			}
		}
	})
}
