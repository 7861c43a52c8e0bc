package strictjson

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"unicode/utf8"
)

// maxTokens bounds a document that is read token by token. The interpreter takes some
// microseconds for each, and strangers choose how many there are: a larger document is
// read by a few calls of compiled code over the whole text, which cost too much for the
// small ones that APIs send.
const maxTokens = 150

// Read reads one single JSON object; a byte order mark before it is skipped. It returns
// nil for anything that two readers could understand differently: another value,
// trailing data, text that is not UTF-8, nesting over 32 levels, and objects, at any
// depth, that repeat a name without regard to case.
func Read(data []byte) *Value {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		return nil
	}
	text := string(data)
	tokens := strings.Count(text, ",") + strings.Count(text, ":") + strings.Count(text, "[")
	if tokens > maxTokens || strings.Contains(text, `\u`) && strings.Contains(strings.ToLower(text), `\ud`) {
		return readWhole(data)
	}
	return readTokens(data)
}

// readWhole reads an object of any size, without a loop over what is in it.
func readWhole(data []byte) *Value {
	var compacted bytes.Buffer
	if json.Compact(&compacted, data) != nil {
		return nil
	}
	// Without white space, and each backslash of a text as \u005c: after that every
	// backslash begins an escape, and every quote before a colon ends a name.
	text := compacted.Bytes()
	if bytes.Contains(text, []byte(`\\`)) {
		text = bytes.ReplaceAll(text, []byte(`\\`), []byte(`\u005c`))
	}
	if text[0] != '{' || isDeep(text) {
		return nil
	}
	members := decode(text)
	if members == nil || repeatsName(text, members) {
		return nil
	}
	v := &large{members: members, text: text}
	if !v.markHalves() {
		return nil
	}
	return &Value{Kind: Object, large: v}
}

// decode reads an object with encoding/json; numbers keep their digits. nil: it could
// not be read.
func decode(text []byte) map[string]interface{} {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	members := map[string]interface{}{}
	if d.Decode(&members) != nil {
		return nil
	}
	return members
}

// repeatsName tells whether an object, at any depth, repeats a name without regard to
// case. encoding/json keeps one of two members of a name: so a text whose letters are
// all folded, read and written again, has fewer members if there are two. Upper, then
// lower, so that letters which fold into ASCII only one way, such as ſ and the Kelvin
// sign, count as the same. Escaped letters are written out first.
func repeatsName(text []byte, members map[string]interface{}) bool {
	plain := text
	if bytes.Contains(text, []byte(`\u`)) {
		written, err := json.Marshal(members)
		if err != nil {
			return true
		}
		plain = written
	}
	folded := bytes.ToLower(bytes.ToUpper(plain))
	written, err := json.Marshal(decode(folded))
	if err != nil {
		return true
	}
	return countMembers(written) != countMembers(text)
}

// countMembers counts the members of all objects of a text without white space. Inside a
// text the quote before a colon is escaped. A text of encoding/json's may have \\ before
// the quote that ends it.
func countMembers(text []byte) int {
	if bytes.Contains(text, []byte(`\\`)) {
		text = bytes.ReplaceAll(text, []byte(`\\`), nil)
	}
	return bytes.Count(text, []byte(`":`)) - bytes.Count(text, []byte(`\":`))
}

var (
	texts    = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	brackets = strings.NewReplacer("{", "(", "[", "(", "}", ")", "]", ")", ",", "", ":", "", "-", "", "+", "", ".", "",
		"0", "", "1", "", "2", "", "3", "", "4", "", "5", "", "6", "", "7", "", "8", "", "9", "",
		"e", "", "E", "", "t", "", "r", "", "u", "", "f", "", "a", "", "l", "", "s", "", "n", "")
)

// isDeep tells whether a value lies deeper than maxDepth. Most texts have too few
// brackets for that. In others the innermost pairs are taken away, level by level; an
// empty object or array is a value and no level.
func isDeep(text []byte) bool {
	if bytes.Count(text, []byte("{"))+bytes.Count(text, []byte("[")) <= maxDepth {
		return false
	}
	bare := string(texts.ReplaceAllLiteral(text, []byte("s")))
	bare = strings.ReplaceAll(strings.ReplaceAll(bare, "{}", "s"), "[]", "s")
	bare = brackets.Replace(bare)
	for i := 0; i < maxDepth && bare != ""; i++ {
		bare = strings.ReplaceAll(bare, "()", "")
	}
	return bare != ""
}

var (
	wholePairs = regexp.MustCompile(`\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})`)
	halfPairs  = regexp.MustCompile(`\\u[dD][89a-fA-F][0-9a-fA-F]{2}`)
)

// nonCharacters are code points that Unicode keeps for use inside programs; a response
// hardly has one of them; one that has all is not read.
var nonCharacters = []string{"\ufdd0", "\ufdd1", "\ufdd2", "\ufdd3", "\ufdd4", "\ufdd5", "\ufdd6", "\ufdd7"}

// markHalves marks what is half of a surrogate pair: encoding/json reads each of the
// 2,048 halves as U+FFFD, so that different texts would become one. false: no mark is
// free.
func (v *large) markHalves() bool {
	if !bytes.Contains(v.text, []byte(`\ud`)) && !bytes.Contains(v.text, []byte(`\uD`)) {
		return true
	}
	hidden := wholePairs.ReplaceAll(v.text, []byte(`\x${1}\x${2}`)) // \x is no escape of JSON's
	if !halfPairs.Match(hidden) {
		return true
	}
	written, err := json.Marshal(v.members)
	if err != nil {
		return false
	}
	for _, candidate := range nonCharacters {
		if v.mark == "" && !bytes.Contains(written, []byte(candidate)) {
			v.mark = candidate
		}
	}
	if v.mark == "" {
		return false
	}
	marked := halfPairs.ReplaceAllLiteral(hidden, []byte(v.mark))
	v.text = bytes.ReplaceAll(marked, []byte(`\x`), []byte(`\u`))
	v.members = decode(v.text)
	return true
}
