package gate

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

const pageLoad = "text/html,*/*;q=0.8"

func TestBrowsers(t *testing.T) {
	t.Run("a page load that is denied gets a page, also from memory", func(t *testing.T) {
		f := newFixture(t)
		h := f.route(nil, f.bearer(), f.key(false))
		json := f.prebuild(h, "Authorization", "Bearer denied")
		for range [3]int{} {
			w, _ := f.ask(h, http.MethodGet, "Authorization", "Bearer denied", "Accept", pageLoad)
			if w.Code != json.Code || w.Header().Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(w.Body.String(), "<p>Invalid username or password</p>") {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if got, want := strings.Join(w.Header()["Www-Authenticate"], "|"), strings.Join(json.Header()["Www-Authenticate"], "|"); got != want || got == "" {
				t.Errorf("challenges %s, want %s", got, want)
			}
			if again := f.prebuild(h, "Authorization", "Bearer denied"); again.Body.String() != json.Body.String() {
				t.Errorf("a program then gets %s", again.Body)
			}
		}
		if f.calls.Load() != 1 {
			t.Errorf("%d calls", f.calls.Load())
		}
	})

	t.Run("a browser's gate leads where it is told, and shares what the other one knows", func(t *testing.T) {
		f := newFixture(t)
		next := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { f.got = r.Header })
		g := f.gate(next, nil, f.bearer())
		to := "/login"
		led := g.ForBrowsers(func(*http.Request) string { return to })
		plain, browser := http.HandlerFunc(g.Handler()), http.HandlerFunc(led.Handler())
		f.prebuild(plain, "Authorization", "Bearer valid")
		f.prebuild(plain, "Authorization", "Bearer denied")
		calls := f.calls.Load()
		if f.ask(browser, http.MethodGet, "Authorization", "Bearer valid", "Accept", pageLoad); f.got.Get("X-Auth-Api") != "webservice" {
			t.Error("a valid token does not pass")
		}
		for _, lines := range [][]string{nil, {"Authorization", "Bearer denied"}} {
			w, _ := f.ask(browser, http.MethodGet, append(lines, "Accept", pageLoad)...)
			if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/login" || w.Body.Len() > 0 || w.Header()["Www-Authenticate"] != nil {
				t.Errorf("%d %v", w.Code, w.Header())
			}
			if w, _ := f.ask(plain, http.MethodGet, append(lines, "Accept", pageLoad)...); w.Code != http.StatusUnauthorized {
				t.Errorf("the other gate: %d", w.Code)
			}
			if w, _ := f.ask(browser, http.MethodPost, append(lines, "Accept", pageLoad, "Content-Type", "multipart/form-data")...); w.Code != http.StatusUnauthorized {
				t.Errorf("a form: %d", w.Code)
			}
		}
		if w, _ := f.ask(browser, http.MethodGet, "Authorization", "Bearer a b", "Accept", pageLoad); w.Code != http.StatusBadRequest {
			t.Errorf("a malformed credential: %d", w.Code)
		}
		if to = ""; f.calls.Load() != calls {
			t.Errorf("%d calls", f.calls.Load()-calls)
		}
		if w, _ := f.ask(browser, http.MethodGet, "Accept", pageLoad); w.Code != http.StatusUnauthorized {
			t.Errorf("nowhere: %d", w.Code)
		}
	})

	t.Run("a browser's gate asks for no account by a dialog", func(t *testing.T) {
		f := newFixture(t)
		b := f.block(verifier.Basic, "thammasat", "/verify")
		b.Upstream.Key = "valid-operator"
		g := f.gate(http.NotFoundHandler(), nil, b, f.key(false))
		h := http.HandlerFunc(g.ForBrowsers(func(*http.Request) string { return "" }).Handler())
		for _, line := range [][]string{{"Sec-Fetch-Mode", "cors"}, {"Accept", pageLoad}} {
			if w, _ := f.ask(h, http.MethodGet, line...); w.Code != http.StatusUnauthorized || len(w.Header()["Www-Authenticate"]) != 1 || strings.Contains(w.Header().Get("Www-Authenticate"), "Basic") {
				t.Errorf("%v: %d %v", line, w.Code, w.Header()["Www-Authenticate"])
			}
		}
		if w, _ := f.ask(h, http.MethodGet); len(w.Header()["Www-Authenticate"]) != 2 {
			t.Errorf("a program: %v", w.Header()["Www-Authenticate"])
		}
	})
}

func TestSocketsEnd(t *testing.T) {
	for _, ends := range []bool{true, false} {
		f := newFixture(t)
		var left time.Duration
		limited := false
		next := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			var end time.Time
			end, limited = r.Context().Deadline()
			left = time.Until(end)
		})
		block := f.bearer()
		block.Lifetime = time.Hour
		h := http.HandlerFunc(f.gate(next, func(o *Options) { o.SocketsEnd = ends }, block).Handler())
		for range [3]int{} { // from the upstream, and from memory
			r := httptest.NewRequest(http.MethodGet, "/", nil).WithContext(context.Background())
			for name, value := range map[string]string{"Authorization": "Bearer valid", "Upgrade": "WebSocket", "Connection": "Upgrade"} {
				r.Header.Set(name, value)
			}
			h.ServeHTTP(httptest.NewRecorder(), r)
			if limited != ends || ends && (left > time.Hour || left < time.Hour-time.Minute) {
				t.Errorf("maxAge token %t: limited %t, to %s", ends, limited, left)
			}
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "Bearer valid")
		h.ServeHTTP(httptest.NewRecorder(), r)
		if limited {
			t.Error("another request is limited too")
		}
	}
}
