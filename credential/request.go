package credential

import (
	"net/http"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// Headers lists the headers that a route reads, each once.
func (a Accepts) Headers() []string {
	var names []string
	if a.Basic || a.Account || (a.Bearer && a.Sources == nil) {
		names = append(names, authorization)
	}
	if a.Key && a.Sources == nil {
		names = append(names, verifier.KeyHeader)
	}
	for _, s := range a.Sources {
		known := false
		for _, name := range names {
			known = known || name == s.Header
		}
		if !known {
			names = append(names, s.Header)
		}
	}
	return names
}

// Source returns where a kind is read; nil for one that the route reads no token of.
func (a Accepts) Source(kind verifier.Kind) *Source {
	for _, s := range a.Sources {
		if s.Kind == kind {
			return s
		}
	}
	if a.Sources == nil && ((kind == verifier.Bearer && a.Bearer) || (kind == verifier.ApplicationKey && a.Key)) {
		return DefaultSource(kind, a.BareToken)
	}
	return nil
}

// ReadsElsewhere tells whether a credential can come in a cookie or in the query.
func (a Accepts) ReadsElsewhere() bool {
	for _, s := range a.Sources {
		if s.cookie != nil || s.query != nil {
			return true
		}
	}
	return false
}

// Elsewhere tells whether a request has a cookie, or a parameter of its query, by a name
// that a credential can come in.
func (a Accepts) Elsewhere(r *http.Request) bool {
	for _, s := range a.Sources {
		if s.cookie != nil && s.cookie.in(cookies(r.Header)) {
			return true
		}
		if s.query != nil && s.query.in(r.URL.RawQuery) {
			return true
		}
	}
	return false
}

// TooMany tells whether a request brings more lines of a credential header, or more of
// a cookie or a parameter with the name of one, than any client needs.
func (a Accepts) TooMany(r *http.Request) bool {
	for _, name := range a.Headers() {
		if len(r.Header[name]) > MaxLines {
			return true
		}
	}
	for _, s := range a.Sources {
		if s.cookie != nil && s.cookie.tooMany(cookies(r.Header)) {
			return true
		}
		if s.query != nil && s.query.tooMany(r.URL.RawQuery) {
			return true
		}
	}
	return false
}

// FromRequest reads the one credential that a request carries, as FromHeader does, in
// all places in which the route takes one. In two of them at once it is ambiguous.
func FromRequest(r *http.Request, a Accepts) (verifier.Credential, verifier.Denial) {
	if a.Sources == nil {
		return FromHeader(r.Header, a)
	}
	var all []found
	for _, name := range a.Headers() {
		f := a.inHeader(name, r.Header[name])
		all = append(all, f)
	}
	for _, s := range a.Sources {
		if s.cookie != nil {
			f := s.cookie.read(s.Kind, cookies(r.Header))
			all = append(all, f)
		}
		if s.query != nil {
			f := s.query.read(s.Kind, r.URL.RawQuery)
			all = append(all, f)
		}
	}
	return a.only(all)
}

// only returns the one credential of those that were found, with the same order of checks
// as readCredential.
func (a Accepts) only(all []found) (verifier.Credential, verifier.Denial) {
	c := verifier.Credential{}
	token, tokenKind, encoded := "", verifier.Kind(""), ""
	tokens, accounts := 0, 0
	twice, readable := false, true
	first := verifier.Kind("")
	for _, f := range all {
		twice = twice || f.twice
		readable = readable && f.readable && verifier.IsVisibleASCII(f.text)
		if first == "" {
			first = f.kind
		}
		if f.text == "" {
			continue
		}
		if c.Kind == "" {
			c.Kind = f.kind
		}
		if f.kind == verifier.Basic {
			encoded = f.text
			accounts++
		} else {
			token = f.text
			tokenKind = f.kind
			tokens++
		}
	}
	if c.Kind == "" {
		c.Kind = first
	}
	if c.Kind == verifier.Basic && a.Account {
		c.Kind = verifier.ApplicationKey
	}
	paired := a.Account && tokenKind == verifier.ApplicationKey
	if twice || tokens > 1 || (tokens == 1 && accounts == 1 && !paired) {
		return c, verifier.Denial{Reason: verifier.Ambiguous}
	}
	if !readable {
		return c, verifier.Denial{Reason: verifier.Malformed}
	}
	c.Token = token
	if accounts == 1 {
		user, password, ok := account(encoded)
		if !ok {
			return verifier.Credential{Kind: c.Kind}, verifier.Denial{Reason: verifier.Malformed}
		}
		c.User, c.Password = user, password
	}
	if !isComplete(c, a) {
		return verifier.Credential{Kind: c.Kind}, verifier.Denial{Reason: verifier.Missing}
	}
	return c, verifier.Denial{}
}

// inHeader reads the lines of one header.
func (a Accepts) inHeader(name string, lines []string) found {
	line, twice := SingleValue(lines)
	kind, text, readable := a.splitIn(name, line)
	return found{kind: kind, text: text, twice: twice, readable: readable}
}

// splitIn is split for a header that the operator may have chosen. In a header of a
// credential's own, a line that is not a token is malformed, where the token stands alone
// there; in Authorization it is of another scheme, and the backend's.
func (a Accepts) splitIn(header, line string) (kind verifier.Kind, rest string, readable bool) {
	word, rest, spaced := strings.Cut(line, " ")
	name := ""
	if len(word) <= longestScheme {
		name = strings.ToLower(word)
	}
	if header == authorization && name == "basic" && (a.Basic || a.Account) {
		return verifier.Basic, rest, true
	}
	var bare *Source
	for _, s := range a.Sources {
		if line == "" {
			break
		}
		if s.Header == header && name != "" && s.scheme(name) {
			return s.Kind, rest, true
		}
		if s.Header == header && s.Bare {
			bare = s
		}
	}
	if bare != nil && header != authorization {
		return bare.Kind, line, true
	}
	if !verifier.IsVisibleASCII(word) || (word == "" && spaced) {
		return "", "", false
	}
	if bare != nil && !spaced && word != "" && !schemes[name] {
		return bare.Kind, word, true
	}
	return "", "", true
}
