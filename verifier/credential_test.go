package verifier

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
)

// What routes take, in the cases below.
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

func TestACredentialIsReadExactlyAsItStands(t *testing.T) {
	long := strings.Repeat("k", maxCredential)
	cases := []struct {
		name    string
		accepts Accepts
		header  http.Header
		want    Credential
	}{
		{"a bearer token", bearerOnly, auth("Bearer x.y.z"), Credential{Kind: Bearer, Token: "x.y.z"}},
		{"the scheme in lower case", bearerOnly, auth("bearer x"), Credential{Kind: Bearer, Token: "x"}},
		{"the scheme in any case", bearerOnly, auth("bEaReR x"), Credential{Kind: Bearer, Token: "x"}},
		{"a token that looks like an attack on JSON", bearerOnly, auth(`Bearer "},"x":"`), Credential{Kind: Bearer, Token: `"},"x":"`}},
		{"a token that looks like a path", bearerOnly, auth("Bearer ../../"), Credential{Kind: Bearer, Token: "../../"}},
		{"a token that is percent-encoded stays so", bearerOnly, auth("Bearer a%20b"), Credential{Kind: Bearer, Token: "a%20b"}},
		{"a bare token", bareToo, auth("AbCd-1234"), Credential{Kind: Bearer, Token: "AbCd-1234"}},
		{"a bare token that begins like a scheme", bareToo, auth("bearerish"), Credential{Kind: Bearer, Token: "bearerish"}},
		{"empty lines are dropped first", bearerOnly, auth("", "Bearer x", ""), Credential{Kind: Bearer, Token: "x"}},
		{"a key", keyOnly, key("k"), Credential{Kind: ApplicationKey, Token: "k"}},
		{"a key of 8 KiB", keyOnly, key(long), Credential{Kind: ApplicationKey, Token: long}},
		{"a token of 8 KiB", bearerOnly, auth("Bearer " + long), Credential{Kind: Bearer, Token: long}},
		{"a key, beside a kind that is not configured", keyOnly, both("Bearer x", "k"), Credential{Kind: ApplicationKey, Token: "k"}},
		{"a key, beside a foreign scheme", everything, both("Digest a=b", "k"), Credential{Kind: ApplicationKey, Token: "k"}},
		{"a token, beside a key that is not configured", bearerOnly, both("Bearer x", "k"), Credential{Kind: Bearer, Token: "x"}},
		{"a key with an account", paired, both(basic("u:p"), "k"), Credential{Kind: ApplicationKey, Token: "k", User: "u", Password: "p"}},
		{"an account", basicOnly, auth(basic("u:p")), Credential{Kind: Basic, User: "u", Password: "p"}},
		{"a password with colons", basicOnly, auth(basic("u:p:q:")), Credential{Kind: Basic, User: "u", Password: "p:q:"}},
		{"an account in Thai", basicOnly, auth(basic("สมชาย:ลับ")), Credential{Kind: Basic, User: "สมชาย", Password: "ลับ"}},
		{"spaces inside an account", basicOnly, auth(basic(" u : p ")), Credential{Kind: Basic, User: " u ", Password: " p "}},
		{"an account, in lower case", basicOnly, auth("basic" + basic("u:p")[5:]), Credential{Kind: Basic, User: "u", Password: "p"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, denial := FromHeader(c.header, c.accepts)
			if denial != (Denial{}) || got != c.want {
				t.Errorf("got %+v, %q; want %+v", got, denial.Reason, c.want)
			}
		})
	}
}

func TestWhatIsNotExactlyOneCredentialIsDenied(t *testing.T) {
	over := strings.Repeat("k", maxCredential+1)
	cases := []struct {
		name    string
		accepts Accepts
		header  http.Header
		want    Reason
	}{
		{"no header", everything, http.Header{}, Missing},
		{"an empty header", everything, auth(""), Missing},
		{"an empty key", keyOnly, key(""), Missing},
		{"a scheme alone", bearerOnly, auth("Bearer"), Missing},
		{"a scheme and its space", bearerOnly, auth("Bearer "), Missing},
		{"a scheme that is not configured", bearerOnly, auth(basic("u:p")), Missing},
		{"any other scheme", everything, auth("Digest username=x"), Missing},
		{"a scheme's name alone, where bare tokens are taken", bareToo, auth("Basic"), Missing},
		{"its own scheme's name alone, where bare tokens are taken", bareToo, auth("bearer"), Missing},
		{"a registered scheme alone", bareToo, auth("NEGOTIATE"), Missing},
		{"a scheme in use alone", bareToo, auth("Token"), Missing},
		{"a bare token where none are taken", bearerOnly, auth("AbCd"), Missing},
		{"an empty user name", basicOnly, auth(basic(":p")), Missing},
		{"an empty password", basicOnly, auth(basic("u:")), Missing},
		{"half: no account", paired, key("k"), Missing},
		{"half: no key", paired, auth(basic("u:p")), Missing},
		{"half: an empty account", paired, both("Basic ", "k"), Missing},
		{"half: no password", paired, both(basic("u:"), "k"), Missing},
		{"a query's, a cookie's and a proxy's credential", everything, http.Header{
			"Cookie": {"Authorization=Bearer x"}, "Proxy-Authorization": {"Bearer x"}}, Missing},
		{"another spelling of the key's header", everything, http.Header{"Application_key": {"k"}, "Applicationkey": {"k"}}, Missing},

		{"two lines", bearerOnly, auth("Bearer x", "Bearer y"), Ambiguous},
		{"the same line twice", bearerOnly, auth("Bearer x", "Bearer x"), Ambiguous},
		{"a foreign line beside", bearerOnly, auth("Digest a", "Bearer x"), Ambiguous},
		{"two keys", keyOnly, key("k", "", "l"), Ambiguous},
		{"two kinds", everything, both("Bearer x", "k"), Ambiguous},
		{"an account and a key that do not belong together", everything, both(basic("u:p"), "k"), Ambiguous},
		{"a bare token and a key", everything, both("AbCd", "k"), Ambiguous},
		{"a token and a key that wants an account", Accepts{Bearer: true, Key: true, Account: true}, both("Bearer x", "k"), Ambiguous},

		{"two spaces", bearerOnly, auth("Bearer  x"), Malformed},
		{"a second word", bearerOnly, auth("Bearer x y"), Malformed},
		{"a space at the end", bearerOnly, auth("Bearer x "), Malformed},
		{"a space before the scheme", bearerOnly, auth(" Bearer x"), Malformed},
		{"a space alone", bareToo, auth(" "), Malformed},
		{"a tab before the scheme", bearerOnly, auth("\tBearer x"), Malformed},
		{"a tab between", bearerOnly, auth("Bearer\tx"), Malformed},
		{"a tab after the space", bearerOnly, auth("Bearer \tx"), Malformed},
		{"NBSP between", bearerOnly, auth("Bearer\u00a0x"), Malformed},
		{"NBSP in one byte", bearerOnly, auth("Bearer\xa0x"), Malformed},
		{"NBSP in the token", bareToo, auth("a\u00a0b"), Malformed},
		{"a control character", bearerOnly, auth("Bearer x\x00y"), Malformed},
		{"DEL", bearerOnly, auth("Bearer x\x7f"), Malformed},
		{"a letter beyond ASCII", bearerOnly, auth("Bearer é"), Malformed},
		{"over 8 KiB", bearerOnly, auth("Bearer " + over), Malformed},
		{"a bare token over 8 KiB", bareToo, auth(over), Malformed},
		{"a key over 8 KiB", keyOnly, key(over), Malformed},
		{"a key of two words", keyOnly, key("k l"), Malformed},
		{"a key with spaces around", keyOnly, key(" k "), Malformed},
		{"no base64", basicOnly, auth("Basic u:p"), Malformed},
		{"base64 without padding", basicOnly, auth("Basic dTpwcA"), Malformed},
		{"base64 with stray bits", basicOnly, auth("Basic dTpwcB=="), Malformed},
		{"base64 for URLs", basicOnly, auth("Basic dTr_fn4="), Malformed},
		{"base64 in two lines", basicOnly, auth("Basic dTpw\ncA=="), Malformed},
		{"no colon", basicOnly, auth(basic("up")), Malformed},
		{"no UTF-8", basicOnly, auth(basic("u:\xff")), Malformed},
		{"a line end in the user name", basicOnly, auth(basic("u\r\nX: y:p")), Malformed},
		{"a control character of Unicode", basicOnly, auth(basic("u:p\u0085")), Malformed},
		{"an account that is malformed, beside a key", paired, both("Basic !", "k"), Malformed},
		{"an unreadable line, beside a key", everything, both("a\tb", "k"), Malformed},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, denial := FromHeader(c.header, c.accepts)
			if denial.Reason != c.want {
				t.Errorf("got %q, want %q", denial.Reason, c.want)
			}
			if got != (Credential{Kind: got.Kind}) {
				t.Error("a credential came with the denial")
			}
		})
	}
}

// The kind that was sent decides the shape of the refusal.
func TestADenialNamesTheKindThatWasSent(t *testing.T) {
	cases := []struct {
		header http.Header
		want   Kind
	}{
		{http.Header{}, ""},
		{auth("Bearer  x"), Bearer},
		{auth("Bearer x", "Bearer y"), Bearer},
		{auth("Basic !"), Basic},
		{key("k l"), ApplicationKey},
		{auth("Digest a"), ""},
	}
	for _, c := range cases {
		if got, denial := FromHeader(c.header, everything); got.Kind != c.want || denial.Reason == "" {
			t.Errorf("%v: kind %q, want %q", c.header, got.Kind, c.want)
		}
	}
}

// Foreign decides what of Authorization a backend may see: what reads as a
// credential of the route, or is not readable, is not foreign.
func TestOnlyAReadableLineOfAnotherSchemeIsForeign(t *testing.T) {
	cases := []struct {
		accepts Accepts
		line    string
		want    bool
	}{
		{bearerOnly, "Digest a=b", true},
		{bearerOnly, basic("u:p"), true},
		{bearerOnly, "AbCd", true},
		{bareToo, "AbCd", false},
		{bareToo, "Digest", true},
		{bearerOnly, "Bearer x", false},
		{bearerOnly, "BEARER  x y", false},
		{bearerOnly, " Bearer x", false}, // HTTP/2 delivers it so; HTTP/1 sends it on trimmed
		{bearerOnly, "\tBearer x", false},
		{bearerOnly, "Bearer\tx", false},
		{basicOnly, "Bearer x", true},
		{basicOnly, "basic !", false},
	}
	for _, c := range cases {
		if got := c.accepts.Foreign(c.line); got != c.want {
			t.Errorf("%q: %v, want %v", c.line, got, c.want)
		}
	}
}
