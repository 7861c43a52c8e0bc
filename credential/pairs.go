package credential

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// pairs finds the values of one name in a list of name=value pairs, and removes them
// without a change of the others. Clients may send a megabyte of pairs: all of it is
// searched in calls into compiled code.
type pairs struct {
	name    string
	pattern *regexp.Regexp // a pair and the separator before it
	escaped bool           // names and values are percent-encoded
}

// MaxLines is how many lines of a header, or values of a parameter, may hold the one
// credential; the others have to be empty.
const MaxLines = 16

// found is a credential of a request, as far as it was looked at, in one place.
type found struct {
	kind     verifier.Kind // empty: none that the route takes
	text     string        // the token, or the account as it is encoded; may be empty
	twice    bool
	readable bool
}

// newCookie finds a cookie by its name, in a line of the header Cookie.
func newCookie(name string) *pairs {
	return &pairs{name: name, pattern: regexp.MustCompile(`(^|;)[ \t]*` + regexp.QuoteMeta(name) + `[ \t]*=([^;]*)`)}
}

// newQuery finds a parameter in a query, also where letters of its name are written as
// %XX, which mean the same. Some backends take ";" for a separator.
func newQuery(name string) *pairs {
	pattern := `(^|[&;])`
	for i := 0; i < len(name); i++ {
		pattern += fmt.Sprintf(`(?:%s|%%(?i:%02x))`, regexp.QuoteMeta(name[i:i+1]), name[i])
	}
	return &pairs{name: name, pattern: regexp.MustCompile(pattern + `=([^&]*)`), escaped: true}
}

// cookies is all cookies of a request in one line.
func cookies(h http.Header) string {
	lines := h["Cookie"]
	if len(lines) == 1 {
		return lines[0]
	}
	return strings.Join(lines, "; ")
}

// in tells whether a text holds the name's pair.
func (p *pairs) in(text string) bool {
	return text != "" && p.pattern.MatchString(text)
}

func (p *pairs) tooMany(text string) bool {
	return text != "" && len(p.pattern.FindAllStringIndex(text, MaxLines+1)) > MaxLines
}

// read returns the one value of the name; empty values are ignored, as empty lines of a
// header are. A cookie counts as it came, without the blanks around it; a parameter is
// decoded. One with a ";" in it, or before it, is not readable, since other readers split
// there.
func (p *pairs) read(kind verifier.Kind, text string) found {
	f := found{readable: true}
	if text == "" {
		return f
	}
	for _, pair := range p.pattern.FindAllStringSubmatch(text, MaxLines+1) {
		value := strings.Trim(pair[2], " \t")
		if p.escaped {
			decoded, err := url.QueryUnescape(pair[2])
			if err != nil || pair[1] == ";" || strings.Contains(pair[2], ";") {
				f.kind = kind
				f.readable = false
				return f
			}
			value = decoded
		}
		if value == "" {
			continue
		}
		if f.text != "" {
			f.twice = true
			return f
		}
		f.kind = kind
		f.text = value
	}
	return f
}

// remove returns a text without the name's pairs.
func (p *pairs) remove(text string) string {
	first := p.pattern.FindStringSubmatchIndex(text)
	if first == nil {
		return text
	}
	others := p.pattern.ReplaceAllString(text, "")
	if first[0] > 0 || first[2] != first[3] { // a separator stood before the first
		return others
	}
	others = strings.TrimLeft(others, "&;")
	if !p.escaped {
		others = strings.TrimLeft(others, " \t")
	}
	return others
}

// removeCookie removes the cookie of a request; the others stay as they came.
func (p *pairs) removeCookie(h http.Header) {
	lines := h["Cookie"]
	if len(lines) == 0 || !p.in(cookies(h)) {
		return
	}
	if len(lines) > MaxLines {
		lines = []string{strings.Join(lines, "; ")}
	}
	var others []string
	for _, line := range lines {
		rest := p.remove(line)
		if strings.Trim(rest, "; \t") != "" {
			others = append(others, rest)
		}
	}
	delete(h, "Cookie")
	if len(others) > 0 {
		h["Cookie"] = others
	}
}

// removeParameter removes the parameter of a request, also from the line that it came
// with, which proxies read. The request gets an address of its own.
func (p *pairs) removeParameter(r *http.Request) {
	if p.in(r.URL.RawQuery) {
		own := *r.URL
		own.RawQuery = p.remove(own.RawQuery)
		r.URL = &own
	}
	path, query, _ := strings.Cut(r.RequestURI, "?")
	if !p.in(query) {
		return
	}
	query = p.remove(query)
	if query != "" {
		path += "?" + query
	}
	r.RequestURI = path
}
