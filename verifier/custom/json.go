package custom

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
)

// ParseJSON parses JSON text in which placeholders stand inside quotes; those of values,
// where it allows any, without. object: it has to be one JSON object.
func ParseJSON(text string, inside, values Allowed, object bool) (*Template, string) {
	t := &Template{}
	sample, rest := "", text
	for rest != "" {
		at := strings.IndexAny(rest, "\"{")
		if at < 0 {
			break
		}
		t.literal(rest[:at])
		sample += rest[:at]
		rest = rest[at:]
		if rest[0] == '{' {
			name, after, found := strings.Cut(rest[1:], "}")
			if !found || name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._") != "" {
				t.literal("{")
				sample, rest = sample+"{", rest[1:]
				continue
			}
			if fault := values.check(name); fault != "" {
				if inside.check(name) == "" {
					fault = "{" + name + "}: a placeholder stands inside quotes"
				}
				return nil, fault
			}
			t.parts = append(t.parts, part{name: name, writing: bare})
			sample, rest = sample+"0", after
			continue
		}
		end := endOfText(rest)
		if end < 0 {
			return nil, "not JSON: a double quote is not closed"
		}
		body := rest[1:end]
		isName := strings.HasPrefix(strings.TrimLeft(rest[end+1:], " \t\r\n"), ":")
		inner, fault := parse(body, quoted, inside)
		if isName && strings.ContainsAny(body, "{}") {
			return nil, strconv.Quote(body) + ": no placeholder stands in a name"
		}
		if fault != "" {
			return nil, fault
		}
		if !inner.isText() { // such as a backslash before a placeholder, which would escape what it becomes
			return nil, "not JSON: a placeholder stands within an escape, or a character has to be escaped"
		}
		t.literal(`"`)
		t.parts = append(t.parts, inner.parts...)
		t.literal(`"`)
		sample, rest = sample+`"x"`, rest[end+1:]
		if isName {
			sample = sample[:len(sample)-3] + `"` + body + `"`
		}
	}
	t.literal(rest)
	sample += rest
	if !utf8.ValidString(text) || !json.Valid([]byte(sample)) || object && strictjson.Read([]byte(sample)) == nil {
		return nil, "must be one JSON object; a placeholder stands inside quotes"
	}
	return t, ""
}

// isText tells whether each literal of a template is a part of a JSON text by itself.
func (t *Template) isText() bool {
	for _, p := range t.parts {
		if p.name == "" && !json.Valid([]byte(`"`+p.literal+`"`)) {
			return false
		}
	}
	return true
}

// endOfText is where the JSON text at the beginning of a text ends; -1: nowhere.
func endOfText(text string) int {
	for i := 1; i < len(text); i++ {
		if text[i] == '\\' {
			i++
			continue
		}
		if text[i] == '"' {
			return i
		}
	}
	return -1
}
