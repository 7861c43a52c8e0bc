package status

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestFolder(t *testing.T) {
	t.Run("a browser is led to the folder before it gets the form, whose cookie is for that folder", func(t *testing.T) {
		f := newFixture(t)
		w := f.expect(http.StatusSeeOther, http.MethodGet, "/ops", "", accept)
		if w.Header().Get("Location") != "./ops/" {
			t.Errorf("Location: %q", w.Header().Get("Location"))
		}
		for _, path := range []string{"/ops/", "/ops/metrics", "/ops/status"} {
			page := f.expect(http.StatusUnauthorized, http.MethodGet, path, "", accept).Body.String()
			if !strings.Contains(page, `<form method="post" action="./">`) {
				t.Errorf("%s: the form is posted elsewhere", path)
			}
		}
	})
	t.Run("a program is led nowhere", func(t *testing.T) {
		newFixture(t).expect(http.StatusUnauthorized, http.MethodGet, "/ops", "")
		newFixture(t).expect(http.StatusUnauthorized, http.MethodPost, "/ops", "token=x", accept)
	})
}

// A cookie is Secure where TLS ends at Traefik, and always where the operator says so; also the
// line that deletes it, which browsers ignore otherwise.
func TestCookieSecure(t *testing.T) {
	for _, c := range []struct{ always, tls, want bool }{{false, false, false}, {false, true, true}, {true, false, true}, {true, true, true}} {
		f := newFixture(t)
		f.options.SecureAlways = c.always
		address := map[bool]string{true: "https://traefik.test", false: "http://traefik.test"}[c.tls]
		login := f.expect(http.StatusSeeOther, http.MethodPost, address+"/ops/", "token="+url.QueryEscape(token))
		line := login.Header().Get("Set-Cookie")
		logout := f.expect(http.StatusSeeOther, http.MethodPost, address+"/ops/logout", "", "Cookie: "+strings.Split(line, ";")[0])
		for _, line := range []string{line, logout.Header().Get("Set-Cookie")} {
			if line == "" || strings.Contains(line, "; Secure") != c.want {
				t.Errorf("%+v: %q", c, line)
			}
		}
	}
}
