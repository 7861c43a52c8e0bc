package custom

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// maxSteps is how deep a path may lead.
const maxSteps = 8

// Path leads to a value of a response: to a member of its body, or to a header.
type Path struct {
	Header  string // canonical; empty: the body
	names   []string
	indexes []int  // of a list, for each name; -1: it is none
	key     string // the same for paths that are the same
}

// ParsePath reads names and list indexes with dots between them, such as data.user.0;
// names that hold dots or blanks stand in double quotes. "header:" and a name is a header
// of the response. fault says what is wrong; it is empty where nothing is.
func ParsePath(text string) (Path, string) {
	p := Path{}
	name, isHeader := strings.CutPrefix(text, "header:")
	if isHeader {
		if !IsHeaderName(name) {
			return p, "no name of a header after header:"
		}
		p.Header = http.CanonicalHeaderKey(name)
		p.key = "header:" + p.Header
		return p, ""
	}
	pieces, closed := splitOutside(text, '.')
	if !closed {
		return p, "a double quote is not closed"
	}
	if len(pieces) > maxSteps {
		return p, "deeper than " + strconv.Itoa(maxSteps) + " names"
	}
	for _, piece := range pieces {
		name, quoted, ok := unquote(piece)
		if !ok {
			return p, "quotes stand around a whole name"
		}
		if name == "" && !quoted {
			return p, "an empty name; names and indexes stand with dots between them"
		}
		if !quoted && strings.Contains(name, " ") {
			return p, "a name with a blank stands in double quotes"
		}
		if !quoted && (name == "$" || strings.ContainsAny(name, "[]*")) {
			return p, "names and indexes stand with dots between them, as in data.0.id; a name with one of $ [ ] * stands in double quotes"
		}
		p.names = append(p.names, name)
		p.indexes = append(p.indexes, indexOf(name, quoted))
		p.key += strconv.Quote(name) + strconv.FormatBool(quoted) + "."
	}
	return p, ""
}

// ParsePaths reads paths with "or" between them, of which the first that leads to something
// counts.
func ParsePaths(text string) ([]Path, string) {
	words, closed := splitWords(text)
	if !closed {
		return nil, "a double quote is not closed"
	}
	var paths []Path
	for i, word := range words {
		if i%2 == 1 {
			if word != "or" {
				return nil, `paths have "or" between them; a name with a blank stands in double quotes`
			}
			continue
		}
		path, fault := ParsePath(word)
		if fault != "" {
			return nil, fault
		}
		paths = append(paths, path)
	}
	if len(words)%2 == 0 {
		return nil, "a path is missing"
	}
	return paths, ""
}

// indexOf reads the index of a list; -1 where a name is none.
func indexOf(name string, quoted bool) int {
	if quoted || len(name) > 3 || strings.Trim(name, "0123456789") != "" {
		return -1
	}
	index, err := strconv.Atoi(name)
	if err != nil {
		return -1
	}
	return index
}

// IsHeaderName tells whether a text can be the name of a header (RFC 9110, 5.1).
func IsHeaderName(name string) bool {
	const characters = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	return name != "" && len(name) <= 64 && strings.Trim(name, characters) == ""
}

// In returns the value that a path leads to; nil where it leads nowhere. A header is a
// text; one that came twice is not there, since two readers could take another one.
func (p *Path) In(r transport.Response) *strictjson.Value {
	if p.Header != "" {
		lines := r.Header[p.Header]
		if len(lines) != 1 {
			return nil
		}
		return &strictjson.Value{Kind: strictjson.Text, Text: lines[0]}
	}
	return r.Body.At(p.names, p.indexes)
}

// judged is In for a condition: a header that came twice is there, and has no value. So
// nothing but "exists" holds of it, and a row that needs it to be missing does not fit.
func (p *Path) judged(r transport.Response) *strictjson.Value {
	if p.Header != "" && len(r.Header[p.Header]) > 1 {
		return &strictjson.Value{Unclear: true}
	}
	return p.In(r)
}
