package jwt

import (
	"context"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// signed is a JWT whose parts all have spare bits: their lengths are no multiples of 3.
func signed() string {
	encoding := base64.RawURLEncoding
	return encoding.EncodeToString([]byte(`{"alg":"RS256","k":1}x`)) + "." + encoding.EncodeToString([]byte(`{"sub":"a?>~"}`)) + "." + encoding.EncodeToString([]byte("signature>>"))
}

// spareBits changes the last character of a part so that a lenient reader decodes the
// same bytes.
func spareBits(t *testing.T, part string) string {
	t.Helper()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	before, _ := base64.RawURLEncoding.DecodeString(part)
	last := strings.IndexByte(alphabet, part[len(part)-1])
	changed := part[:len(part)-1] + string(alphabet[last+1])
	after, err := base64.RawURLEncoding.DecodeString(changed)
	if err != nil || string(before) != string(after) {
		t.Fatalf("%q has no spare bits", part)
	}
	return changed
}

func TestSpelling(t *testing.T) {
	good := signed()
	parts := strings.Split(good, ".")
	with := func(i int, part string) string {
		changed := []string{parts[0], parts[1], parts[2]}
		changed[i] = part
		return strings.Join(changed, ".")
	}
	std := base64.StdEncoding.EncodeToString([]byte(`{"sub":"a?>~"}`))
	refused := map[string]string{
		"the alphabet with + and /":    with(1, strings.TrimRight(std, "=")),
		"that alphabet, with padding":  with(1, std),
		"a character that is dropped":  with(1, parts[1][:3]+"!"+parts[1][3:]),
		"quotes around it":             `"` + good + `"`,
		"apostrophes around it":        "'" + good + "'",
		"a comma behind it":            good + ",",
		"a percent-encoded end":        good + "%3D",
		"a percent-encoded zero":       good + "%00",
		"a dot behind it":              good + ".",
		"a dot before it":              "." + good,
		"a part behind it":             good + ".x",
		"dots between":                 parts[0] + ".." + parts[1] + "." + parts[2],
		"a part that is one character": with(2, "A"),
		"percent-encoded dots":         strings.ReplaceAll(good, ".", "%2E"),
		"percent-encoded altogether":   strings.ReplaceAll(url.QueryEscape(good), "e", "%65"),
		"a scheme before it":           "Bearer:" + good,
		"without a signature":          parts[0] + "." + parts[1] + ".",
	}
	for i, name := range []string{"header", "payload", "signature"} {
		refused["padding behind the "+name] = with(i, parts[i]+"=")
		refused["much padding behind the "+name] = with(i, parts[i]+"====")
		if len(parts[i])%4 != 0 {
			refused["spare bits of the "+name] = with(i, spareBits(t, parts[i]))
		}
	}
	ask := func(text string, kind verifier.Kind, always bool) (verifier.Decision, int) {
		next := allowing()
		d, err := NewSpelling(next, always).Verify(context.Background(), verifier.Credential{Kind: kind, Token: text})
		if err != nil {
			t.Error(err)
		}
		return d, next.calls
	}
	// What no reader of base64 takes for this JWT, where tokens need not be JWTs: it is
	// another token there.
	otherwise := map[string]bool{
		"a dot before it": true, "percent-encoded altogether": true, "a scheme before it": true,
		"without a signature": true,
	}

	for name, text := range refused {
		t.Run("it is refused with "+name, func(t *testing.T) {
			if d, calls := ask(text, verifier.Bearer, true); d.Allowed || d.Denial.Reason != verifier.Invalid || calls != 0 {
				t.Errorf("%+v, %d calls", d, calls)
			}
			if d, calls := ask(text, verifier.Bearer, false); d.Allowed != otherwise[name] || calls == 0 != !d.Allowed {
				t.Errorf("where tokens need not be JWTs: %+v, %d calls", d, calls)
			}
			if d, _ := ask(text, verifier.ApplicationKey, true); !d.Allowed {
				t.Error("as a key it is no token")
			}
		})
	}

	t.Run("its own spelling is asked about", func(t *testing.T) {
		for _, text := range []string{good, token(`{}`), "opaque", "1|opaque+/==", "100%", "two.parts"} {
			for _, always := range []bool{true, false} {
				if d, calls := ask(text, verifier.Bearer, always); !d.Allowed || calls != 1 {
					t.Errorf("%s, always %v: %+v, %d calls", text, always, d, calls)
				}
			}
		}
	})

	t.Run("what is no JWT is the upstream's, where tokens need not be", func(t *testing.T) {
		encrypted := strings.Join([]string{parts[0], "", parts[1], parts[2], parts[2]}, ".")
		for _, text := range []string{"1|abc=", "a.b=.c!", "v4.public.x.y", encrypted, strings.Repeat(".", 8000)} {
			if d, calls := ask(text, verifier.Bearer, false); !d.Allowed || calls != 1 {
				t.Errorf("%.40s: %+v, %d calls", text, d, calls)
			}
		}
	})
}

func TestSigned(t *testing.T) {
	good := signed()
	parts := strings.Split(good, ".")
	if got := Signed(good); got != parts[0]+"."+parts[1] {
		t.Errorf("%q", got)
	}
	for _, text := range []string{"opaque", "a.b.c", "e30.e30", good + ".x"} {
		if got := Signed(text); got != "" {
			t.Errorf("%s: %q", text, got)
		}
	}
}

func TestID(t *testing.T) {
	for claims, want := range map[string][2]string{
		`{"iss":"https://a","jti":"x"}`: {"https://a", "x"},
		`{"jti":"\u0078"}`:              {"", "x"},
		`{"jti":7}`:                     {"", "7"},
		`{"jti":""}`:                    {"", ""},
		`{"jti":{"a":1}}`:               {"", ""},
		`{"jti":"y","jti":"x"}`:         {"", "x"},
		`[]`:                            {"", ""},
	} {
		if issuer, id := ID(token(claims)); issuer != want[0] || id != want[1] {
			t.Errorf("%s: %q, %q", claims, issuer, id)
		}
	}
	if issuer, id := ID("opaque"); issuer != "" || id != "" {
		t.Errorf("%q, %q", issuer, id)
	}
}
