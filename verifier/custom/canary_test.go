package custom

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
	"github.com/upstreamauth/upstreamauth/verifier/jwt"
)

// randomBytes are as many as a canary is given, and none is like its neighbours.
func randomBytes(seed int) []byte {
	random := make([]byte, 288)
	for i := range random {
		random[i] = byte(i*37 + seed*101)
	}
	return random
}

func TestCanary(t *testing.T) {
	t.Run("it looks as it is said to", func(t *testing.T) {
		for text, form := range map[string]string{
			"sk_live_{32}": "^sk_live_[A-Za-z0-9]{32}$", "1|{48}": `^1\|[A-Za-z0-9]{48}$`, "{8}-{8}-{8}": "^[A-Za-z0-9]{8}-[A-Za-z0-9]{8}-[A-Za-z0-9]{8}$",
			"{40 hex}": "^[0-9a-f]{40}$", "{16 digits}x": "^[0-9]{16}x$", "{200}": "^[A-Za-z0-9]{200}$",
		} {
			parts, fault := ParseCanary(text)
			if fault != "" {
				t.Errorf("%s: %s", text, fault)
				continue
			}
			one, other := CanaryToken(parts, randomBytes(1)), CanaryToken(parts, randomBytes(2))
			if !regexp.MustCompile(form).MatchString(one) || one == other {
				t.Errorf("%s: %s and %s", text, one, other)
			}
		}
	})

	t.Run("what cannot be read says what is wrong", func(t *testing.T) {
		for _, c := range [][2]string{
			{"", "at least 8"},
			{"sk_live", "at least 8"},
			{"{7}", "at least 8"},
			{"{100}{101}", "at most 200"},
			{"{x}", "{x}: a number of random"},
			{"{0}", "{0}: a number"},
			{"{32", "{32: a number"},
			{"{32 letters}", "{32 letters}"},
			{"{}", "{}: a number"},
			{"a}{32}", "a brace or a blank"},
			{"a b{32}", "a brace or a blank"},
			{"é{32}", "not visible ASCII"},
			{"{1000}", "{1000}"},
			{"{-8}", "{-8}"},
		} {
			_, fault := ParseCanary(c[0])
			if c[0] == "{32" {
				c[1] = "a number of random"
			}
			if !strings.Contains(fault, c[1]) {
				t.Errorf("%q: %q", c[0], fault)
			}
		}
	})

	t.Run("each kind has one of its own", func(t *testing.T) {
		settings := apis.Settings{Kind: verifier.Bearer}
		hex := (&Definition{Kind: verifier.Bearer}).fake(randomBytes(1), received, settings)
		if !regexp.MustCompile("^[0-9a-f]{64}$").MatchString(hex.Token) || hex.User != "" || hex.Kind != verifier.Bearer {
			t.Errorf("%s %q", hex.Token, hex.User)
		}
		asJWT := (&Definition{Kind: verifier.Bearer, CanaryJWT: true}).fake(randomBytes(1), received, settings)
		if !jwt.IsCanonical(asJWT.Token, true) || jwt.Claims(asJWT.Token) == nil || asJWT.Kind != verifier.Bearer {
			t.Error(asJWT.Token)
		}
		basic := (&Definition{Kind: verifier.Basic}).fake(randomBytes(1), received, settings)
		if basic.Token != "" || len(basic.User) != 24 || len(basic.Password) != 32 || strings.HasPrefix(basic.Password, basic.User) {
			t.Errorf("%q %q", basic.User, basic.Password)
		}
		both := (&Definition{Kind: verifier.ApplicationKey, Account: true}).fake(randomBytes(1), received, settings)
		if len(both.Token) != 64 || both.User == "" || both.Password == "" {
			t.Errorf("%q", both.Token)
		}
	})

	t.Run("the shortest and the longest need no more random bytes than there are", func(t *testing.T) {
		parts, _ := ParseCanary("{200}")
		d := &Definition{Kind: verifier.ApplicationKey, Account: true, Canary: parts}
		c := d.fake(bytes.Repeat([]byte{255}, 288), received, apis.Settings{})
		if len(c.Token) != 200 || len(c.Password) != 32 {
			t.Error("too few")
		}
	})
}
