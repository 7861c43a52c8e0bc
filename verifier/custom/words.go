package custom

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
)

// splitWords cuts a text at its blanks; those in double quotes, where a backslash takes
// the next character as it is, belong to a word. ok is false where a quote is not closed.
func splitWords(text string) (words []string, ok bool) {
	return splitOutside(strings.TrimSpace(text), ' ')
}

// splitOutside cuts a text at a separator outside of double quotes. Empty pieces between
// blanks are left out; others are kept, since an empty name in a path is a fault.
func splitOutside(text string, separator byte) (pieces []string, ok bool) {
	quoted, begin := false, 0
	for i := 0; i < len(text); i++ {
		if quoted && text[i] == '\\' {
			i++
			continue
		}
		if text[i] == '"' {
			quoted = !quoted
		}
		if quoted || text[i] != separator {
			continue
		}
		if separator != ' ' || i > begin {
			pieces = append(pieces, text[begin:i])
		}
		begin = i + 1
	}
	if separator != ' ' || len(text) > begin {
		pieces = append(pieces, text[begin:])
	}
	return pieces, !quoted
}

// unquote returns the text of a word in double quotes, written as JSON writes a text, and
// any other word as it is; whether it was in quotes; and false where the quotes hold none.
func unquote(word string) (string, bool, bool) {
	if !strings.HasPrefix(word, `"`) {
		return word, false, !strings.Contains(word, `"`)
	}
	text := ""
	err := json.Unmarshal([]byte(word), &text)
	return text, true, err == nil
}

// decimal reads a JSON number exactly; nil for one that is too long or too large: its
// digits would all be written out.
func decimal(text string) *big.Rat {
	if len(text) > 40 || !strictjson.IsNumber(text) {
		return nil
	}
	at := strings.IndexAny(text, "eE")
	if at >= 0 && len(strings.TrimLeft(text[at+1:], "+-0")) > 2 {
		return nil
	}
	number, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil
	}
	return number
}

// wholeSeconds reads a number of at most 15 digits, rounded towards zero. Exponents are
// numbers too, in JSON.
func wholeSeconds(text string) (int64, bool) {
	whole, fraction, _ := strings.Cut(text, ".")
	if strings.ContainsAny(text, "eE") {
		number := decimal(text)
		if number == nil {
			return 0, false
		}
		whole = new(big.Int).Quo(number.Num(), number.Denom()).String()
		fraction = ""
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || len(whole) > 15 || strings.HasPrefix(whole, "+") || strings.Trim(fraction, "0123456789") != "" {
		return 0, false
	}
	return n, true
}

// isNear tells whether two names differ by one character, or in their case alone.
func isNear(a, b string) bool {
	if strings.EqualFold(a, b) {
		return true
	}
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) == len(b) {
		return i+1 <= len(a) && a[i+1:] == b[i+1:] || len(a) > i+1 && a[i+2:] == b[i+2:] && a[i] == b[i+1] && a[i+1] == b[i]
	}
	return a[i:] == b[i+1:]
}
