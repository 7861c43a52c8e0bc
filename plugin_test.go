package upstreamauth_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth"
)

type block = map[string]interface{}

// fixture is a runtime, an upstream that speaks webservice's API and allows the
// token "valid", and a backend.
type fixture struct {
	t        *testing.T
	runtime  *upstreamauth.Runtime
	log      lockedBuffer
	upstream *httptest.Server
	calls    atomic.Int64 // about the tokens of the tests; a canary uses others
	received http.Header  // what the backend received last; nil: the last request did not reach it
}

// lockedBuffer is a log that canaries may write to, in the background, while a test
// reads it.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(line)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

func newFixture(t *testing.T) *fixture {
	f := &fixture{t: t}
	f.upstream = httptest.NewServer(http.HandlerFunc(f.check))
	t.Cleanup(f.upstream.Close)
	env := func(string) (string, bool) { return "", false }
	f.runtime = upstreamauth.NewRuntime(time.Now(), time.Since, env, &f.log)
	return f
}

func (f *fixture) check(w http.ResponseWriter, r *http.Request) {
	token := r.Header.Get("Authorization")
	if token == "Bearer valid" || token == "Bearer denied" {
		f.calls.Add(1)
	}
	w.Header().Set("Content-Type", "application/json")
	if token == "Bearer valid" {
		_, _ = io.WriteString(w, `{"IsSuccess":true,"Data":{"UserName":"somchai","Id":7}}`)
		return
	}
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = io.WriteString(w, `{"status":"error","message":"Invalid username or password","code":401}`)
}

func (f *fixture) backend(w http.ResponseWriter, r *http.Request) {
	f.received = r.Header
	w.WriteHeader(http.StatusAccepted)
}

// settings returns a configuration without faults, with these keys beside it. No machine stands
// still for as long as its timeout.
func (f *fixture) settings(more block) *upstreamauth.Config {
	all := block{"bearer": block{"api": "webservice", "url": f.upstream.URL, "path": "/check", "timeout": "60s"}}
	for key, value := range more {
		all[key] = value
	}
	return &upstreamauth.Config{Settings: all}
}

func (f *fixture) route(config *upstreamauth.Config) http.Handler {
	return f.runtime.Handler(context.Background(), http.HandlerFunc(f.backend), config, "gate")
}

// ask sends a request with these header lines, name and value in turn.
func (f *fixture) ask(h http.Handler, method, target string, lines ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(lines); i += 2 {
		r.Header.Add(lines[i], lines[i+1])
	}
	w := httptest.NewRecorder()
	f.received = nil
	h.ServeHTTP(w, r)
	return w
}

func (f *fixture) entries(event string) int {
	return strings.Count(f.log.String(), `"event":"`+event+`"`)
}

// expectMisconfigured checks that a route denies requests for its configuration.
func (f *fixture) expectMisconfigured(t *testing.T, h http.Handler) {
	t.Helper()
	if h == nil {
		t.Fatal("no handler")
	}
	w := f.ask(h, http.MethodGet, "/", "Authorization", "Bearer valid")
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "configuration fault") || f.received != nil {
		t.Errorf("%d %s, backend %v", w.Code, w.Body, f.received)
	}
}

func TestRuntimeHandler(t *testing.T) {
	cases := []struct {
		name     string
		settings block
		lines    []string
		status   int
		user     string // at the backend
	}{
		{"a valid credential passes with its identity", nil, []string{"Authorization", "Bearer valid"}, 202, "somchai"},
		{"identity headers of the client are replaced", nil, []string{"Authorization", "Bearer valid", "X-Auth-User", "admin", "X_Auth_User", "admin"}, 202, "somchai"},
		{"a denied credential does not pass", nil, []string{"Authorization", "Bearer denied"}, 401, ""},
		{"no credential does not pass", nil, nil, 401, ""},
		{"a malformed credential does not pass", nil, []string{"Authorization", "Bearer valid x"}, 400, ""},
		{"two credentials do not pass", nil, []string{"Authorization", "Bearer valid", "Authorization", "Bearer valid"}, 400, ""},
		{"an optional credential may be missing", block{"optional": "true"}, []string{"X-Auth-User", "admin"}, 202, ""},
		{"an optional credential must not be denied", block{"optional": "true"}, []string{"Authorization", "Bearer denied"}, 401, ""},
		{"an identity with the required value passes", block{"identity": block{"require": block{"user": "somchai"}}}, []string{"Authorization", "Bearer valid"}, 202, "somchai"},
		{"an identity without it does not", block{"identity": block{"require": block{"user": "somsri"}}}, []string{"Authorization", "Bearer valid"}, 403, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			h := f.route(f.settings(c.settings))
			for _, round := range []string{"verified", "cached", "prebuilt", "prebuilt again"} {
				w := f.ask(h, http.MethodGet, "/", c.lines...)
				if w.Code != c.status || (f.received != nil) != (c.status == http.StatusAccepted) {
					t.Errorf("%s: %d %s, backend %v", round, w.Code, w.Body, f.received)
				}
				if got := strings.Join(f.received["X-Auth-User"], ","); got != c.user || f.received["X_auth_user"] != nil || f.received["Authorization"] != nil {
					t.Errorf("%s: user %q, want %q; backend %v", round, got, c.user, f.received)
				}
			}
			if f.calls.Load() > 1 || f.entries("internal") != 0 {
				t.Errorf("%d calls to the upstream; log: %s", f.calls.Load(), &f.log)
			}
		})
	}
}

func TestRuntimeHandlerModes(t *testing.T) {
	t.Run("mode issuer passes requests untouched", func(t *testing.T) {
		f := newFixture(t)
		h := f.route(&upstreamauth.Config{Settings: block{"mode": "issuer", "bearer": block{"api": "ippanel", "url": f.upstream.URL, "loginSecret": "0123456789abcdef"}}})
		w := f.ask(h, http.MethodGet, "/", "Authorization", "Bearer x", "X-Auth-User", "kept")
		if w.Code != http.StatusAccepted || f.received.Get("Authorization") != "Bearer x" || f.received.Get("X-Auth-User") != "kept" {
			t.Errorf("%d %s, backend %v; log: %s", w.Code, w.Body, f.received, &f.log)
		}
	})
	t.Run("a hand-off begins a session, whose cookie is a credential that the backend does not see", func(t *testing.T) {
		f := newFixture(t)
		h := f.route(f.settings(block{"session": block{"secret": "0123456789abcdef0123456789abcdef"}}))
		w := f.ask(h, http.MethodGet, "/external-login?token=valid")
		cookies := w.Result().Cookies()
		if w.Code != http.StatusSeeOther || len(cookies) != 1 || f.received != nil {
			t.Fatalf("%d %v, backend %v; log: %s", w.Code, w.Header(), f.received, &f.log)
		}
		w = f.ask(h, http.MethodGet, "/", "Cookie", cookies[0].Name+"="+cookies[0].Value)
		if w.Code != http.StatusAccepted || f.received.Get("X-Auth-User") != "somchai" || f.received["Cookie"] != nil {
			t.Errorf("%d %s, backend %v", w.Code, w.Body, f.received)
		}
		if w = f.ask(h, http.MethodGet, "/external-login?token=denied"); w.Code != http.StatusUnauthorized {
			t.Errorf("a denied token: %d %s", w.Code, w.Body)
		}
	})
	t.Run("routes with the same upstream share what was verified, also after a reload", func(t *testing.T) {
		f := newFixture(t)
		for i := 0; i < 3; i++ {
			f.ask(f.route(f.settings(nil)), http.MethodGet, "/", "Authorization", "Bearer valid")
			if f.received.Get("X-Auth-User") != "somchai" || f.calls.Load() != 1 {
				t.Errorf("route %d: backend %v after %d calls", i+1, f.received, f.calls.Load())
			}
		}
	})
}
