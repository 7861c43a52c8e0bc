package session

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/credential"
	"github.com/upstreamauth/upstreamauth/verifier"
)

func TestLoginPage(t *testing.T) {
	t.Run("the policy has the digests of the script and the style", func(t *testing.T) {
		for _, text := range []string{keepScript, loginStyle} {
			digest := sha256.Sum256([]byte(text))
			if !strings.Contains(loginPolicy, "'sha256-"+base64.StdEncoding.EncodeToString(digest[:])+"'") {
				t.Errorf("the policy lacks that of %q", text)
			}
		}
	})

	t.Run("what a page is given is text in it", func(t *testing.T) {
		page := loginPage(`"><script>alert(1)</script>`+"\u202e", `</p><img src=x onerror=alert(1)>`+"\u2066")
		if strings.Contains(page, "<script>alert") || strings.Contains(page, "<img") || strings.ContainsAny(page, "\u202e\u2066") || strings.Count(page, `value="&#34;&gt;`) != 1 {
			t.Error(page)
		}
	})

	t.Run("a message is marked as one, in its direction, and nothing is without one", func(t *testing.T) {
		if page := loginPage("ali", "نام کاربری اشتباه است"); !strings.Contains(page, `<p role="alert" lang="fa" dir="rtl">`) {
			t.Error(page)
		}
		if page := loginPage("", ""); strings.Contains(page, `role="alert"`) || strings.Count(page, " autofocus") != 1 {
			t.Error(page)
		}
	})
}

func TestCarrier(t *testing.T) {
	carriers := map[verifier.Kind]*carrier{}
	for _, kind := range []verifier.Kind{verifier.Bearer, verifier.Basic} {
		c := &carrier{kind: kind, header: "Authorization", options: &Options{Cookie: "c", Domain: "example.com"}, now: func() time.Time { return noon }}
		if kind == verifier.Bearer {
			c.source = credential.DefaultSource(kind, false)
		}
		c.seal = newSeal("c", []string{secret, strings.Repeat("another ", 5)}, "scope")
		carriers[kind] = c
	}
	account, denial := credential.Account("علی", "p:w ü")
	if denial.Reason != "" {
		t.Fatal(denial.Reason)
	}
	for kind, sent := range map[verifier.Kind]verifier.Credential{verifier.Bearer: bearer("token"), verifier.Basic: account} {
		c := carriers[kind]
		t.Run("a cookie returns its credential, "+string(kind), func(t *testing.T) {
			lines, denial := c.issue(httptest.NewRequest(http.MethodGet, "/", nil), sent, verifier.Decision{Expires: noon.Add(time.Hour)})
			if denial.Reason != "" || len(lines) != 2 || !strings.Contains(lines[0], "c=; Path=/; Max-Age=0") || strings.Contains(lines[0], "Domain") || !strings.Contains(lines[1], "Domain=example.com") {
				t.Fatalf("%s, %d lines", denial.Reason, len(lines))
			}
			value, _, _ := strings.Cut(strings.TrimPrefix(lines[1], "c="), ";")
			if got := c.credential(c.seal.decrypt(value, noon)); got != sent {
				t.Error("another credential")
			}
			read, denial := credential.FromHeader(http.Header{c.header: {c.line(c.text(sent))}}, credential.Accepts{Bearer: kind == verifier.Bearer, Basic: kind == verifier.Basic})
			if denial.Reason != "" || read != sent {
				t.Error("its line is read as another credential")
			}
		})
		t.Run("nothing is carried for nothing, "+string(kind), func(t *testing.T) {
			if got := c.credential(""); got != (verifier.Credential{Kind: kind}) {
				t.Error("a credential of no text")
			}
		})
	}

	t.Run("the first of several secrets seals, and all open", func(t *testing.T) {
		old, fresh := []string{secret}, []string{strings.Repeat("f", 32), secret}
		before, after := newSeal("c", old, "scope"), newSeal("c", fresh, "scope")
		if got := after.decrypt(before.encrypt("token", noon.Add(time.Hour)), noon); got != "token" {
			t.Errorf("under the second: %q", got)
		}
		if got := before.decrypt(after.encrypt("token", noon.Add(time.Hour)), noon); got != "" {
			t.Errorf("under a secret that is not there: %q", got)
		}
	})
}
