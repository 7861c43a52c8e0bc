package site

import (
	"strings"
	"testing"
)

func TestAddress(t *testing.T) {
	for _, value := range []string{"/", "/bye?x=1", "https://panel.example.com", "HTTPS://Panel.example.com:8443/a?b=c#d", "https://[2001:db8::1]/", "https://192.0.2.1/x", "https://localhost/x"} {
		if defect := Address(value); defect != "" {
			t.Errorf("%s: %s", value, defect)
		}
	}
	for _, value := range []string{
		"", "x", "//a.example", `/\a.example`, "http://a.example", "ftp://a.example", "https:a.example", "https:/a.example", "https://", "https://a_b.example/", "https://u@a.example", "https://a.example\\@b", "https://a.example/é",
		"/a//b", "/./a", "/%2e%2e/a", "/a%zz", "javascript:alert(1)", "/" + strings.Repeat("a", 1024),
	} {
		if Address(value) == "" {
			t.Errorf("%q is allowed", value)
		}
	}
}

func TestDomain(t *testing.T) {
	for value, want := range map[string]string{
		"example.com": "example.com", ".Example.COM": "example.com", "a-b.c.example": "a-b.c.example", "xn--mgbh0fb.example": "xn--mgbh0fb.example",
		"com": "", ".": "", "": "", "..a.b": "", "a..b": "", "a.b.": "", "-a.b": "", "a-.b": "", "10.0.0.1": "", "a_b.c": "", "a.b/c": "", "*.a.b": "", strings.Repeat("a", 64) + ".b": "", strings.Repeat("a.", 130) + "b": "",
	} {
		name, defect := Domain(value)
		if name != want || (defect == "") != (want != "") {
			t.Errorf("%q: %q %s", value, name, defect)
		}
	}
}

func TestReferences(t *testing.T) {
	for text, want := range map[string]int{"env:A, env:B": 2, "file:/a,env:B , file:/c": 3, "env:A": 0, "a,b": 0, "env:A,b": 0, "": 0, ",": 0} {
		if got := References(text); len(got) != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestCookieNames(t *testing.T) {
	for name, want := range map[string][2]bool{"a": {}, "__Host-a": {true, true}, "__hOsT-a": {true, true}, "__Secure-a": {true, false}, "__Http-a": {true, false}, "__Host-Http-a": {true, true}, "x__Host-a": {}} {
		if NeedsSecure(name) != want[0] || ForHost(name) != want[1] {
			t.Errorf("%s: %t %t", name, NeedsSecure(name), ForHost(name))
		}
	}
}
