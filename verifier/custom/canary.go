package custom

import (
	"strconv"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// CanaryPart is a literal of the canary's credential, or that many random characters.
type CanaryPart struct {
	Literal  string
	Random   int
	Alphabet string // of the random characters
}

// The alphabets of random characters, and the words for them.
const (
	digits     = "0123456789"
	hexDigits  = "0123456789abcdef"
	lettersToo = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// Bounds of the random characters of a canary, in all. Fewer might be somebody's
// credential; more need more random bytes than there are.
const (
	minCanary = 8
	MaxCanary = 200
)

// defaultCanary is 64 hex digits.
var defaultCanary = []CanaryPart{{Random: 64, Alphabet: hexDigits}}

// ParseCanary reads a canary's token: text in which {n} is n random letters and digits,
// {n hex} that many hexadecimal digits, and {n digits} decimal ones.
func ParseCanary(text string) ([]CanaryPart, string) {
	var parts []CanaryPart
	if strings.Trim(text, verifier.VisibleASCII+" ") != "" {
		return nil, "not visible ASCII"
	}
	rest, total := text, 0
	for rest != "" {
		before, after, found := strings.Cut(rest, "{")
		if before != "" {
			parts = append(parts, CanaryPart{Literal: before})
		}
		if !found {
			break
		}
		inside, after, closed := strings.Cut(after, "}")
		part := parseRandom(inside)
		if !closed || part.Random == 0 {
			return nil, "{" + inside + "}: a number of random letters and digits stands in braces, such as sk_{32}; {32 hex} and {32 digits} are of these alone"
		}
		total += part.Random
		parts = append(parts, part)
		rest = after
	}
	if strings.ContainsAny(literals(parts), "} ") {
		return nil, "a brace or a blank that stands for itself"
	}
	if total < minCanary || total > MaxCanary {
		return nil, "at least " + strconv.Itoa(minCanary) + " and at most " + strconv.Itoa(MaxCanary) + " random letters and digits, such as sk_{32}"
	}
	return parts, ""
}

// parseRandom reads what stands in braces; without characters where it cannot be read.
func parseRandom(inside string) CanaryPart {
	number, word, _ := strings.Cut(inside, " ")
	alphabets := map[string]string{"": lettersToo, "hex": hexDigits, "digits": digits}
	n := indexOf(number, false)
	if n < 1 || alphabets[word] == "" {
		return CanaryPart{}
	}
	return CanaryPart{Random: n, Alphabet: alphabets[word]}
}

// literals is all that is not random.
func literals(parts []CanaryPart) string {
	text := ""
	for _, part := range parts {
		text += part.Literal
	}
	return text
}

// CanaryToken makes the token of a canary of at least 256 random bytes.
func CanaryToken(parts []CanaryPart, random []byte) string {
	text, at := "", 0
	for _, part := range parts {
		text += part.Literal + pick(part.Alphabet, random[at:], part.Random)
		at += part.Random
	}
	return text
}

// pick makes n characters of an alphabet of as many random bytes.
func pick(alphabet string, random []byte, n int) string {
	text := make([]byte, n)
	for i := range text {
		text[i] = alphabet[int(random[i])%len(alphabet)]
	}
	return string(text)
}
