package gate

import (
	"net/url"
	"strings"
	"testing"
)

func TestPercentEncode(t *testing.T) {
	cases := []struct{ name, value, want string }{
		{"an empty value", "", ""},
		{"visible ASCII stays", "plain-ASCII_1.~", "plain-ASCII_1.~"},
		{"a percent sign", "100%", "100%25"},
		{"what is encoded already is encoded again", "%41", "%2541"},
		{"a space", "a b", "a%20b"},
		{"Thai", "สม", "%E0%B8%AA%E0%B8%A1"},
		{"a tab", "a\tb", "a%09b"},
		{"control characters of ASCII and Unicode", "\x7f\u0080", "%7F%C2%80"},
		{"punctuation stays", `"quoted", <and>;=`, `"quoted",%20<and>;=`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := percentEncode(c.value); got != c.want {
				t.Errorf("%q: %q, want %q", c.value, got, c.want)
			}
		})
	}
}

// FuzzPercentEncode: any value fits into a header and can be decoded.
func FuzzPercentEncode(f *testing.F) {
	for _, seed := range []string{"", "a%b", "สมชาย ใจดี", "\x00\xff", "+/?#"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		encoded := percentEncode(value)
		if strings.IndexFunc(encoded, func(r rune) bool { return r <= ' ' || r > '~' }) >= 0 {
			t.Fatalf("%q holds characters that a header must not have", encoded)
		}
		if back, err := url.PathUnescape(encoded); err != nil || back != value {
			t.Fatalf("%q is decoded to %q (%v)", value, back, err)
		}
		if plain := strings.Trim(value, unencoded) == ""; plain && encoded != value {
			t.Fatalf("%q needs no encoding, and gives %q", value, encoded)
		}
	})
}
