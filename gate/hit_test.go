package gate

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

func TestOneHeader(t *testing.T) {
	f := newFixture(t)
	h := f.route(nil, f.bearer(), f.key(false))
	f.prebuild(h, "Authorization", "Bearer valid")
	f.prebuild(h, "Application-Key", "valid-key")
	t.Run("the prebuilt answer of one kind is not used for a request with two", func(t *testing.T) {
		for _, lines := range [][]string{
			{"Authorization", "Bearer valid", "Application-Key", "valid-key"},
			{"Authorization", "Bearer valid", "Application-Key", "x"},
			{"Authorization", "Bearer valid", "Authorization", "Bearer valid"},
			{"Application-Key", "valid-key", "Application-Key", "valid-key"},
		} {
			if w, _ := f.ask(h, http.MethodGet, lines...); w.Code != http.StatusBadRequest || f.got != nil {
				t.Errorf("%q: %d, backend %v", lines, w.Code, f.got)
			}
		}
	})
	t.Run("each kind alone has its prebuilt answer, and the backend gets no credential", func(t *testing.T) {
		for _, lines := range [][]string{{"Authorization", "Bearer valid"}, {"Application-Key", "valid-key"}} {
			f.ask(h, http.MethodGet, lines...)
			if f.got == nil || f.got[lines[0]] != nil || len(f.got["X-Auth-Api"]) != 1 {
				t.Errorf("%q: the backend got %v", lines, f.got)
			}
		}
	})
}

func TestTwoHeaders(t *testing.T) {
	basic := func(text string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)) }
	account, other := basic("valid:password"), basic("denied:password")
	f := newFixture(t)
	for _, forward := range []bool{false, true} {
		h := f.route(func(o *Options) { o.ForwardCredential = forward }, f.key(true))
		f.prebuild(h, "Application-Key", "k", "Authorization", account)
		t.Run(fmt.Sprintf("forwardCredential %t: the backend gets the identity, and the credential only if so", forward), func(t *testing.T) {
			f.ask(h, http.MethodGet, "Application-Key", "k", "Authorization", account)
			if f.got == nil || fmt.Sprint(f.got["X-Auth-User"]) != "[somchai]" || (f.got["Authorization"] != nil) != forward || (f.got["Application-Key"] != nil) != forward {
				t.Errorf("the backend got %v", f.got)
			}
		})
		t.Run(fmt.Sprintf("forwardCredential %t: other lines, alone or cut elsewhere, have no prebuilt answer", forward), func(t *testing.T) {
			for _, lines := range [][]string{
				{"Application-Key", "k"},
				{"Authorization", account},
				{"Application-Key", "k", "Authorization", other},
				{"Application-Key", "k", "Authorization", account, "Authorization", account},
				{"Application-Key", "", "Authorization", "k" + account},
				{"Application-Key", "kB", "Authorization", account[1:]},
			} {
				if w, _ := f.ask(h, http.MethodGet, lines...); w.Code < 400 || f.got != nil {
					t.Errorf("%q: %d, backend %v", lines, w.Code, f.got)
				}
			}
		})
	}
}

func TestHitPath(t *testing.T) {
	t.Run("a preflight with a credential is an ordinary request", func(t *testing.T) {
		f := newFixture(t)
		h := f.route(func(o *Options) { o.Preflight = true }, f.bearer())
		f.prebuild(h, "Authorization", "Bearer valid")
		for i := 0; i < 3; i++ {
			f.ask(h, http.MethodOptions, "Authorization", "Bearer valid", "Origin", "https://a.example", "Access-Control-Request-Method", "PUT")
			if f.got == nil || f.got["X-Auth-Api"] == nil || f.got["Authorization"] != nil {
				t.Errorf("the backend got %v", f.got)
			}
		}
		w, _ := f.ask(h, http.MethodOptions, "Authorization", "Bearer denied", "Origin", "https://a.example", "Access-Control-Request-Method", "PUT")
		if w.Code != http.StatusUnauthorized || f.got != nil {
			t.Errorf("an invalid one: %d, the backend got %v", w.Code, f.got)
		}
	})
	t.Run("Upgrade is on no allowlist, however often it was allowed", func(t *testing.T) {
		f := newFixture(t)
		h := f.route(nil, f.bearer())
		for i := 0; i < 5; i++ {
			for _, upgrade := range []string{"websocket", "WebSocket", "h2c", "websocket, h2c"} {
				f.ask(h, http.MethodGet, "Authorization", "Bearer valid", "Connection", "Upgrade", "Upgrade", upgrade, "Http2-Settings", "AAMAAABk")
				if f.got == nil || (f.got["Upgrade"] != nil) != strings.EqualFold(upgrade, "websocket") || f.got["Http2-Settings"] != nil {
					t.Errorf("%s: the backend got %v", upgrade, f.got)
				}
			}
		}
	})
	// A proxy behind the plugin deletes what Connection names.
	t.Run("Connection names no identity header at the backend", func(t *testing.T) {
		f := newFixture(t)
		h := f.route(nil, f.bearer())
		f.prebuild(h, "Authorization", "Bearer valid")
		for _, value := range []string{"keep-alive", "Upgrade", "close, X-Auth-User", "x-auth-api", "X_Auth_Id"} {
			for i := 0; i < 2; i++ {
				f.ask(h, http.MethodGet, "Authorization", "Bearer valid", "Connection", value)
				if f.got == nil || f.got["X-Auth-Api"] == nil || strings.Contains(strings.ToLower(fmt.Sprint(f.got["Connection"])), "auth") {
					t.Errorf("%s: the backend got %v", value, f.got)
				}
			}
		}
		f.ask(h, http.MethodGet, "Authorization", "Bearer valid", "Connection", "keep-alive", "Connection", "X-Auth-User")
		if fmt.Sprint(f.got["Connection"]) != "[keep-alive]" {
			t.Errorf("the backend got %v", f.got)
		}
	})
	// Requests share prebuilt header values.
	t.Run("appending to a header makes a copy of it", func(t *testing.T) {
		f := newFixture(t)
		h := f.route(nil, f.bearer())
		f.prebuild(h, "Authorization", "Bearer valid")
		f.prebuild(h, "Authorization", "Bearer denied")
		for i := 0; i < 3; i++ {
			f.ask(h, http.MethodGet, "Authorization", "Bearer valid")
			if len(f.got["X-Auth-Api"]) != 1 {
				t.Errorf("the backend got %v", f.got)
			}
			for name, values := range f.got {
				if strings.HasPrefix(name, "X-Auth-") && (len(values) != 1 || cap(values) != 1) {
					t.Errorf("%s: %q, capacity %d", name, values, cap(values))
				}
				f.got.Add(name, "more")
			}
			w, _ := f.ask(h, http.MethodGet, "Authorization", "Bearer denied")
			for name, values := range w.Header() {
				if len(values) != 1 || cap(values) != 1 {
					t.Errorf("%s: %q, capacity %d", name, values, cap(values))
				}
				w.Header().Add(name, "more")
			}
		}
	})
}

func TestHandler(t *testing.T) {
	t.Run("concurrent requests get their own answers", func(t *testing.T) {
		f := newFixture(t)
		next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, r.Header.Get("X-Auth-User"))
		})
		h := f.gate(next, func(o *Options) { o.CacheSize, o.NegativeSize = 8, 4 }, f.bearer()).Handler()
		var all sync.WaitGroup
		for i := 0; i < 8; i++ {
			all.Add(1)
			go func(i int) {
				defer all.Done()
				for n := 0; n < 200; n++ {
					if !ownAnswer(t, h, i, n) {
						return
					}
				}
			}(i)
		}
		all.Wait()
	})
}

// ownAnswer sends the n-th request of client i, and tells whether the answer is
// that of its credential, or that the client has caused too many denied calls.
func ownAnswer(t *testing.T, h http.HandlerFunc, i, n int) bool {
	token := fmt.Sprintf("Bearer valid-%d", (i+n)%12)
	if n%3 == 0 {
		token = fmt.Sprintf("Bearer denied-%d", n%6)
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", token)
	r.Header.Set(fmt.Sprint("X-Name-", n%40), "x")
	w := httptest.NewRecorder()
	h(w, r)
	if w.Code == http.StatusTooManyRequests {
		return true
	}
	valid := strings.Contains(token, "valid")
	if valid && strings.ReplaceAll(w.Body.String(), "%20", " ") != token || !valid && w.Code != http.StatusUnauthorized {
		t.Errorf("%s: %d %s", token, w.Code, w.Body)
		return false
	}
	return true
}
