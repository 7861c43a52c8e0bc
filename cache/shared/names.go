package shared

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/jwt"
)

// format is a part of all names: Traefiks whose values another version could not read do
// not see each other's.
const format = "1"

// Kinds of keys and messages.
const (
	entryKind   = "e" // what an upstream said of a credential in a scope
	endedKind   = "t" // a scope has forgotten a credential
	revokedKind = "u" // the same for a token in all scopes of an upstream
	barredKind  = "b" // a token is barred for an upstream
	refreshKind = "r" // the same for a refresh token, by a login
	loginKind   = "l" // a login issued a token
	budgetKind  = "q" // calls to an upstream

	// What operators have forgotten in a scope: everything, an account, or a credential with
	// whatever was asked about with it; and that one of the last two was.
	SweptAll     = "w"
	SweptAccount = "a"
	SweptKey     = "k"
	sweptKind    = "x"
)

// Names makes the names of one scope. It is never changed, and safe for concurrent use.
type Names struct {
	secret   string
	scope    string // keys of 32 bytes, derived from the secret
	upstream string
	logins   string // empty: logins do not count

	all   [32]byte // of everything in the scope
	swept [32]byte // of the last sweep of a part
}

func newNames(secret string, s Scope) *Names {
	n := &Names{secret: secret}
	n.scope = raw(secret, "scope", verifier.JoinParts(s.Parts), "")
	n.upstream = raw(secret, "upstream", s.API, s.Address)
	if s.LoginSecret != "" {
		n.logins = raw(n.upstream, "logins", s.LoginSecret, "")
	}
	n.all = n.Swept(SweptAll, "")
	n.swept = n.Swept(sweptKind, "")
	return n
}

// Swept is the name of what a sweep is about: nothing for everything, the folded name of
// a user, or the parts of a credential.
func (n *Names) Swept(sort, subject string) [32]byte {
	return named(n.scope, "swept", sort, subject)
}

// Subject is what a sweep of a credential is about: an application key without the account
// that comes with it, and all without the parts of the request.
func Subject(c verifier.Credential) string {
	if c.Token != "" {
		return verifier.JoinParts([]string{c.Token, "", ""})
	}
	return verifier.JoinParts([]string{c.Token, c.User, c.Password})
}

// Of is the name of a credential in its scope: of all that is sent to the upstream.
func (n *Names) Of(c verifier.Credential) [32]byte {
	return mac(n.scope, verifier.JoinParts([]string{c.Token, c.User, c.Password, c.Parts}))
}

// TokenOf is the name of a token for its upstream, by what it says and not by how it is
// signed; the zero name for any other kind of credential.
func (n *Names) TokenOf(c verifier.Credential) [32]byte {
	if c.Kind != verifier.Bearer {
		return [32]byte{}
	}
	return tokenName(n.upstream, c.Token)
}

// tokenName names a token as package logins does: there are signatures of which anybody
// can make a second one that is valid as well.
func tokenName(secret, token string) [32]byte {
	signed := jwt.Signed(token)
	if signed == "" {
		return named(secret, "token", token, "")
	}
	return named(secret, "signed", signed, "")
}

// loginName names a token as it came.
func loginName(secret, token string) [32]byte {
	return named(secret, "issued", token, "")
}

// tagOf is the tag of a key that is found by its name alone.
func tagOf(name [32]byte) string {
	return hex.EncodeToString(name[:1])
}

// idName is the name that its issuer gave a JWT; false where it gave none.
func idName(secret, token string) ([32]byte, bool) {
	issuer, id := jwt.ID(token)
	return named(secret, "id", issuer, id), id != ""
}

// sealed is what the values of a credential are encrypted under, and the tag that puts all
// its keys into one slot of a cluster. The tag is no part of the key.
func sealed(secret string, c verifier.Credential) (key, tag string) {
	said := jwt.Signed(c.Token)
	if said == "" {
		said = c.Token
	}
	h := hmac.New(sha512.New, []byte(secret))
	_, _ = io.WriteString(h, format+"credential"+verifier.JoinParts([]string{said, c.User, c.Password}))
	sum := h.Sum(nil)
	return string(sum[32:]), hex.EncodeToString(sum[:1])
}

func named(secret, sort, first, second string) [32]byte {
	return mac(secret, fmt.Sprintf("%s%s:%d:%s%d:%s", format, sort, len(first), first, len(second), second))
}

func raw(secret, sort, first, second string) string {
	sum := named(secret, sort, first, second)
	return string(sum[:])
}

func mac(secret, text string) [32]byte {
	h := hmac.New(sha256.New, []byte(secret))
	_, _ = io.WriteString(h, text)
	sum := [32]byte{}
	copy(sum[:], h.Sum(nil))
	return sum
}

// text is a name as it stands in a key.
func text(name [32]byte) string {
	return base64.RawURLEncoding.EncodeToString(name[:])
}

// nameIn is a name as text wrote it; false for any other text.
func nameIn(written string) ([32]byte, bool) {
	name := [32]byte{}
	if len(written) != base64.RawURLEncoding.EncodedLen(len(name)) || strings.ContainsAny(written, "\r\n") {
		return name, false
	}
	n, err := base64.RawURLEncoding.Decode(name[:], []byte(written))
	return name, err == nil && n == len(name)
}

// newOrigin is random.
func newOrigin() string {
	name := [32]byte{}
	if _, err := io.ReadFull(rand.Reader, name[:16]); err != nil {
		panic("no randomness")
	}
	return text(name)
}
