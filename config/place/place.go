// Package place answers: where may a credential be read, and what may a question
// carry? It judges values that package config has read: it returns what is wrong
// with them, and reads none itself.
package place

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// Keys say where a token is read, and how a whole one looks.
var Keys = []string{"header", "scheme", "cookie", "query", "pattern"}

const (
	maxHeader  = 64 // bytes
	maxSchemes = 5
	maxWord    = 32  // bytes of a scheme
	maxPattern = 256 // bytes

	authorization = "Authorization"
	letters       = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// What the faults say is allowed.
const (
	AllowedHeader  = "1 to 64 letters, digits and -"
	AllowedScheme  = "one to five words of letters, digits, \"-\", \"_\" and \".\", such as Bearer; none: the token alone"
	AllowedPattern = "a regular expression (RE2) of at most 256 bytes, for the whole credential, such as sk_[A-Za-z0-9]{32}"
)

// IsHeader tells whether a text may be the name of a credential's header. Other characters
// than letters and digits are all one to some backends.
func IsHeader(name string) bool {
	return name != "" && len(name) <= maxHeader && strings.Trim(strings.ReplaceAll(name, "-", ""), letters) == ""
}

// Schemes reads the words that stand before a token. Of a word that is not allowed it says
// what is; the empty word is about all of them.
func Schemes(words []string) (read []string, bare bool, word, allowed string) {
	if len(words) > maxSchemes {
		return nil, false, "", "more than five words"
	}
	plain := strings.NewReplacer("-", "", "_", "", ".", "")
	seen := " "
	for _, word := range words {
		lower := strings.ToLower(word)
		switch {
		case strings.Trim(plain.Replace(word), letters) != "" || len(word) > maxWord:
			return nil, false, word, AllowedScheme
		case lower == "basic":
			return nil, false, word, "another word; accounts go under basic, or applicationKey with account: true"
		case lower == "none" && word != "none":
			return nil, false, word, AllowedScheme + `; did you mean "none"?`
		case strings.Contains(seen, " "+lower+" "):
			return nil, false, word, "each word once"
		}
		seen += lower + " "
		if lower == "none" {
			bare = true
		} else {
			read = append(read, word)
		}
	}
	return read, bare, "", ""
}

// Pattern reads what a whole token has to match; nil if it is not allowed.
func Pattern(text string) *regexp.Regexp {
	_, err := regexp.Compile(text) // alone, so that no bracket of it ends ours
	if err != nil || len(text) > maxPattern {
		return nil
	}
	compiled, err := regexp.Compile(`\A(?:` + text + `)\z`)
	if err != nil { // \Q without \E takes our bracket for one of its characters
		return nil
	}
	return compiled
}

// Default is where a token of a kind is read unless the operator says otherwise: in its
// header, or in another that the operator names, and there after these words; no words:
// after those of that header. bare: the API's documents show it alone as well.
func Default(kind verifier.Kind, header string, words []string, bareWord, bare bool) *gate.Place {
	p := &gate.Place{Header: header, Schemes: words, Bare: bareWord}
	if header == "" && kind == verifier.ApplicationKey {
		p.Header = verifier.KeyHeader
	} else if header == "" {
		p.Header = authorization
	}
	if len(words) > 0 || bareWord {
		return p
	}
	p.Bare = bare && kind == verifier.Bearer
	if p.Header != authorization {
		p.Bare = true
		return p
	}
	p.Schemes = []string{"Bearer"}
	return p
}

// of is where a block reads its token; nil: an account.
func of(block *gate.Block) *gate.Place {
	if block.Place != nil || block.Upstream.Kind == verifier.Basic {
		return block.Place
	}
	bare := block.API != nil && block.API.BareToken
	p := Default(block.Upstream.Kind, "", nil, false, bare)
	return p
}

// Fault is what is wrong with a key.
type Fault struct {
	Key  string
	Text string
}

// Session is what the session block of a route takes; empty: there is none.
type Session struct {
	Cookie    string
	Parameter string
	Return    string
}

// Taken lists the faults of places that are taken: by another credential, by identity
// headers or by a session.
func Taken(o *gate.Options, session Session) []Fault {
	var all []Fault
	for i, block := range o.Blocks {
		all = append(all, takenFrom(block, o, session)...)
		all = append(all, unseen(block, o)...)
		for _, other := range o.Blocks[:i] {
			if block.Place != nil || other.Place != nil {
				all = append(all, shared(block, other)...)
			}
		}
	}
	return all
}

func takenFrom(block *gate.Block, o *gate.Options, session Session) []Fault {
	p := block.Place
	if p == nil {
		return nil
	}
	var all []Fault
	key := string(block.Upstream.Kind)
	folded := gate.Fold(p.Header)
	if strings.HasPrefix(folded, gate.Fold(o.Prefix)) && o.Prefix != "" {
		all = append(all, Fault{key + ".header", strconv.Quote(p.Header) + " begins with identity.prefix, whose headers are removed first; choose another identity.prefix"})
	}
	for _, h := range o.Headers {
		if gate.Fold(h.Header) == folded {
			all = append(all, Fault{key + ".header", strconv.Quote(p.Header) + " is one of identity.headers; choose another name there"})
		}
	}
	if p.Cookie != "" && p.Cookie == session.Cookie {
		all = append(all, Fault{key + ".cookie", strconv.Quote(p.Cookie) + " is session.cookie; choose another name for one of them"})
	}
	if p.Query != "" && p.Query == session.Parameter {
		all = append(all, Fault{key + ".query", strconv.Quote(p.Query) + " is session.parameter; choose another name for one of them"})
	}
	if p.Query != "" && p.Query == session.Return {
		all = append(all, Fault{key + ".query", strconv.Quote(p.Query) + " is session.return; choose another name for one of them"})
	}
	if block.Upstream.Account && p.Header == authorization {
		all = append(all, Fault{key + ".header", "not Authorization beside account: true, whose account is there"})
	}
	return all
}

// unseen lists the placeholders of a block that would always be empty: identity headers are
// removed from a request before anything of it is read.
func unseen(block *gate.Block, o *gate.Options) []Fault {
	if block.API == nil {
		return nil
	}
	var all []Fault
	for _, part := range block.API.Parts {
		name, isHeader := strings.CutPrefix(part, "header:")
		folded := gate.Fold(name)
		removed := o.Prefix != "" && strings.HasPrefix(folded, gate.Fold(o.Prefix))
		for _, h := range o.Headers {
			removed = removed || gate.Fold(h.Header) == folded
		}
		if isHeader && removed {
			all = append(all, Fault{string(block.Upstream.Kind) + ".custom", "{" + part + "} would always be empty: identity headers are removed from each request first; name another header"})
		}
	}
	return all
}

// shared lists the faults of two blocks that read their credentials in one place, where
// nothing tells these apart.
func shared(block, other *gate.Block) []Fault {
	p, o := of(block), of(other)
	if p == nil || o == nil {
		return nil
	}
	var all []Fault
	key := string(block.Upstream.Kind)
	whose := " is where the credential of " + string(other.Upstream.Kind) + " is read, too"
	if p.Cookie != "" && p.Cookie == o.Cookie {
		all = append(all, Fault{key + ".cookie", strconv.Quote(p.Cookie) + whose})
	}
	if p.Query != "" && p.Query == o.Query {
		all = append(all, Fault{key + ".query", strconv.Quote(p.Query) + whose})
	}
	if p.Header != o.Header {
		return all
	}
	same := p.Bare && o.Bare || p.Header != authorization
	for _, word := range p.Schemes {
		for _, theirs := range o.Schemes {
			same = same || strings.EqualFold(word, theirs)
		}
	}
	if same {
		all = append(all, Fault{key + ".header", strconv.Quote(p.Header) + whose + ", and nothing tells them apart; choose another header, or in Authorization another scheme"})
	}
	return all
}
