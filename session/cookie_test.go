package session

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

const sealWord = "0123456789abcdef0123456789abcdef"

var sealTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func sealed(name string) *seal {
	return newSeal(name, sealWord, "ippanel", "https://edge.example", "/check")
}

func cookies(lines ...string) http.Header { return http.Header{"Cookie": lines, "Accept": {"*/*"}} }

func TestACookieBringsItsTokenBackUntilItsEnd(t *testing.T) {
	s, end := sealed("upstreamauth"), sealTime.Add(time.Hour)
	for _, token := range []string{"t", "a token with = and ; in it", strings.Repeat("x", 2700)} {
		value := s.encrypt(token, end)
		if value == "" || strings.Trim(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Fatalf("no plain value of %d bytes: %q", len(token), value)
		}
		if s.encrypt(token, end) == value {
			t.Error("two cookies of one token are the same")
		}
		for at, want := range map[time.Duration]string{0: token, time.Hour - time.Second: token, time.Hour: "", 2 * time.Hour: ""} {
			if got := s.extract(cookies("upstreamauth="+value), sealTime.Add(at)); got != want {
				t.Errorf("after %s: %q", at, got)
			}
		}
	}
	if s.encrypt(strings.Repeat("x", 3000), end) != "" {
		t.Error("a cookie that no browser would keep")
	}
}

func TestACookieThatIsNotExactlyOursIsNone(t *testing.T) {
	s, end := sealed("upstreamauth"), sealTime.Add(time.Hour)
	value := s.encrypt("token-1", end)
	other := s.encrypt("token-2", end)
	wrong := map[string]string{
		"empty": "", "blank": " ", "not base64": "!" + value[1:], "padded": value + "=", "quoted": `"` + value + `"`,
		"a further byte": value + "A", "oversized": value + strings.Repeat("A", maxCookie), "twice": value + value,
		"swapped halves":  value[:30] + other[30:],
		"another secret":  newSeal("upstreamauth", strings.Repeat("f", 32), "ippanel", "https://edge.example", "/check").encrypt("token-1", end),
		"another scope":   newSeal("upstreamauth", sealWord, "ippanel", "https://edge.example", "/other").encrypt("token-1", end),
		"parts elsewhere": newSeal("upstreamauth", sealWord, "ippanel", "https://edge.example/check", "").encrypt("token-1", end),
	}
	for name, value := range wrong {
		if got := s.extract(cookies("upstreamauth="+value), sealTime); got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
	for i := range value {
		if got := s.extract(cookies("upstreamauth="+value[:i]), sealTime); got != "" {
			t.Fatalf("cut after %d bytes: %q", i, got)
		}
		flipped := []byte(value)
		flipped[i] ^= 2
		if got := s.extract(cookies("upstreamauth="+string(flipped)), sealTime); got != "" {
			t.Fatalf("byte %d changed: %q", i, got)
		}
	}
}

func TestOurCookieGoesAndOthersStay(t *testing.T) {
	s := sealed("u.x")
	value := s.encrypt("token", sealTime.Add(time.Hour))
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
		{"others alone", []string{"a=1; uxx=" + value, "b=2"}, "a=1; uxx=" + value + "|b=2", ""},
		{"as a part of other names", []string{"xu.x=" + value + "; u.xx=" + value + "; a=u.x=" + value}, "xu.x=" + value + "; u.xx=" + value + "; a=u.x=" + value, ""},
	} {
		h := cookies(c.lines...)
		token := s.extract(h, sealTime)
		if left := strings.Join(h["Cookie"], "|"); token != c.token || left != c.left {
			t.Errorf("%s: token %q, left %q", c.name, token, left)
		}
	}
	if h := (http.Header{}); s.extract(h, sealTime) != "" || len(h) != 0 {
		t.Error("a cookie out of nothing")
	}
}

// FuzzCookie: nothing but what close gave out becomes a token, and nothing of
// the name goes on to the backend.
func FuzzCookie(f *testing.F) {
	s := sealed("u")
	value := s.encrypt("token", sealTime.Add(time.Hour))
	for _, line := range []string{
		"", "u=", "u=" + value, "u=" + value + "; u=" + value, "a=1; u=" + value + "; b", "u=" + value[:40], `u="` + value + `"`, ";;u =\t" + value + ";", "=u=; u",
	} {
		f.Add(line, "b=2")
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		h := cookies(first, second)
		token := s.extract(h, sealTime)
		if token != "" && token != "token" {
			t.Errorf("%q out of %q and %q", token, first, second)
		}
		given := 0
		for _, pair := range strings.Split(first+";"+second, ";") {
			if name, _, found := strings.Cut(pair, "="); found && strings.Trim(name, " \t") == "u" {
				given++
			}
		}
		if token != "" && given != 1 {
			t.Errorf("a token out of %d cookies: %q and %q", given, first, second)
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
