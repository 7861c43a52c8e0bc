package credential

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// Which credentials the routes of the cases below take.
var (
	bearerOnly = Accepts{Bearer: true}
	bareToo    = Accepts{Bearer: true, BareToken: true}
	keyOnly    = Accepts{Key: true}
	paired     = Accepts{Key: true, Account: true}
	basicOnly  = Accepts{Basic: true}
	everything = Accepts{Bearer: true, BareToken: true, Key: true, Basic: true}
)

func auth(lines ...string) http.Header { return http.Header{"Authorization": lines} }

func key(lines ...string) http.Header { return http.Header{"Application-Key": lines} }

func both(authorization, key string) http.Header {
	return http.Header{"Authorization": {authorization}, "Application-Key": {key}}
}

func basic(text string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(text))
}

// A credential is read exactly as it was sent.
func TestFromHeader(t *testing.T) {
	long := strings.Repeat("k", verifier.MaxCredential)
	cases := []struct {
		name    string
		accepts Accepts
		header  http.Header
		want    verifier.Credential
	}{
		{"a bearer token", bearerOnly, auth("Bearer x.y.z"), verifier.Credential{Kind: verifier.Bearer, Token: "x.y.z"}},
		{"the scheme in lower case", bearerOnly, auth("bearer x"), verifier.Credential{Kind: verifier.Bearer, Token: "x"}},
		{"the scheme in any case", bearerOnly, auth("bEaReR x"), verifier.Credential{Kind: verifier.Bearer, Token: "x"}},
		{"a token that looks like an attack on JSON", bearerOnly, auth(`Bearer "},"x":"`), verifier.Credential{Kind: verifier.Bearer, Token: `"},"x":"`}},
		{"a token that looks like a path", bearerOnly, auth("Bearer ../../"), verifier.Credential{Kind: verifier.Bearer, Token: "../../"}},
		{"a token that is percent-encoded stays so", bearerOnly, auth("Bearer a%20b"), verifier.Credential{Kind: verifier.Bearer, Token: "a%20b"}},
		{"a bare token", bareToo, auth("AbCd-1234"), verifier.Credential{Kind: verifier.Bearer, Token: "AbCd-1234"}},
		{"a bare token that begins like a scheme", bareToo, auth("bearerish"), verifier.Credential{Kind: verifier.Bearer, Token: "bearerish"}},
		{"empty lines are dropped first", bearerOnly, auth("", "Bearer x", ""), verifier.Credential{Kind: verifier.Bearer, Token: "x"}},
		{"a key", keyOnly, key("k"), verifier.Credential{Kind: verifier.ApplicationKey, Token: "k"}},
		{"a key of 8 KiB", keyOnly, key(long), verifier.Credential{Kind: verifier.ApplicationKey, Token: long}},
		{"a token of 8 KiB", bearerOnly, auth("Bearer " + long), verifier.Credential{Kind: verifier.Bearer, Token: long}},
		{"a key, beside a kind that is not configured", keyOnly, both("Bearer x", "k"), verifier.Credential{Kind: verifier.ApplicationKey, Token: "k"}},
		{"a key, beside another scheme", everything, both("Digest a=b", "k"), verifier.Credential{Kind: verifier.ApplicationKey, Token: "k"}},
		{"a token, beside a key that is not configured", bearerOnly, both("Bearer x", "k"), verifier.Credential{Kind: verifier.Bearer, Token: "x"}},
		{"a key with an account", paired, both(basic("u:p"), "k"), verifier.Credential{Kind: verifier.ApplicationKey, Token: "k", User: "u", Password: "p"}},
		{"an account", basicOnly, auth(basic("u:p")), verifier.Credential{Kind: verifier.Basic, User: "u", Password: "p"}},
		{"a password with colons", basicOnly, auth(basic("u:p:q:")), verifier.Credential{Kind: verifier.Basic, User: "u", Password: "p:q:"}},
		{"an account in Thai", basicOnly, auth(basic("สมชาย:ลับ")), verifier.Credential{Kind: verifier.Basic, User: "สมชาย", Password: "ลับ"}},
		{"spaces inside an account", basicOnly, auth(basic(" u : p ")), verifier.Credential{Kind: verifier.Basic, User: " u ", Password: " p "}},
		{"an account, in lower case", basicOnly, auth("basic" + basic("u:p")[5:]), verifier.Credential{Kind: verifier.Basic, User: "u", Password: "p"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, denial := FromHeader(c.header, c.accepts)
			if denial != (verifier.Denial{}) || got != c.want {
				t.Errorf("got %+v, %q; want %+v", got, denial.Reason, c.want)
			}
		})
	}
}

// Whatever is not exactly one credential is denied.
func TestFromHeaderDenials(t *testing.T) {
	over := strings.Repeat("k", verifier.MaxCredential+1)
	cases := []struct {
		name    string
		accepts Accepts
		header  http.Header
		want    verifier.Reason
	}{
		{"no header", everything, http.Header{}, verifier.Missing},
		{"an empty header", everything, auth(""), verifier.Missing},
		{"an empty key", keyOnly, key(""), verifier.Missing},
		{"a scheme alone", bearerOnly, auth("Bearer"), verifier.Missing},
		{"a scheme and its space", bearerOnly, auth("Bearer "), verifier.Missing},
		{"a scheme that is not configured", bearerOnly, auth(basic("u:p")), verifier.Missing},
		{"any other scheme", everything, auth("Digest username=x"), verifier.Missing},
		{"a scheme's name alone, where bare tokens are taken", bareToo, auth("Basic"), verifier.Missing},
		{"its own scheme's name alone, where bare tokens are taken", bareToo, auth("bearer"), verifier.Missing},
		{"a registered scheme alone", bareToo, auth("NEGOTIATE"), verifier.Missing},
		{"a scheme in use alone", bareToo, auth("Token"), verifier.Missing},
		{"a bare token where none are taken", bearerOnly, auth("AbCd"), verifier.Missing},
		{"an empty user name", basicOnly, auth(basic(":p")), verifier.Missing},
		{"an empty password", basicOnly, auth(basic("u:")), verifier.Missing},
		{"half: no account", paired, key("k"), verifier.Missing},
		{"half: no key", paired, auth(basic("u:p")), verifier.Missing},
		{"half: an empty account", paired, both("Basic ", "k"), verifier.Missing},
		{"half: no password", paired, both(basic("u:"), "k"), verifier.Missing},
		{"a query's, a cookie's and a proxy's credential", everything, http.Header{
			"Cookie": {"Authorization=Bearer x"}, "Proxy-Authorization": {"Bearer x"},
		}, verifier.Missing},
		{"another spelling of the key's header", everything, http.Header{"Application_key": {"k"}, "Applicationkey": {"k"}}, verifier.Missing},

		{"two lines", bearerOnly, auth("Bearer x", "Bearer y"), verifier.Ambiguous},
		{"the same line twice", bearerOnly, auth("Bearer x", "Bearer x"), verifier.Ambiguous},
		{"a line of another scheme beside", bearerOnly, auth("Digest a", "Bearer x"), verifier.Ambiguous},
		{"two keys", keyOnly, key("k", "", "l"), verifier.Ambiguous},
		{"two kinds", everything, both("Bearer x", "k"), verifier.Ambiguous},
		{"an account and a key that do not belong together", everything, both(basic("u:p"), "k"), verifier.Ambiguous},
		{"a bare token and a key", everything, both("AbCd", "k"), verifier.Ambiguous},
		{"a token and a key that wants an account", Accepts{Bearer: true, Key: true, Account: true}, both("Bearer x", "k"), verifier.Ambiguous},

		{"two spaces", bearerOnly, auth("Bearer  x"), verifier.Malformed},
		{"a second word", bearerOnly, auth("Bearer x y"), verifier.Malformed},
		{"a space at the end", bearerOnly, auth("Bearer x "), verifier.Malformed},
		{"a space before the scheme", bearerOnly, auth(" Bearer x"), verifier.Malformed},
		{"a space alone", bareToo, auth(" "), verifier.Malformed},
		{"a tab before the scheme", bearerOnly, auth("\tBearer x"), verifier.Malformed},
		{"a tab between", bearerOnly, auth("Bearer\tx"), verifier.Malformed},
		{"a tab after the space", bearerOnly, auth("Bearer \tx"), verifier.Malformed},
		{"NBSP between", bearerOnly, auth("Bearer\u00a0x"), verifier.Malformed},
		{"NBSP in one byte", bearerOnly, auth("Bearer\xa0x"), verifier.Malformed},
		{"NBSP in the token", bareToo, auth("a\u00a0b"), verifier.Malformed},
		{"a control character", bearerOnly, auth("Bearer x\x00y"), verifier.Malformed},
		{"DEL", bearerOnly, auth("Bearer x\x7f"), verifier.Malformed},
		{"a letter beyond ASCII", bearerOnly, auth("Bearer é"), verifier.Malformed},
		{"over 8 KiB", bearerOnly, auth("Bearer " + over), verifier.Malformed},
		{"a bare token over 8 KiB", bareToo, auth(over), verifier.Malformed},
		{"a key over 8 KiB", keyOnly, key(over), verifier.Malformed},
		{"a key of two words", keyOnly, key("k l"), verifier.Malformed},
		{"a key with spaces around", keyOnly, key(" k "), verifier.Malformed},
		{"no base64", basicOnly, auth("Basic u:p"), verifier.Malformed},
		{"base64 without padding", basicOnly, auth("Basic dTpwcA"), verifier.Malformed},
		{"base64 with stray bits", basicOnly, auth("Basic dTpwcB=="), verifier.Malformed},
		{"base64 for URLs", basicOnly, auth("Basic dTr_fn4="), verifier.Malformed},
		{"base64 in two lines", basicOnly, auth("Basic dTpw\ncA=="), verifier.Malformed},
		{"no colon", basicOnly, auth(basic("up")), verifier.Malformed},
		{"no UTF-8", basicOnly, auth(basic("u:\xff")), verifier.Malformed},
		{"a line end in the user name", basicOnly, auth(basic("u\r\nX: y:p")), verifier.Malformed},
		{"a control character of Unicode", basicOnly, auth(basic("u:p\u0085")), verifier.Malformed},
		{"an account that is malformed, beside a key", paired, both("Basic !", "k"), verifier.Malformed},
		{"an unreadable line, beside a key", everything, both("a\tb", "k"), verifier.Malformed},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, denial := FromHeader(c.header, c.accepts)
			if denial.Reason != c.want {
				t.Errorf("got %q, want %q", denial.Reason, c.want)
			}
			if got != (verifier.Credential{Kind: got.Kind}) {
				t.Error("a credential came with the denial")
			}
		})
	}
}

// A denial comes with the kind that was sent: it decides the shape of the body.
func TestFromHeaderKind(t *testing.T) {
	cases := []struct {
		name   string
		header http.Header
		want   verifier.Kind
	}{
		{"no credential has no kind", http.Header{}, ""},
		{"a malformed token is a bearer's", auth("Bearer  x"), verifier.Bearer},
		{"two tokens are a bearer's", auth("Bearer x", "Bearer y"), verifier.Bearer},
		{"a malformed account is Basic's", auth("Basic !"), verifier.Basic},
		{"a malformed key is an application key", key("k l"), verifier.ApplicationKey},
		{"another scheme has no kind", auth("Digest a"), ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, denial := FromHeader(c.header, everything)
			if got.Kind != c.want || denial.Reason == "" {
				t.Errorf("%v: kind %q, want %q", c.header, got.Kind, c.want)
			}
		})
	}
}

// IsOtherScheme decides which lines of Authorization a backend may see: a line
// that may be read as a credential of the route, or that is unreadable, is none
// of them.
func TestAcceptsIsOtherScheme(t *testing.T) {
	cases := []struct {
		name    string
		accepts Accepts
		line    string
		want    bool
	}{
		{"a scheme that no route takes", bearerOnly, "Digest a=b", true},
		{"a kind that this route does not take", bearerOnly, basic("u:p"), true},
		{"a bare token where none are taken", bearerOnly, "AbCd", true},
		{"a bare token", bareToo, "AbCd", false},
		{"a scheme's name alone, where bare tokens are taken", bareToo, "Digest", true},
		{"a token", bearerOnly, "Bearer x", false},
		{"a malformed token", bearerOnly, "BEARER  x y", false},
		{"a space before the scheme, which HTTP/2 delivers and HTTP/1 trims", bearerOnly, " Bearer x", false},
		{"a tab before the scheme", bearerOnly, "\tBearer x", false},
		{"a tab between", bearerOnly, "Bearer\tx", false},
		{"a token where only accounts are taken", basicOnly, "Bearer x", true},
		{"a malformed account", basicOnly, "basic !", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := c.accepts.IsOtherScheme(c.line); got != c.want {
				t.Errorf("%q: %v, want %v", c.line, got, c.want)
			}
		})
	}
}
