package session

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier"
)

func newTestBack(change func(*Options)) *back {
	o := &Options{Kind: verifier.Bearer, Path: "/external-login", Redirect: "/home", Return: "rd", Login: "https://panel.example/in?rd={return}", Logout: "/out"}
	if change != nil {
		change(o)
	}
	return newBack(o, newHandoffPath(o.Path))
}

func TestBack(t *testing.T) {
	b := newTestBack(nil)

	t.Run("a path of this site is a way back", func(t *testing.T) {
		for _, page := range []string{"/", "/a", "/a/b/", "/a?b=//c", "/a#//b", "/%D8%B9", "/a;b=1", "/a:b@c", "/.well-known/x", "/a...b", "/..a", "/a%20b", "/a%25b"} {
			if got := b.brought("x=1&rd="+url.QueryEscape(page), ""); got != page {
				t.Errorf("%q: %q", page, got)
			}
			if got := b.brought("", "rd="+url.QueryEscape(page)); got != page {
				t.Errorf("%q in a form: %q", page, got)
			}
		}
	})

	t.Run("nothing else is", func(t *testing.T) {
		for _, page := range []string{
			"", "a", "//a", "///a", `/\a`, `\/a`, "/a\\b", "/\t/a", "/\n/a", " /a", "/ a", "https://a", "/a//b", "/./a", "/../a", "/a/..", "/a/.", "/%2e/a", "/%2E%2e/a", "/%252e%252e/a",
			"/%2fa", "/%2f%2fa", "/%5ca", "/%255ca", "/%252fa", "/%00a", "/%0d%0aa", "/%2500", "/%ef%bc%8fa", "/%E2%88%95a", "/é", "/\u202e", "/%zz", "/%",
			"/external-login", "/external-login?token=x", "/External-login/", "/x/../external-login", "/external-login;x", "/%65xternal-login", "/out", "/out/", "/%6fut", "/" + strings.Repeat("a", maxReturn),
		} {
			if got := b.brought("rd="+url.QueryEscape(page), ""); got != "" {
				t.Errorf("%q: %q", page, got)
			}
		}
	})

	t.Run("of two none counts, unless they are the same", func(t *testing.T) {
		for query, want := range map[string]string{"rd=%2Fa&rd=%2Fa": "", "rd=%2Fa&%72d=%2Fb": "", "rd=%zz": "", "rd=": "", "Rd=/a": ""} {
			if got := b.brought(query, ""); got != want {
				t.Errorf("%s: %q", query, got)
			}
		}
		if got := b.brought("rd=/a", "rd=/b"); got != "" {
			t.Errorf("query and form: %q", got)
		}
		if got := b.brought("rd=/a", "rd=/a"); got != "/a" {
			t.Errorf("the same in both: %q", got)
		}
	})

	t.Run("without a name nothing is read", func(t *testing.T) {
		if got := newTestBack(func(o *Options) { o.Return = "" }).brought("rd=/a&=/b", ""); got != "" {
			t.Errorf("%q", got)
		}
	})
}

func TestLoginAddress(t *testing.T) {
	asked := func(b *back, target string, prefixes ...string) string {
		r := httptest.NewRequest(http.MethodGet, "http://site.test"+target, nil)
		r.Header["X-Forwarded-Prefix"] = prefixes
		return b.address(r)
	}

	t.Run("the page that is asked for is a parameter of the login's address", func(t *testing.T) {
		b := newTestBack(nil)
		for target, want := range map[string]string{
			"/": "%2F", "/a?b=c&d=%20": "%2Fa%3Fb%3Dc%26d%3D%2520", "/%D8%B9": "%2F%25D8%25B9", "//evil": "%2Fhome", "/x/..//evil": "%2Fhome", "/a?" + strings.Repeat("b", 3000): "%2Fhome",
			"/external-login/": "%2Fhome", "/a?{return}": "%2Fa%3F%7Breturn%7D",
		} {
			if got := asked(b, target); got != "https://panel.example/in?rd="+want {
				t.Errorf("%.40s: %s", target, got)
			}
		}
	})

	t.Run("a prefix that a middleware has cut off belongs to the page", func(t *testing.T) {
		b := newTestBack(nil)
		for _, c := range []struct {
			prefixes []string
			want     string
		}{
			{[]string{"/app"}, "%2Fapp%2Fa"}, {[]string{"/app", "/two"}, "%2Fapp%2Ftwo%2Fa"}, {[]string{"//evil"}, "%2Fa"}, {[]string{"/app/"}, "%2Fa"}, {[]string{`/\evil`}, "%2Fa"}, {[]string{"https://evil"}, "%2Fa"},
		} {
			if got := asked(b, "/a", c.prefixes...); got != "https://panel.example/in?rd="+c.want {
				t.Errorf("%q: %s", c.prefixes, got)
			}
		}
	})

	t.Run("the login itself leads nowhere", func(t *testing.T) {
		b := newTestBack(func(o *Options) { o.Login = "/sign%2Din?rd={return}" })
		for _, target := range []string{"/sign-in", "/sign-in/?rd=%2F", "/sign%2Din"} {
			if got := asked(b, target); got != "" {
				t.Errorf("%s: %s", target, got)
			}
		}
		if got := b.brought("rd=%2Fsign-in%3Frd%3D%2F", ""); got != "" {
			t.Errorf("back to the login: %s", got)
		}
	})

	t.Run("accounts have a login page of their own", func(t *testing.T) {
		b := newTestBack(func(o *Options) { o.Kind, o.Login, o.Path = verifier.Basic, "", "/login" })
		if got := asked(b, "/a", "/app"); got != "/app/login?rd=%2Fapp%2Fa" {
			t.Error(got)
		}
	})
}

// FuzzBack: whatever a link brings, the browser stays on the site, as browsers read
// addresses: they drop tabs and line ends, and take \ for /.
func FuzzBack(f *testing.F) {
	for _, page := range []string{"/", "//evil.example", "/\\evil.example", "/\t/evil.example", "/%2f%2fevil.example", "/..//evil.example", "/.//evil.example", "/@evil.example", "/x\r\nSet-Cookie: a=b"} {
		f.Add(page)
	}
	b := newTestBack(nil)
	f.Fuzz(func(t *testing.T, page string) {
		got := b.brought("rd="+url.QueryEscape(page), "")
		if got == "" {
			return
		}
		if strings.Trim(got, verifier.VisibleASCII) != "" || strings.HasPrefix(got, "//") || strings.Contains(got, "\\") && !strings.ContainsAny(got, "?#") {
			t.Fatalf("%q", got)
		}
		base := &url.URL{Scheme: "https", Host: "site.example", Path: "/external-login"}
		target, err := base.Parse(got)
		if err == nil && (target.Host != "site.example" || target.Scheme != "https" || target.User != nil) {
			t.Errorf("%q leads to %s", page, target)
		}
	})
}
