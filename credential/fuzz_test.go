package credential

import (
	"encoding/base64"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// FuzzFromHeader: for whatever a client sends there is one answer, and an accepted
// credential is in the header byte for byte.
func FuzzFromHeader(f *testing.F) {
	for _, line := range []string{
		"", "Bearer", "Bearer x", "bearer  x", "Bearer x y", "Bearer\tx", "Bearer\u00a0x", " Bearer x", "AbCd", "Basic",
		"Basic dTpw", "Basic dTpwcA==", "Basic Og==", "Digest a=b", "Bearer x\ny", "Bearer \xff",
	} {
		f.Add(line, "", "", "", byte(0xff))
		f.Add(line, "", "", "", byte(1))
		f.Add(line, "", "k", "", byte(1|4))
		f.Add(line, "Bearer y", "k", "l", byte(4|8))
	}
	f.Fuzz(func(t *testing.T, one, two, key, otherKey string, flags byte) {
		a := Accepts{Bearer: flags&1 != 0, BareToken: flags&2 != 0, Key: flags&4 != 0, Account: flags&8 != 0, Basic: flags&16 != 0}
		a.BareToken = a.BareToken && a.Bearer
		a.Account = a.Account && a.Key
		a.Basic = a.Basic && !a.Account // the configuration denies the two together
		h := http.Header{"Authorization": {one, two}, "Application-Key": {key, otherKey}}
		before := h.Clone()

		c, denial := FromHeader(h, a)
		if !reflect.DeepEqual(h, before) {
			t.Fatal("the header was changed")
		}
		again, same := FromHeader(h, a)
		if again != c || same != denial {
			t.Fatal("the same header gives two answers")
		}
		for _, single := range []http.Header{{"Authorization": {one}}, {"Authorization": {one}, "Application-Key": {key}}, {"Authorization": {one}, "Application-Key": {""}}} {
			quick, denied := FromHeader(single, a)
			thorough, same := readCredential(single, a)
			if quick != thorough || denied != same {
				t.Fatal("the short cut gives another answer")
			}
		}
		withEmpty := http.Header{"Authorization": {"", one, "", two}, "Application-Key": {key, "", otherKey, ""}}
		if again, same := FromHeader(withEmpty, a); again != c || same != denial {
			t.Fatal("empty lines change the answer")
		}
		if denial.Reason != "" {
			checkDenied(t, c, denial)
			return
		}
		checkAccepted(t, c, a, one+two, key+otherKey)
		if a.Bearer || a.Basic || a.Account {
			if (one != "" && two != "") || (a.Key && key != "" && otherKey != "") {
				t.Fatal("one of two credentials was chosen")
			}
		}
	})
}

func checkDenied(t *testing.T, c verifier.Credential, denial verifier.Denial) {
	t.Helper()
	switch denial.Reason {
	case verifier.Missing, verifier.Malformed, verifier.Ambiguous:
	default:
		t.Fatalf("reason %q", denial.Reason)
	}
	if c != (verifier.Credential{Kind: c.Kind}) || denial != (verifier.Denial{Reason: denial.Reason}) {
		t.Fatal("a denial comes with more than the kind")
	}
}

// checkAccepted checks a credential that was read from line, the only line of
// Authorization that is not empty, and key, likewise.
func checkAccepted(t *testing.T, c verifier.Credential, a Accepts, line, key string) {
	t.Helper()
	if !isComplete(c, a) {
		t.Fatal("half a credential")
	}
	if len(c.Token) > verifier.MaxCredential || strings.IndexFunc(c.Token, func(r rune) bool { return r <= ' ' || r > '~' }) >= 0 {
		t.Fatal("not visible ASCII, or too long")
	}
	scheme, rest, _ := strings.Cut(line, " ")
	sentToken := strings.EqualFold(scheme, "bearer") && rest == c.Token
	sentAccount := strings.EqualFold(scheme, "basic") &&
		rest == base64.StdEncoding.EncodeToString([]byte(c.User+":"+c.Password)) && !strings.Contains(c.User, ":")
	switch c.Kind {
	case verifier.Bearer:
		bare := a.BareToken && line == c.Token && !schemes[strings.ToLower(line)]
		if !a.Bearer || !(sentToken || bare) || c.User+c.Password != "" {
			t.Fatal("no such token was sent")
		}
	case verifier.ApplicationKey:
		if !a.Key || key != c.Token || (a.Account && !sentAccount) || (!a.Account && c.User+c.Password != "") {
			t.Fatal("no such key was sent")
		}
	case verifier.Basic:
		if !a.Basic || !sentAccount || c.Token != "" {
			t.Fatal("no such account was sent")
		}
	default:
		t.Fatalf("kind %q", c.Kind)
	}
	if (c.Kind != verifier.ApplicationKey || a.Account) && a.IsOtherScheme(line) {
		t.Fatal("the credential would reach the backend")
	}
}
