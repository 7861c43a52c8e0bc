package custom

import (
	"net/url"
	"regexp"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
)

// How the value of a placeholder is written, by the place where it stands.
const (
	plain   = "plain"   // a header: as it is
	crumb   = "crumb"   // a cookie: as it is, where it ends none
	segment = "segment" // of a path: as it is, where it is one whole segment's text
	percent = "percent" // a value of a query or a form: all but unreserved bytes as %XX
	quoted  = "quoted"  // inside a JSON text: escaped
	bare    = "bare"    // a JSON value in place of the placeholder
)

// Template is a text with placeholders, parsed before any value is put in: no value
// changes what stands around it.
type Template struct {
	parts []part
}

// part is a literal text, or a placeholder where name is set.
type part struct {
	literal string
	name    string
	writing string // how a placeholder's value is written
}

// Names lists the placeholders of a template, in the order they come.
func (t *Template) Names() []string {
	var names []string
	for _, p := range t.parts {
		if p.name != "" {
			names = append(names, p.name)
		}
	}
	return names
}

// Values are the values of placeholders by their names.
type Values map[string]string

// Render puts values in. It is false where one cannot stand in its place: then nothing
// may be sent.
func (t *Template) Render(values Values) (string, bool) {
	text := ""
	for i := range t.parts {
		p := &t.parts[i]
		if p.name == "" {
			text += p.literal
			continue
		}
		value := values[p.name]
		switch p.writing {
		case plain:
			solid := value
			if strings.HasPrefix(p.name, "header:") { // which may have blanks within, as a browser's name does
				solid = strings.ReplaceAll(strings.Trim(value, " "), " ", "")
			}
			if len(value) > verifier.MaxCredential || strings.Trim(solid, verifier.VisibleASCII) != "" {
				return "", false
			}
		case crumb:
			if !verifier.IsVisibleASCII(value) || strings.ContainsAny(value, ";,\"\\") {
				return "", false
			}
		case segment:
			if !isSegment(value) {
				return "", false
			}
		case percent:
			value = strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
		case quoted:
			if !utf8.ValidString(value) {
				return "", false
			}
			value = strictjson.Quote(value)
			value = value[1 : len(value)-1]
		case bare:
			value = p.valueOf(value)
		}
		text += value
	}
	return text, true
}

// valueOf writes a value without quotes: what is JSON already as it is; a code, which may be
// any text, as a number if it is one.
func (p *part) valueOf(value string) string {
	if p.name != "code" || strictjson.IsNumber(value) {
		return value
	}
	if value == "" {
		return "null"
	}
	return strictjson.Quote(value)
}

// mayFail tells whether there are values that cannot stand in their place. Tokens and keys
// are visible ASCII, and names and passwords UTF-8, before they come here.
func (t *Template) mayFail() bool {
	for _, p := range t.parts {
		ofRequest := p.name == "path" || p.name == "host" || p.name == "method" || strings.HasPrefix(p.name, "header:")
		if (p.writing == segment || p.writing == crumb) && p.name != "" || ofRequest && (p.writing == plain || p.writing == quoted) {
			return true
		}
	}
	return false
}

// isSegment tells whether a text can be a part of a path without changing its shape.
func isSegment(text string) bool {
	const characters = "-_~.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	return text != "" && strings.Trim(text, characters) == "" && !strings.Contains(text, "..") && text != "."
}

// Allowed says which placeholders a text may hold.
type Allowed struct {
	Names   map[string]bool
	Headers bool // {header:NAME} too
}

// check returns the fault of a placeholder that is not allowed.
func (a Allowed) check(name string) string {
	header, isHeader := strings.CutPrefix(name, "header:")
	if isHeader && strings.EqualFold(header, "Host") && a.Names["host"] {
		return "{" + name + "}: always empty, since the host is no header here; did you mean {host}?"
	}
	if a.Names[name] || (isHeader && a.Headers && IsHeaderName(header)) {
		return ""
	}
	all := make([]string, 0, len(a.Names))
	for known := range a.Names {
		all = append(all, known)
	}
	sort.Strings(all)
	for _, known := range all {
		if isNear(name, known) {
			return "{" + name + "}: unknown placeholder; did you mean {" + known + "}?"
		}
	}
	return "{" + name + "}: unknown placeholder; allowed: {" + strings.Join(all, "}, {") + "}"
}

// parse cuts a text into literals and placeholders, all of them written in one way.
func parse(text, writing string, allowed Allowed) (*Template, string) {
	t := &Template{}
	rest := text
	for rest != "" {
		at := strings.IndexAny(rest, "{}")
		if at < 0 {
			break
		}
		end := strings.IndexByte(rest, '}')
		if rest[at] == '}' || end < 0 {
			return nil, "a brace without its other one; braces stand around placeholders alone"
		}
		name := rest[at+1 : end]
		if fault := allowed.check(name); fault != "" {
			return nil, fault
		}
		t.literal(rest[:at])
		t.parts = append(t.parts, part{name: name, writing: writing})
		rest = rest[end+1:]
	}
	t.literal(rest)
	if writing == percent || writing == segment {
		return t, t.checkURL()
	}
	return t, ""
}

// literal adds a text.
func (t *Template) literal(text string) {
	if text != "" {
		t.parts = append(t.parts, part{literal: text})
	}
}

// ParseHeader parses the value of a header.
func ParseHeader(text string, allowed Allowed) (*Template, string) {
	t, fault := parse(text, plain, allowed)
	if fault == "" && strings.Trim(text, verifier.VisibleASCII+" ") != "" {
		return nil, "not visible ASCII"
	}
	return t, fault
}

// ParseCookie parses the value of the header Cookie, to which no value may add a cookie.
func ParseCookie(text string, allowed Allowed) (*Template, string) {
	_, fault := ParseHeader(text, allowed)
	if fault != "" {
		return nil, fault
	}
	t, fault := parse(text, crumb, allowed)
	return t, fault
}

// ParseForm parses names and values of a form or a query: a=b&c={token}.
func ParseForm(text string, allowed Allowed) (*Template, string) {
	for _, pair := range strings.Split(text, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if strings.ContainsAny(name, "{}") {
			return nil, "a placeholder stands in a value, after a ="
		}
	}
	t, fault := parse(text, percent, allowed)
	return t, fault
}

var loosePercent = regexp.MustCompile("%(?:[^0-9A-Fa-f]|.[^0-9A-Fa-f]|.?$)")

// checkURL returns the fault of a literal that cannot stand in an address or a form. A
// percent sign has its two digits beside it: no value becomes one of them.
func (t *Template) checkURL() string {
	for _, p := range t.parts {
		if strings.Trim(p.literal, verifier.VisibleASCII) != "" || strings.ContainsAny(p.literal, "#\"<>\\^`|") || loosePercent.MatchString(p.literal) {
			return "a character that has to be written as %XX"
		}
	}
	return ""
}

// ParsePathTemplate parses a path and its query, if it has one.
func ParsePathTemplate(text string, allowed Allowed) (*Template, string) {
	path, query, found := strings.Cut(text, "?")
	t, fault := parse(path, segment, allowed)
	if fault == "" && !strings.HasPrefix(path, "/") {
		fault = `begins with "/"`
	}
	if fault != "" || !found {
		return t, fault
	}
	rest, fault := ParseForm(query, allowed)
	if fault != "" {
		return nil, fault
	}
	t.literal("?")
	t.parts = append(t.parts, rest.parts...)
	return t, ""
}
