package custom

import (
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// Source is a path below the response, below the claims of the token, or a part of the
// credential.
type Source struct {
	Path Path
	From string // empty: the response
}

// Where a source may lead from, beside the response.
const (
	FromToken      = "token"
	FromCredential = "credential"
)

// ParseSource reads a path of a response, "token." and a claim of the credential's JWT, or
// credential.user.
func ParseSource(text string) (Source, string) {
	s := Source{}
	if text == "token" {
		s.From = FromToken
		return s, ""
	}
	claim, ofToken := strings.CutPrefix(text, "token.")
	part, ofCredential := strings.CutPrefix(text, "credential.")
	if ofCredential {
		s.From = FromCredential
		if part != "user" {
			return s, "of the credential there is credential.user alone"
		}
		return s, ""
	}
	if ofToken {
		s.From = FromToken
		text = claim
	}
	path, fault := ParsePath(text)
	if ofToken && path.Header != "" {
		fault = "a token has no headers"
	}
	s.Path = path
	return s, fault
}

// ParseField reads where a field comes from: sources with "or" between them, the first
// that leads to a value counts, and "each" behind them where a text is a list.
func ParseField(text string) ([]Source, bool, string) {
	var sources []Source
	each := false
	words, closed := splitWords(text)
	if !closed {
		return nil, false, "a double quote is not closed"
	}
	if len(words) > 1 && words[len(words)-1] == "each" && words[len(words)-2] != "or" {
		each = true
		words = words[:len(words)-1]
	}
	for i, word := range words {
		if i%2 == 1 {
			if word != "or" {
				return nil, false, `paths have "or" between them, and "each" stands last`
			}
			continue
		}
		source, fault := ParseSource(word)
		if fault != "" {
			return nil, false, fault
		}
		sources = append(sources, source)
	}
	if len(words)%2 == 0 {
		return nil, false, "a path is missing"
	}
	return sources, each, ""
}

// facts are what an identity is read from.
type facts struct {
	response transport.Response
	claims   *strictjson.Value // of the token, after it was allowed
	user     string
}

// at returns what a source leads to; nil where it leads nowhere.
func (f *facts) at(s *Source) *strictjson.Value {
	switch s.From {
	case FromToken:
		return f.claims.At(s.Path.names, s.Path.indexes)
	case FromCredential:
		return &strictjson.Value{Kind: strictjson.Text, Text: f.user}
	}
	return s.Path.In(f.response)
}

// Wait is where a response says how long to wait.
type Wait struct {
	Path   Path
	Unix   bool // an instant, in Unix seconds
	InText bool // the last number of a text
}
