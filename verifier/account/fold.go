// Package account answers one question: which spellings of a user's name are one
// account?
package account

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// maxName is how much of a name counts, in bytes: no directory has longer ones, and the
// folding of 8 KiB can take 20 ms. Longer names that begin alike are one account.
const maxName = 1 << 10

// foldedSyllables bounds the Hangul syllables of one text that are decomposed: that
// loop is interpreted, and a name may have thousands.
const foldedSyllables = 64

// unclear stands for all names in which a domain begins both ways, such as a@b\c: one
// directory takes a for the account, and the next one c. So each of them counts for all.
const unclear = `@\`

// Compiled once: what is interpreted would take a name of 8 KiB letter by letter.
var (
	folds    = strings.NewReplacer(append(strings.Fields(foldPairs), "\u1FEF", "`", "\uFF40", "`")...)
	ignored  = regexp.MustCompile(`[^\p{L}\p{N}\p{P}\p{S}\p{Z}\p{Mc}]+|[\x{FF9E}\x{FF9F}]`)
	syllable = regexp.MustCompile(`[\x{AC00}-\x{D7A3}]`)
)

// Fold makes one text of all spellings that directories take for one account,
// for counting and never for asking, so that other spellings are no further attempts.
// It ignores case, a domain (name@domain, DOMAIN\name, domain/name), blanks at the
// ends and how many stand between words, dots at the ends, whatever Unicode's compatibility forms (NFKC)
// tell apart, and what directories often ignore: combining marks, and characters that
// cannot be seen.
func Fold(user string) string {
	text := user
	if len(text) > maxName {
		text = strings.ToValidUTF8(text[:maxName], "")
	}
	if utf8.RuneCountInString(text) < len(text) {
		text = foldCharacters(text)
	}
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	domain := strings.LastIndexAny(text, `\/`)
	if at := strings.IndexByte(text, '@'); at >= 0 && at < domain {
		return unclear
	}
	name := text[domain+1:]
	if at := strings.IndexByte(name, '@'); at > 0 {
		name = name[:at]
	}
	name = strings.Trim(name, " .")
	if name == "" {
		return text
	}
	return name
}

// foldCharacters folds each character for itself: since combining marks are lost,
// their order is of no account.
func foldCharacters(text string) string {
	text = strings.ToLower(strings.ToUpper(text)) // also letters that have two lower cases
	if syllable.MatchString(text) {
		text = decomposeHangul(text)
	}
	text = strings.ReplaceAll(folds.Replace(text), "␠", " ")
	return ignored.ReplaceAllString(text, "")
}

// decomposeHangul writes syllables as the letters that they consist of, as Unicode's
// arithmetic for them has it.
func decomposeHangul(text string) string {
	const first, leads, vowels, trails = 0xAC00, 0x1100, 0x1161, 0x11A7
	var letters strings.Builder
	end, left := 0, foldedSyllables
	for place := syllable.FindStringIndex(text); place != nil && left > 0; place = syllable.FindStringIndex(text[end:]) {
		left--
		letters.WriteString(text[end : end+place[0]])
		s := []rune(text[end+place[0] : end+place[1]])[0] - first
		letters.WriteRune(leads + s/588)
		letters.WriteRune(vowels + s%588/28)
		if s%28 > 0 {
			letters.WriteRune(trails + s%28)
		}
		end += place[1]
	}
	return letters.String() + text[end:]
}
