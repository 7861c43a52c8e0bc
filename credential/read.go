// Package credential answers: which one credential does a request carry in its
// headers, cookies or query, and how is it removed from them? Reading and
// removing stand together because they must agree: a line that is read as a credential
// must not reach the backend, and one that is not must not be lost.
//
// Its nouns are Accepts, the credentials that a route takes, and Source, where one of
// them is read. It knows requests only: not whether a credential is valid, nor what a
// denial looks like.
package credential

import (
	"encoding/base64"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// Accepts says which credentials a route takes. The zero value takes none.
type Accepts struct {
	Bearer    bool // Authorization: Bearer <token>
	BareToken bool // with Bearer: also Authorization: <token>
	Key       bool // Application-Key: <key>
	Account   bool // with Key: the key comes with a Basic account, and both are one credential
	Basic     bool // Authorization: Basic <account>; not together with Account

	// Sources say where the tokens of all kinds that have one are read (FromRequest); nil:
	// where Bearer, BareToken and Key say.
	Sources []*Source
}

// FromHeader reads the one credential that a request carries. Nothing is
// decoded, trimmed or repaired into one: whatever is not exactly one credential
// of a kind that the route accepts is a denial (Missing, Malformed, Ambiguous),
// together with a credential of which only the kind is set, as far as the
// headers show it. An empty Reason means that the credential was read. The
// header is not changed.
//
// The most frequent form, a single bearer token, takes a short cut, since each
// call costs time in the interpreter; readCredential returns the same for it.
func FromHeader(h http.Header, a Accepts) (verifier.Credential, verifier.Denial) {
	lines := h["Authorization"]
	if a.Bearer && len(lines) == 1 && (!a.Key || len(h[verifier.KeyHeader]) == 0) {
		token, bearer := strings.CutPrefix(lines[0], "Bearer ")
		if bearer && token != "" && len(token) <= verifier.MaxCredential && strings.Trim(token, verifier.VisibleASCII) == "" {
			return verifier.Credential{Kind: verifier.Bearer, Token: token}, verifier.Denial{}
		}
	}
	return readCredential(h, a)
}

// readCredential reads every form. Two checks come before the kinds are told
// apart, since a client may send anything beside a credential: more than one
// credential is ambiguous, whatever they hold, and one unreadable line makes all
// of them malformed.
func readCredential(h http.Header, a Accepts) (verifier.Credential, verifier.Denial) {
	var authorization, key string
	var twice, keyTwice bool
	if a.Bearer || a.Basic || a.Account {
		authorization, twice = SingleValue(h["Authorization"])
	}
	if a.Key {
		key, keyTwice = SingleValue(h[verifier.KeyHeader])
	}
	scheme, rest, readable := a.split(authorization)
	paired := a.Account && scheme == verifier.Basic
	c := verifier.Credential{Kind: scheme}
	if paired || (key != "" && rest == "") {
		c.Kind = verifier.ApplicationKey
	}
	if twice || keyTwice || (key != "" && rest != "" && !paired) {
		return c, verifier.Denial{Reason: verifier.Ambiguous}
	}
	if !readable || !verifier.IsVisibleASCII(rest) || !verifier.IsVisibleASCII(key) {
		return c, verifier.Denial{Reason: verifier.Malformed}
	}
	c.Token = key
	if scheme == verifier.Bearer && rest != "" {
		c.Token = rest
	}
	if scheme == verifier.Basic && rest != "" {
		user, password, ok := account(rest)
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

// isComplete tells whether every part of a credential of its kind is there. An
// empty part counts as missing: a directory behind an upstream may take an empty
// password for an anonymous login (RFC 4513, 5.1.2).
func isComplete(c verifier.Credential, a Accepts) bool {
	hasAccount := c.User != "" && c.Password != ""
	switch c.Kind {
	case verifier.Bearer:
		return c.Token != ""
	case verifier.Basic:
		return hasAccount
	case verifier.ApplicationKey:
		return c.Token != "" && (hasAccount || !a.Account)
	}
	return false
}

// SingleValue ignores empty lines. It returns the first of the others, and
// whether there is a second, or more than MaxLines. A first line that counts while a
// second is ignored would let a client show one credential to the gate and another to
// the backend.
func SingleValue(lines []string) (line string, twice bool) {
	if len(lines) > MaxLines {
		return "", true
	}
	for _, value := range lines {
		if value != "" && line != "" {
			return line, true
		}
		if value != "" {
			line = value
		}
	}
	return line, false
}

// split reads an Authorization line (RFC 9110, 11.6.2): one of the accepted
// schemes, in any case, and what follows its one space. Any other scheme gives an
// empty scheme and rest. A line whose first word is not visible ASCII is
// unreadable: a backend may take another part of it for the scheme.
func (a Accepts) split(line string) (scheme verifier.Kind, rest string, readable bool) {
	word, rest, spaced := strings.Cut(line, " ")
	name := ""
	if len(word) <= longestScheme { // a longer one is no scheme, and may have a megabyte
		name = strings.ToLower(word)
	}
	if name == "bearer" && a.Bearer {
		return verifier.Bearer, rest, true
	}
	if name == "basic" && (a.Basic || a.Account) {
		return verifier.Basic, rest, true
	}
	if !verifier.IsVisibleASCII(word) || (word == "" && spaced) {
		return "", "", false
	}
	if a.BareToken && !spaced && word != "" && !schemes[name] {
		return verifier.Bearer, word, true
	}
	return "", "", true
}

// longestScheme is more than the length of the longest of schemes, in bytes.
const longestScheme = 32

// schemes are words that are not a bare token when they are alone in
// Authorization: the schemes of IANA's registry, and others in use.
var schemes = map[string]bool{
	"basic": true, "bearer": true, "concealed": true, "digest": true, "dpop": true, "gnap": true, "hoba": true,
	"mutual": true, "negotiate": true, "ntlm": true, "oauth": true, "privatetoken": true, "scram-sha-1": true,
	"scram-sha-256": true, "vapid": true, "aws4-hmac-sha256": true, "accesskey": true, "apikey": true,
	"token": true,
}

// IsOtherScheme tells whether an Authorization line is readable and of a scheme
// that the route does not take. Such a line is for the backend; an unreadable one
// is not, since a backend may read a credential of the route in it.
func (a Accepts) IsOtherScheme(line string) bool {
	scheme, _, readable := a.split(line)
	return scheme == "" && readable
}

// account reads the base64 of Basic (RFC 7617): UTF-8 text without control
// characters, with a colon after the user name. Decoding is strict, so that one
// account has one spelling, and control characters are denied because upstreams
// and logs may cut a text at them.
func account(encoded string) (user, password string, ok bool) {
	plain, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || !utf8.Valid(plain) {
		return "", "", false
	}
	text := string(plain)
	if strings.ContainsAny(text, verifier.ControlCharacters) {
		return "", "", false
	}
	user, password, ok = strings.Cut(text, ":")
	return user, password, ok
}

// AccountLine is the Authorization line in which a client sends an account.
func AccountLine(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// Account reads an account as a line of AccountLine would bring it: without a user or a
// password it is missing, and what no such line can hold is malformed.
func Account(user, password string) (verifier.Credential, verifier.Denial) {
	line := AccountLine(user, password)
	if strings.Contains(user, ":") || len(line) > verifier.MaxCredential {
		return verifier.Credential{Kind: verifier.Basic}, verifier.Denial{Reason: verifier.Malformed}
	}
	return FromHeader(http.Header{authorization: {line}}, Accepts{Basic: true})
}
