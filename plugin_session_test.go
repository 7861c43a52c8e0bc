package upstreamauth_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth"
)

// Traefik's access log shows the headers of the request that came, after it has been
// answered; its mirroring reads the headers of the one that went on, also then.
func TestSessionHeaders(t *testing.T) {
	for _, forwards := range []bool{false, true} {
		f := newFixture(t)
		settings := f.settings(block{"session": block{"secret": "0123456789abcdef0123456789abcdef"}, "forwardCredential": forwards})
		w := f.ask(f.route(settings), http.MethodGet, "/external-login?token=valid")
		cookie := w.Result().Cookies()[0]
		request := func() *http.Request {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Cookie", cookie.Name+"="+cookie.Value)
			r.Header.Set("X-Auth-User", "forged")
			return r
		}
		expectLogged := func(t *testing.T, r *http.Request) {
			t.Helper()
			if lines := r.Header["Authorization"]; lines != nil {
				t.Errorf("the token is in the headers of the request that came: %d lines", len(lines))
			}
			if user := r.Header.Get("X-Auth-User"); user != "somchai" {
				t.Errorf("the log would show the user %q", user)
			}
		}
		name := map[bool]string{false: "not forwarded", true: "forwarded"}[forwards]

		t.Run("a mirror reads the headers of a session after the response, "+name, func(t *testing.T) {
			var mirrors sync.WaitGroup
			answered := make(chan struct{})
			next := func(w http.ResponseWriter, r *http.Request) {
				mirrors.Add(1)
				go func() {
					defer mirrors.Done()
					for end := time.Now().Add(20 * time.Millisecond); time.Now().Before(end); {
						seen := r.Header.Clone()
						if want := map[bool]string{true: "Bearer valid"}[forwards]; seen.Get("Authorization") != want || seen.Get("X-Auth-User") != "somchai" {
							t.Errorf("the mirror gets %d lines of Authorization, and the user %q", len(seen["Authorization"]), seen.Get("X-Auth-User"))
							return
						}
					}
					<-answered
					if r.Header.Get("Authorization") == "" && forwards {
						t.Error("the token was taken back")
					}
				}()
				w.WriteHeader(http.StatusAccepted)
			}
			h := f.runtime.Handler(context.Background(), http.HandlerFunc(next), settings, "gate")
			for range [3]int{} {
				r := request()
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if w.Code != http.StatusAccepted {
					t.Errorf("%d %s", w.Code, w.Body)
				}
				expectLogged(t, r)
			}
			close(answered)
			mirrors.Wait()
		})

		t.Run("a backend that cuts its response off leaves no token in the headers, "+name, func(t *testing.T) {
			next := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
			h := f.runtime.Handler(context.Background(), http.HandlerFunc(next), settings, "gate")
			for range [3]int{} {
				r := request()
				func() {
					defer func() {
						if recover() == nil {
							t.Error("the backend's panic does not reach the server")
						}
					}()
					h.ServeHTTP(httptest.NewRecorder(), r)
				}()
				expectLogged(t, r)
			}
		})

		t.Run("a denied session leaves no token in the headers, "+name, func(t *testing.T) {
			denying := f.settings(block{
				"session": block{"secret": "0123456789abcdef0123456789abcdef"}, "forwardCredential": forwards,
				"identity": block{"require": block{"user": "another"}},
			})
			for range [3]int{} {
				r, w := request(), httptest.NewRecorder()
				f.route(denying).ServeHTTP(w, r)
				if w.Code != http.StatusForbidden || r.Header["Authorization"] != nil || strings.Contains(w.Body.String(), "valid") {
					t.Errorf("%d, %d lines of Authorization", w.Code, len(r.Header["Authorization"]))
				}
			}
		})
	}
}

// A middleware may show another service for a denial (Traefik's errors does), which gets
// the request's headers.
func TestSessionCookie(t *testing.T) {
	f := newFixture(t)
	secret := block{"secret": "0123456789abcdef0123456789abcdef"}
	cookie := f.ask(f.route(f.settings(block{"session": secret})), http.MethodGet, "/external-login?token=valid").Result().Cookies()[0]
	live := cookie.Name + "=" + cookie.Value

	t.Run("no denial leaves the cookie in the headers", func(t *testing.T) {
		h := f.route(f.settings(block{"session": secret}))
		for want, r := range map[int]*http.Request{
			http.StatusMethodNotAllowed:            httptest.NewRequest(http.MethodConnect, "http://host/", nil),
			http.StatusRequestHeaderFieldsTooLarge: httptest.NewRequest(http.MethodGet, "/", nil),
			http.StatusUnauthorized:                httptest.NewRequest(http.MethodGet, "/", nil),
			http.StatusBadRequest:                  httptest.NewRequest(http.MethodGet, "/external-login?token=a&token=b", nil),
		} {
			r.Header.Set("Cookie", live)
			lines := map[int]int{http.StatusRequestHeaderFieldsTooLarge: 17, http.StatusUnauthorized: 1}[want]
			for range make([]int, lines) {
				r.Header.Add("Authorization", "Bearer denied")
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != want || r.Header["Cookie"] != nil {
				t.Errorf("%d with %d lines of Cookie, want %d", w.Code, len(r.Header["Cookie"]), want)
			}
		}
	})

	t.Run("a request with a cookie is no preflight", func(t *testing.T) {
		for _, forwards := range []bool{false, true} {
			h := f.route(f.settings(block{"session": secret, "preflight": true, "forwardCredential": forwards}))
			preflight := []string{"Origin", "https://app.example.com", "Access-Control-Request-Method", "PUT"}
			if w := f.ask(h, http.MethodOptions, "/", preflight...); w.Code != http.StatusAccepted || f.received.Get("X-Auth-Api") != "" {
				t.Errorf("a preflight: %d", w.Code)
			}
			w := f.ask(h, http.MethodOptions, "/", append(preflight, "Cookie", live)...)
			if w.Code != http.StatusAccepted || f.received.Get("X-Auth-User") != "somchai" || f.received["Cookie"] != nil {
				t.Errorf("with a session: %d %v", w.Code, f.received)
			}
			if sent := f.received.Get("Authorization"); sent != map[bool]string{true: "Bearer valid"}[forwards] {
				t.Errorf("forwarded %v: %d bytes of Authorization", forwards, len(sent))
			}
			for _, other := range []string{cookie.Name + "=forged", "another=1"} {
				if w := f.ask(h, http.MethodOptions, "/", append(preflight, "Cookie", other)...); w.Code != http.StatusUnauthorized || f.received != nil {
					t.Errorf("with %s: %d", other, w.Code)
				}
			}
		}
	})
}

func TestHandoffCount(t *testing.T) {
	f := newFixture(t)
	route := f.route(f.settings(block{"session": block{"secret": "0123456789abcdef0123456789abcdef"}}))
	status := f.route(&upstreamauth.Config{Settings: block{"mode": "status", "status": block{"token": "a token of sixteen bytes"}}})
	counted := func() (all int) {
		text := f.ask(status, http.MethodGet, "/metrics", "Authorization", "Bearer a token of sixteen bytes").Body.String()
		for _, line := range strings.Split(text, "\n") {
			_, value, _ := strings.Cut(line, "} ")
			if n, err := strconv.Atoi(value); err == nil && strings.HasPrefix(line, "upstreamauth_requests_total{") {
				all += n
			}
		}
		return all
	}
	cookie := f.ask(route, http.MethodGet, "/external-login?token=valid").Result().Cookies()[0]
	if got := counted(); got != 1 {
		t.Errorf("a hand-off counts as %d requests", got)
	}
	f.ask(route, http.MethodGet, "/external-login?token=denied", "Cookie", cookie.Name+"="+cookie.Value)
	if got := counted(); got != 2 {
		t.Errorf("another one, beside a live session, counts as %d", got-1)
	}
}
