package config

import (
	"net/url"
	"strings"
	"testing"
)

// FuzzRedirect: a redirect that is allowed keeps every browser on the site. Browsers
// drop tabs and line ends, and read \ as /.
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
			"session": map[string]any{"secret": "0123456789abcdef0123456789abcdef", "redirect": path},
		}
		read, faults := Read(raw, func(string) (string, bool) { return "", false })
		if len(faults) > 0 {
			return
		}
		location := read.Session.Redirect
		if strings.Trim(location, " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~") != "" {
			t.Fatalf("%q holds other characters than visible ASCII", location)
		}
		base := &url.URL{Scheme: "https", Host: "site.example", Path: "/external-login"}
		target, err := base.Parse(strings.ReplaceAll(location, `\`, "/"))
		if err == nil && (target.Host != "site.example" || target.Scheme != "https" || target.User != nil) {
			t.Errorf("%q leads to %s", path, target)
		}
		if err != nil && !strings.HasPrefix(location, "/") || strings.HasPrefix(location, "//") {
			t.Errorf("%q can lead to another site", location)
		}
	})
}
