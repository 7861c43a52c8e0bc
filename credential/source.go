package credential

import (
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// Source says where the token of one kind is read, on a route whose operator has chosen
// it: in a header, after one of some words or alone, and in a cookie or a parameter of
// the query beside. It is not changed after NewSource.
type Source struct {
	Kind    verifier.Kind // Bearer or ApplicationKey
	Header  string        // in canonical spelling
	Schemes []string      // words before the token, in any case
	Bare    bool          // the token alone as well

	cookie *pairs // nil: none
	query  *pairs
}

// NewSource returns the source of one kind. cookie and query are names, of letters,
// digits, "-", "_" and "."; empty: none.
func NewSource(kind verifier.Kind, header string, schemes []string, bare bool, cookie, query string) *Source {
	s := &Source{Kind: kind, Header: header, Schemes: schemes, Bare: bare}
	if cookie != "" {
		s.cookie = newCookie(cookie)
	}
	if query != "" {
		s.query = newQuery(query)
	}
	return s
}

// DefaultSource is where the documents of an API have a token of this kind. bare: they
// show a bearer token alone in Authorization as well.
func DefaultSource(kind verifier.Kind, bare bool) *Source {
	if kind == verifier.ApplicationKey {
		return NewSource(kind, verifier.KeyHeader, nil, true, "", "")
	}
	return NewSource(kind, authorization, []string{"Bearer"}, bare, "", "")
}

const authorization = "Authorization"

// Scheme is the word by which a challenge names the source: the first before a token, or
// where there is none, the header's name.
func (s *Source) Scheme() string {
	if len(s.Schemes) > 0 {
		return s.Schemes[0]
	}
	if s.Header != authorization {
		return s.Header
	}
	if s.Kind == verifier.Bearer {
		return "Bearer"
	}
	return verifier.KeyHeader
}

// Where is how a text names the source: its header, and the word in it.
func (s *Source) Where() string {
	if len(s.Schemes) > 0 {
		return s.Header + ": " + s.Schemes[0]
	}
	return s.Header
}

// Line is the header line in which a client sends a token.
func (s *Source) Line(token string) string {
	if len(s.Schemes) > 0 {
		return s.Schemes[0] + " " + token
	}
	return token
}

// Key lists everything about the source: two with equal keys read the same.
func (s *Source) Key() string {
	key := string(s.Kind) + " " + s.Header + " " + strings.ToLower(strings.Join(s.Schemes, " "))
	if s.Bare {
		key += " none"
	}
	if s.cookie != nil {
		key += " cookie:" + s.cookie.name
	}
	if s.query != nil {
		key += " query:" + s.query.name
	}
	return key
}

// scheme tells whether a word, in lower case, is one that stands before a token.
func (s *Source) scheme(word string) bool {
	for _, scheme := range s.Schemes {
		if strings.EqualFold(scheme, word) {
			return true
		}
	}
	return false
}
