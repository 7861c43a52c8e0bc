package session

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

const secret = "0123456789abcdef0123456789abcdef"

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// newTestSeal is a seal under secret, bound to one scope.
func newTestSeal(name string) *seal {
	return newSeal(name, []string{secret}, "ippanel", "https://edge.example", "/check")
}

func cookies(lines ...string) http.Header { return http.Header{"Cookie": lines, "Accept": {"*/*"}} }

func TestSeal(t *testing.T) {
	s, end := newTestSeal("upstreamauth"), noon.Add(time.Hour)

	t.Run("a cookie returns its token until its end", func(t *testing.T) {
		for _, token := range []string{"t", "a token with = and ; in it", strings.Repeat("x", 2700)} {
			value := s.encrypt(token, end)
			if value == "" || strings.Trim(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
				t.Fatalf("not the value of a cookie, of a token of %d bytes: %q", len(token), value)
			}
			if s.encrypt(token, end) == value {
				t.Error("two cookies of one token are the same")
			}
			for after, want := range map[time.Duration]string{0: token, time.Hour - time.Second: token, time.Hour: "", 2 * time.Hour: ""} {
				if got, _ := s.extract(cookies("upstreamauth="+value), noon.Add(after)); got != want {
					t.Errorf("after %s: %q", after, got)
				}
			}
		}
	})

	t.Run("a token that is too long for a browser's cookie has none", func(t *testing.T) {
		if value := s.encrypt(strings.Repeat("x", 3000), end); value != "" {
			t.Errorf("a value of %d bytes", len(value))
		}
	})

	value := s.encrypt("token-1", end)
	other := s.encrypt("token-2", end)
	for name, denied := range map[string]string{
		"empty": "", "blank": " ", "not base64": "!" + value[1:], "padded": value + "=", "quoted": `"` + value + `"`,
		"a further byte": value + "A", "oversized": value + strings.Repeat("A", maxCookie), "twice": value + value,
		"swapped halves":  value[:30] + other[30:],
		"another secret":  newSeal("upstreamauth", []string{strings.Repeat("f", 32)}, "ippanel", "https://edge.example", "/check").encrypt("token-1", end),
		"another scope":   newSeal("upstreamauth", []string{secret}, "ippanel", "https://edge.example", "/other").encrypt("token-1", end),
		"parts elsewhere": newSeal("upstreamauth", []string{secret}, "ippanel", "https://edge.example/check", "").encrypt("token-1", end),
	} {
		t.Run("no token from a value that is "+name, func(t *testing.T) {
			if got, _ := s.extract(cookies("upstreamauth="+denied), noon); got != "" {
				t.Errorf("%q", got)
			}
		})
	}

	t.Run("no token from a value that is cut off or has a byte changed", func(t *testing.T) {
		for i := range value {
			if got, _ := s.extract(cookies("upstreamauth="+value[:i]), noon); got != "" {
				t.Fatalf("cut after %d bytes: %q", i, got)
			}
			flipped := []byte(value)
			flipped[i] ^= 2
			if got, _ := s.extract(cookies("upstreamauth="+string(flipped)), noon); got != "" {
				t.Fatalf("byte %d changed: %q", i, got)
			}
		}
	})
}

func TestSealExtract(t *testing.T) {
	s := newTestSeal("u.x")
	value := s.encrypt("token", noon.Add(time.Hour))
	for _, c := range []struct {
		name  string
		lines []string
		left  string
		token string
	}{
		{"alone", []string{"u.x=" + value}, "", "token"},
		{"first", []string{"u.x=" + value + "; a=1; b=2"}, "a=1; b=2", "token"},
		{"in the middle", []string{"a=1; u.x=" + value + "; b=2"}, "a=1; b=2", "token"},
		{"last, without blanks", []string{"a=1;b=2;u.x=" + value}, "a=1;b=2", "token"},
		{"with blanks around", []string{"a=1; u.x = " + value + " ; b=2"}, "a=1; b=2", "token"},
		{"in a line of its own", []string{"a=1", "u.x=" + value, "b=2"}, "a=1; b=2", "token"},
		{"twice", []string{"u.x=" + value + "; u.x=" + value}, "", ""},
		{"twice, in two lines", []string{"a=1; u.x=" + value, "u.x=forged"}, "a=1", ""},
		{"forged", []string{"a=1; u.x=forged"}, "a=1", ""},
		{"absent, beside others", []string{"a=1; uxx=" + value, "b=2"}, "a=1; uxx=" + value + "|b=2", ""},
		{"a part of other names", []string{"xu.x=" + value + "; u.xx=" + value + "; a=u.x=" + value}, "xu.x=" + value + "; u.xx=" + value + "; a=u.x=" + value, ""},
	} {
		t.Run("the cookie is "+c.name, func(t *testing.T) {
			h := cookies(c.lines...)
			token, _ := s.extract(h, noon)
			if left := strings.Join(h["Cookie"], "|"); token != c.token || left != c.left {
				t.Errorf("token %q, left %q", token, left)
			}
		})
	}

	for _, c := range []struct {
		name  string
		lines []string
		want  bool
	}{
		{"16 of the name", []string{strings.Repeat("u.x=1; ", 15) + "u.x=" + value}, false},
		{"17 of the name", []string{strings.Repeat("u.x=1; ", 16) + "u.x=" + value}, true},
		{"17 of the name, in lines", append(strings.Split(strings.Repeat("u.x=1;", 16), ";"), "u.x="+value), true},
		{"20 that end like it", []string{strings.Repeat("au.x=1; ", 20) + "u.x=" + value}, false},
		{"70,000 that end like it", []string{strings.Repeat("au.x=1; ", 70_000) + "u.x=" + value}, true},
		{"1000 times the name alone", []string{strings.Repeat("u.x;", 999) + "u.x=" + value}, false},
		{"70,000 times the name alone", []string{strings.Repeat("u.x ", 70_000) + "u.x=" + value}, true},
		{"70,000 of the name", []string{strings.Repeat("u.x=;", 70_000)}, true},
	} {
		t.Run("too many cookies: "+c.name, func(t *testing.T) {
			h := cookies(c.lines...)
			if token, tooMany := s.extract(h, noon); tooMany != c.want || (tooMany && (token != "" || h["Cookie"] != nil)) {
				t.Errorf("%t, token %q, left %d lines", tooMany, token, len(h["Cookie"]))
			}
		})
	}

	t.Run("without headers there is no token, and no header after it", func(t *testing.T) {
		h := http.Header{}
		if token, _ := s.extract(h, noon); token != "" || len(h) != 0 {
			t.Errorf("token %q, headers %v", token, h)
		}
	})
}

// FuzzCookie: only a value that encrypt made becomes a token, and no cookie of the
// name goes on to the backend.
func FuzzCookie(f *testing.F) {
	s := newTestSeal("u")
	value := s.encrypt("token", noon.Add(time.Hour))
	for _, line := range []string{
		"", "u=", "u=" + value, "u=" + value + "; u=" + value, "a=1; u=" + value + "; b", "u=" + value[:40], `u="` + value + `"`, ";;u =\t" + value + ";", "=u=; u",
	} {
		f.Add(line, "b=2")
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		h := cookies(first, second)
		token, _ := s.extract(h, noon)
		if token != "" && token != "token" {
			t.Errorf("%q out of %q and %q", token, first, second)
		}
		sent := 0
		for _, pair := range strings.Split(first+";"+second, ";") {
			if name, _, found := strings.Cut(pair, "="); found && strings.Trim(name, " \t") == "u" {
				sent++
			}
		}
		if token != "" && sent != 1 {
			t.Errorf("a token out of %d cookies: %q and %q", sent, first, second)
		}
		for _, line := range h["Cookie"] {
			for _, pair := range strings.Split(line, ";") {
				if name, _, found := strings.Cut(pair, "="); found && strings.Trim(name, " \t") == "u" {
					t.Errorf("the backend gets %q of %q and %q", line, first, second)
				}
			}
		}
	})
}
