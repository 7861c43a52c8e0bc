package upstreamauth

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// FuzzRedirect: whatever redirect the settings take, a browser that reads it
// stays on the site. Browsers drop tabs and line ends, and read \ as /.
func FuzzRedirect(f *testing.F) {
	for _, path := range []string{
		"/", "/welcome?from=panel#top", "//evil.example", "/\\evil.example", "/\t/evil.example", "https://evil.example", "/%09/evil.example",
		"/..//evil.example", "/.//evil.example", "javascript:alert(1)", " /x", "/@evil.example", "/x\r\nSet-Cookie: a=b", "/é",
	} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		raw := map[string]any{
			"bearer":  map[string]any{"api": "ippanel", "url": "https://edge.example"},
			"session": map[string]any{"secret": sealWord, "redirect": path},
		}
		read, faults := readSettings(raw, func(string) (string, bool) { return "", false })
		if len(faults) > 0 {
			return
		}
		location := read.session.redirect
		if strings.Trim(location, " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~") != "" {
			t.Fatalf("%q is no plain line", location)
		}
		base := &url.URL{Scheme: "https", Host: "site.example", Path: "/external-login"}
		there, err := base.Parse(strings.ReplaceAll(location, `\`, "/"))
		if err == nil && (there.Host != "site.example" || there.Scheme != "https" || there.User != nil) {
			t.Errorf("%q leads to %s", path, there)
		}
		if err != nil && !strings.HasPrefix(location, "/") || strings.HasPrefix(location, "//") {
			t.Errorf("%q may lead anywhere", location)
		}
	})
}

func TestOnlyAPageOfThisSiteEndsASession(t *testing.T) {
	for origin, same := range map[string]bool{
		"https://site.example": true, "http://SITE.example": true, "": false, "null": false, "site.example": false, "https://site.example.evil.example": false,
		"https://evil.example": false, "https://site.example:8443": false, "https://": false, "https://evil.example#site.example": false,
	} {
		r := &http.Request{Host: "site.example", Header: http.Header{}}
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		if sameOrigin(r) != same {
			t.Errorf("%q: %t", origin, !same)
		}
		r.Header.Add("Origin", "https://site.example")
		if origin != "" && sameOrigin(r) {
			t.Errorf("%q and another", origin)
		}
	}
}
