package status

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/telemetry/counters"
)

func TestAdmit(t *testing.T) {
	t.Run("nothing is answered without the token", func(t *testing.T) {
		for _, path := range []string{"/ops/", "/ops/metrics", "/ops/status", "/ops/forget", "/ops/logout", "/ops/other"} {
			for _, line := range []string{"", "Authorization: Bearer wrong", "Authorization: Basic " + token, "Authorization: " + token, "Authorization: Bearer ", "Authorization: Bearer  " + token} {
				f := newFixture(t)
				lines := []string{}
				if line != "" {
					lines = append(lines, line)
				}
				w := f.expect(http.StatusUnauthorized, http.MethodGet, path, "", lines...)
				if w.Header().Get("WWW-Authenticate") == "" || strings.Contains(w.Body.String(), "upstreamauth_") {
					t.Errorf("%s: %s", path, w.Body)
				}
			}
		}
	})
	t.Run("two Authorization lines are none", func(t *testing.T) {
		newFixture(t).expect(http.StatusUnauthorized, http.MethodGet, "/metrics", "", bearer, bearer)
	})
	t.Run("a token in the address is refused, whatever else is sent", func(t *testing.T) {
		f := newFixture(t)
		for _, query := range []string{"?token=the+token+of+this+test", "?Token=x", "?access_token=x", "?a=b&token="} {
			f.expect(http.StatusBadRequest, http.MethodGet, "/metrics"+query, "")
			f.expect(http.StatusBadRequest, http.MethodGet, "/metrics"+query, "", bearer)
		}
	})
	t.Run("a client that guesses has to wait, also with the right token, and no other client", func(t *testing.T) {
		f := newFixture(t)
		for i := 0; i < 5; i++ {
			f.expect(http.StatusUnauthorized, http.MethodGet, "/status", "", fmt.Sprint("Authorization: Bearer guess ", i), "From: a")
		}
		w := f.expect(http.StatusTooManyRequests, http.MethodGet, "/status", "", bearer, "From: a")
		if w.Header().Get("Retry-After") != "60" {
			t.Errorf("Retry-After: %q", w.Header().Get("Retry-After"))
		}
		f.expect(http.StatusOK, http.MethodGet, "/status", "", bearer, "From: b")
		f.now = f.now.Add(time.Minute)
		f.expect(http.StatusOK, http.MethodGet, "/status", "", bearer, "From: a")
	})
	t.Run("requests with the token spend nothing", func(t *testing.T) {
		f := newFixture(t)
		for i := 0; i < 20; i++ {
			f.expect(http.StatusOK, http.MethodGet, "/status", "", bearer)
		}
	})
}

func TestLogin(t *testing.T) {
	t.Run("the form's token becomes a cookie for eight hours", func(t *testing.T) {
		f := newFixture(t)
		page := f.expect(http.StatusUnauthorized, http.MethodGet, "/ops/", "", accept)
		if !strings.Contains(page.Body.String(), `name="token" type="password"`) {
			t.Error(page.Body)
		}
		w := f.expect(http.StatusSeeOther, http.MethodPost, "/ops/", "token=the+token+of+this+test")
		line := w.Header().Get("Set-Cookie")
		for _, part := range []string{"upstreamauth-status=status-", "; Max-Age=28800", "; HttpOnly", "; SameSite=Strict"} {
			if !strings.Contains(line, part) {
				t.Errorf("%q lacks %q", line, part)
			}
		}
		if strings.Contains(line, token) || strings.Contains(line, "Domain") || w.Header().Get("Location") != "./" {
			t.Errorf("%q %q", line, w.Header().Get("Location"))
		}
		cookie := "Cookie: " + strings.Split(line, ";")[0]
		f.expect(http.StatusOK, http.MethodGet, "/ops/", "", cookie)
		f.expect(http.StatusUnauthorized, http.MethodGet, "/ops/", "", cookie, "Authorization: Bearer wrong") // a token outranks it
		f.expect(http.StatusOK, http.MethodGet, "/ops/", "", cookie, "Authorization: Basic eDp5")
		f.expect(http.StatusUnauthorized, http.MethodGet, "/ops/", "", cookie+"; upstreamauth-status=other")
		f.now = f.now.Add(8 * time.Hour)
		f.expect(http.StatusUnauthorized, http.MethodGet, "/ops/", "", cookie)
	})
	t.Run("a wrong token, two, or none gives no cookie", func(t *testing.T) {
		for body, want := range map[string]int{"token=wrong": 401, "token=a&token=b": 400, "": 400, "tokens=x": 400, "token=%": 400, strings.Repeat("x", maxBody+1): 413} {
			f := newFixture(t)
			w := f.expect(want, http.MethodPost, "/ops/", body, accept)
			if w.Header().Get("Set-Cookie") != "" {
				t.Errorf("%.20q: a cookie", body)
			}
		}
	})
	t.Run("the form of another site is refused, with the right token too", func(t *testing.T) {
		f := newFixture(t)
		f.ownPage = false
		f.expect(http.StatusForbidden, http.MethodPost, "/ops/", "token=the+token+of+this+test")
	})
	t.Run("guesses by the form count", func(t *testing.T) {
		f := newFixture(t)
		for i := 0; i < 5; i++ {
			f.expect(http.StatusUnauthorized, http.MethodPost, "/ops/", fmt.Sprint("token=guess", i))
		}
		f.expect(http.StatusTooManyRequests, http.MethodPost, "/ops/", "token=the+token+of+this+test")
	})
	t.Run("a logout deletes the cookie, and is the page's own", func(t *testing.T) {
		f := newFixture(t)
		cookie := fmt.Sprintf("Cookie: upstreamauth-status=status-%d", f.now.Unix()+60)
		w := f.expect(http.StatusSeeOther, http.MethodPost, "/ops/logout", "", cookie)
		if !strings.Contains(w.Header().Get("Set-Cookie"), "Max-Age=0") {
			t.Error(w.Header())
		}
		f.ownPage = false
		f.expect(http.StatusForbidden, http.MethodPost, "/ops/logout", "", cookie)
	})
}

func TestRoute(t *testing.T) {
	t.Run("each part has its methods", func(t *testing.T) {
		f := newFixture(t)
		for _, path := range []string{"/metrics", "/status"} {
			if w := f.expect(http.StatusMethodNotAllowed, http.MethodPost, path, "", bearer); w.Header().Get("Allow") != "GET, HEAD" {
				t.Error(w.Header())
			}
			if w := f.expect(http.StatusOK, http.MethodHead, path, "", bearer); w.Body.Len() != 0 {
				t.Error("a body to HEAD")
			}
		}
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodHead} {
			if w := f.expect(http.StatusMethodNotAllowed, method, "/forget", "", bearer); w.Header().Get("Allow") != "POST" {
				t.Error(w.Header())
			}
		}
		f.expect(http.StatusNotFound, http.MethodGet, "/other", "", bearer)
	})
	t.Run("a browser that leaves the slash out is led to the page, on this site", func(t *testing.T) {
		f := newFixture(t)
		for path, want := range map[string]string{"/ops": "./ops/", "/a/%2F%2Fevil.example": "./evil.example/", `/\evil`: "./%5Cevil/"} {
			w := f.expect(http.StatusSeeOther, http.MethodGet, path, "", bearer, accept)
			if got := w.Header().Get("Location"); got != want {
				t.Errorf("%s: %q", path, got)
			}
		}
	})
	t.Run("no answer may be framed, stored, or run anything of another's", func(t *testing.T) {
		f := newFixture(t)
		for _, path := range []string{"/", "/metrics", "/status", "/other", "/forget"} {
			for _, lines := range [][]string{{bearer}, {accept}} {
				h := f.ask(http.MethodGet, path, "", lines...).Header()
				policy := h.Get("Content-Security-Policy")
				if h.Get("X-Frame-Options") != "DENY" || h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" ||
					!strings.HasPrefix(policy, "default-src 'none'; script-src 'sha256-") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
					t.Errorf("%s: %v", path, h)
				}
			}
		}
	})
	t.Run("the page has no data and no outside resource in it", func(t *testing.T) {
		f := newFixture(t)
		body := f.expect(http.StatusOK, http.MethodGet, "/", "", bearer).Body.String()
		rest := strings.ReplaceAll(body, "http://www.w3.org/2000/svg", "")
		if strings.Contains(rest, "http:") || strings.Contains(rest, "https:") || strings.Contains(rest, "//") && strings.Contains(rest, `src="`) || strings.Contains(body, "innerHTML") {
			t.Error("the page refers to something outside, or makes markup of data")
		}
	})
	t.Run("a panic is an answer, and a line in the log", func(t *testing.T) {
		f := newFixture(t)
		f.states = []*counters.State{nil}
		f.expect(http.StatusInternalServerError, http.MethodGet, "/metrics", "", bearer)
		if !strings.Contains(f.log.String(), "a panic") {
			t.Error(f.log.String())
		}
	})
}

func TestForget(t *testing.T) {
	t.Run("one key of those that are known", func(t *testing.T) {
		f := newFixture(t)
		for _, c := range []struct{ body, want string }{
			{`{"bearer": "a token"}`, "bearer|a token|"},
			{`{"applicationKey": "k"}`, "applicationKey|k|"},
			{`{"basic": {"username": "u", "password": "p"}}`, "basic|u|p"},
			{`{"account": "ali"}`, "account|ali|"},
			{` {"api" : "ippanel"} `, "api|ippanel|"},
		} {
			w := f.expect(http.StatusOK, http.MethodPost, "/x/forget", c.body, bearer)
			if got := f.wishes[len(f.wishes)-1]; got != c.want || w.Body.String() != fmt.Sprintf(`{"forgotten":%d}`, len(f.wishes)) {
				t.Errorf("%s: %q %s", c.body, got, w.Body)
			}
		}
		if strings.Contains(f.log.String(), "a token") || strings.Contains(f.log.String(), "ali") || !strings.Contains(f.log.String(), "by bearer") {
			t.Error(f.log.String())
		}
	})
	t.Run("everything else is a fault that quotes no value", func(t *testing.T) {
		f := newFixture(t)
		for _, c := range []struct {
			body string
			code int
			says string
		}{
			{`{"beaer": "MARKER"}`, 400, `did you mean \"bearer\"`},
			{`{"Account": "MARKER"}`, 400, `did you mean \"account\"`},
			{`{"applicationkey": "MARKER"}`, 400, `did you mean \"applicationKey\"`},
			{`{"bearer": "MARKER", "api": "x"}`, 400, "exactly one key"},
			{`{"bearer": "a", "bearer": "MARKER"}`, 400, "one JSON object"},
			{`{"bearer": "a"}{"bearer": "MARKER"}`, 400, "one JSON object"},
			{`{}`, 400, "exactly one key"},
			{``, 400, "one JSON object"},
			{`[]`, 400, "one JSON object"},
			{`"bearer"`, 400, "one JSON object"},
			{`{"bearer": ""}`, 400, "not empty"},
			{`{"bearer": 1}`, 400, "a text"},
			{`{"bearer": null}`, 400, "a text"},
			{`{"bearer": ["MARKER"]}`, 400, "a text"},
			{`{"basic": "MARKER"}`, 400, "username"},
			{`{"basic": {"username": "MARKER"}}`, 400, "username"},
			{`{"basic": {"username": "u", "password": "MARKER", "x": 1}}`, 400, "username"},
			{`{"basic": {"username": "u", "password": ""}}`, 400, "username"},
			{`{"account": "\ud800"}`, 400, "a text"},
			{`{"bearer": "` + strings.Repeat("x", 9<<10) + `"}`, 400, "longer"},
			{`{"bearer": "` + strings.Repeat("x", maxBody) + `"}`, 413, "16 KiB"},
		} {
			w := f.expect(c.code, http.MethodPost, "/forget", c.body, bearer)
			if !strings.Contains(w.Body.String(), c.says) || strings.Contains(w.Body.String(), "MARKER") {
				t.Errorf("%.60s: %s", c.body, w.Body)
			}
		}
		if len(f.wishes) > 0 {
			t.Errorf("%q", f.wishes)
		}
	})
	t.Run("a cookie counts from a page of this site alone, the token from anywhere", func(t *testing.T) {
		f := newFixture(t)
		f.ownPage = false
		cookie := fmt.Sprintf("Cookie: upstreamauth-status=status-%d", f.now.Unix()+60)
		f.expect(http.StatusForbidden, http.MethodPost, "/forget", `{"api": "x"}`, cookie)
		f.expect(http.StatusOK, http.MethodPost, "/forget", `{"api": "x"}`, bearer)
		f.ownPage = true
		f.expect(http.StatusOK, http.MethodPost, "/forget", `{"api": "x"}`, cookie)
	})
}

// shown is two scopes under one label, and one of another, all of whose texts are hostile.
