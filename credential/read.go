package credential

import (
	"encoding/base64"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// Accepts says which credentials a route takes.
type Accepts struct {
	Bearer    bool
	BareToken bool // Authorization: <token> is a bearer's too
	Key       bool
	Account   bool // the key comes with a Basic account
	Basic     bool
}

// FromHeader reads the one credential that a request presents. Nothing is
// decoded, trimmed or repaired into one: what is not exactly one credential of
// a kind that the route accepts is a denial (Missing, Malformed, Ambiguous),
// with the kind that was sent as far as it shows. An empty Reason means that
// the credential was read.
//
// The commonest, one bearer token as it is always written, is read in a few steps;
// readCredential would say the same of it.
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

// isComplete: everything that the kind consists of is there.
func isComplete(c verifier.Credential, a Accepts) bool {
	whole := c.User != "" && c.Password != ""
	switch c.Kind {
	case verifier.Bearer:
		return c.Token != ""
	case verifier.Basic:
		return whole
	case verifier.ApplicationKey:
		return c.Token != "" && (whole || !a.Account)
	}
	return false
}

// SingleValue drops empty lines and returns the first that is left, and whether
// there are more.
func SingleValue(lines []string) (line string, twice bool) {
	for _, l := range lines {
		if l != "" && line != "" {
			return line, true
		}
		if l != "" {
			line = l
		}
	}
	return line, false
}

// split reads an Authorization line: one of the accepted schemes (in any case)
// and what follows its one space. Other schemes are nobody's credential here.
// A first word that is not visible ASCII throughout is not readable as any.
func (a Accepts) split(line string) (scheme verifier.Kind, rest string, readable bool) {
	word, rest, spaced := strings.Cut(line, " ")
	name := strings.ToLower(word)
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

// schemes are the words that, alone in Authorization, are no bare token: the
// registered schemes, and others in use.
var schemes = map[string]bool{
	"basic": true, "bearer": true, "concealed": true, "digest": true, "dpop": true, "gnap": true, "hoba": true,
	"mutual": true, "negotiate": true, "ntlm": true, "oauth": true, "privatetoken": true, "scram-sha-1": true,
	"scram-sha-256": true, "vapid": true, "aws4-hmac-sha256": true, "accesskey": true, "apikey": true,
	"token": true,
}

// IsOtherScheme tells whether an Authorization line is plainly of a scheme that the
// route does not take: nobody's credential here, and not ours to touch.
func (a Accepts) IsOtherScheme(line string) bool {
	scheme, _, readable := a.split(line)
	return scheme == "" && readable
}

// account reads Basic's base64 (RFC 7617): UTF-8 without control characters,
// and a colon after the user name.
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
