package verifier

import (
	"strings"
	"testing"
	"unicode"
)

// The text of all control characters, against the standard library's table.
func TestControlsAreUnicodesControls(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if strings.ContainsRune(ControlCharacters, r) != unicode.IsControl(r) {
			t.Errorf("%U", r)
		}
	}
}
