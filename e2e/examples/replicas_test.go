package examples

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth"
	"github.com/upstreamauth/upstreamauth/e2e/interpreted"
	"github.com/upstreamauth/upstreamauth/e2e/redis"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// TestReplicas runs the example over a real Redis that knows the user of its users.acl, and
// no more of him than stands there.
func TestReplicas(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root(t), "examples", "replicas", "users.acl"))
	if err != nil {
		t.Fatal(err)
	}
	users := []string{"admin on >of-the-test ~* +@all"}
	for line := range strings.Lines(string(text)) {
		users = append(users, strings.TrimPrefix(strings.Replace(strings.TrimSpace(line), "PASSWORD", strings.TrimSpace(Secret), 1), "user "))
	}
	server, err := redis.Start(redis.Options{Users: users, Durable: true})
	if errors.Is(err, redis.ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	f := &fleet{t: t, server: server, api: upstreams.NewBTS(upstreams.BTSOptions{})}
	defer f.api.Close()
	f.api.AddUser(upstreams.BTSUser{Login: "ali", Password: "password", Name: "Ali Valiyev", Email: "ali@example.com"})
	first, second := f.replica("first"), f.replica("second")

	t.Run("what one has learned, the other does not ask", func(t *testing.T) {
		token, before := "", 0
		f.expect(f.promptly(func() (ask func() *httptest.ResponseRecorder) {
			entries := len(f.keys("upstreamauth:*:e:*"))
			token = f.api.IssueToken("ali")
			f.expect(first.bearer(token), http.StatusOK)
			f.eventually("an entry in Redis", func() bool { return len(f.keys("upstreamauth:*:e:*")) > entries })
			before = f.api.CallsWith(token)
			return func() *httptest.ResponseRecorder { return second.bearer(token) }
		}), http.StatusOK)
		if asked := f.api.CallsWith(token) - before; asked != 0 {
			t.Errorf("%d calls about it", asked)
		}
		t.Logf("an entry of four fields takes %s bytes", f.cli("MEMORY", "USAGE", f.keys("upstreamauth:*:e:*")[0]))
	})

	t.Run("a logout at one counts at the other", func(t *testing.T) {
		token := f.api.IssueToken("ali")
		handOff := first.ask(http.MethodGet, "/external-login?token="+token, nil)
		if handOff.Code != http.StatusSeeOther {
			t.Fatalf("status %d: %s", handOff.Code, handOff.Body)
		}
		cookie := handOff.Result().Cookies()[0]
		session := http.Header{"Cookie": {cookie.Name + "=" + cookie.Value}, "Sec-Fetch-Site": {"same-origin"}}
		f.expect(second.ask(http.MethodGet, "/", session), http.StatusOK)
		f.expect(first.ask(http.MethodPost, "/logout", session), http.StatusSeeOther)
		f.eventually("the logout to be heard", func() bool { return second.bearer(token).Code == http.StatusUnauthorized })
		for _, key := range f.keys("upstreamauth:*:b:*") {
			t.Logf("a bar takes %s bytes", f.cli("MEMORY", "USAGE", key))
		}
	})

	t.Run("a budget is one for both", func(t *testing.T) {
		f.eventually("counts in Redis", func() bool { return len(f.keys("upstreamauth:*:q:*")) > 0 })
		for _, key := range f.keys("upstreamauth:*:q:*") {
			f.cli("SET", key, "100000", "KEEPTTL")
		}
		f.expect(f.promptly(func() func() *httptest.ResponseRecorder {
			return func() *httptest.ResponseRecorder { return second.bearer(f.api.IssueToken("ali")) }
		}), http.StatusTooManyRequests)
		for _, key := range f.keys("upstreamauth:*:q:*") { // a call that is not made does not count
			if count := f.cli("GET", key); count != "100000" {
				t.Errorf("the count is %s", count)
			}
		}
	})

	t.Run("nothing lies there under another name, or for ever but the stream", func(t *testing.T) {
		name := regexp.MustCompile(`^upstreamauth:(\{[0-9a-f]{2}\}:[etubrlq]:[A-Za-z0-9_-]{43}|forgotten)$`)
		for _, key := range f.keys("*") {
			if !name.MatchString(key) {
				t.Errorf("a key %q", key)
			}
			if ends := f.cli("PTTL", key); (ends == "-1") != (key == "upstreamauth:forgotten") {
				t.Errorf("%s ends in %s ms", key, ends)
			}
		}
	})

	t.Run("the user needs no other command, and no other key", func(t *testing.T) {
		if denied := f.cli("ACL", "LOG"); denied != "" {
			t.Errorf("Redis has denied\n%s", denied)
		}
		for _, r := range []*replica{first, second} {
			for line := range strings.Lines(r.log.String()) {
				if !strings.Contains(line, `"event":"budget spent"`) && !strings.Contains(line, `"event":"ready"`) {
					t.Errorf("%s logs %s", r.name, line)
				}
			}
		}
	})
}

// fleet is what the replicas have in common.
type fleet struct {
	t      *testing.T
	server *redis.Server
	api    *upstreams.BTS
}

// replica is one Traefik's plugin with the example's configuration.
type replica struct {
	name    string
	log     *lines
	handler http.Handler
}

// lines are a log.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// replica makes one of the example's dynamic file, with the addresses of the test.
func (f *fleet) replica(name string) *replica {
	f.t.Helper()
	text, err := os.ReadFile(filepath.Join(root(f.t), "examples", "replicas", "dynamic", "app.yml"))
	if err != nil {
		f.t.Fatal(err)
	}
	found, err := fromFile(string(text), ".yml")
	if err != nil || len(found) != 1 {
		f.t.Fatal(found, err)
	}
	s := found[0].settings
	s["bearer"].(map[string]any)["url"] = f.api.URL
	s["bearer"].(map[string]any)["budget"] = "1000/1h"
	memory := s["shared"].(map[string]any)
	memory["redis"].(map[string]any)["endpoints"] = []any{f.server.Address()}
	memory["timeout"] = patience.String()
	memory["budget"] = "true"
	folder := f.t.TempDir()
	if err := mount(s, folder); err != nil {
		f.t.Fatal(err)
	}
	config := upstreamauth.CreateConfig()
	if err := interpreted.Decode(s, config); err != nil {
		f.t.Fatal(err)
	}
	r := &replica{name: name, log: &lines{}}
	env := func(name string) (string, bool) { return folder, name == "UPSTREAMAUTH_FILES" }
	ctx, cancel := context.WithCancel(context.Background())
	f.t.Cleanup(cancel)
	r.handler = upstreamauth.NewRuntime(time.Now(), time.Since, env, r.log).
		Handler(ctx, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), config, "gate@file")
	return r
}

func (r *replica) ask(method, target string, header http.Header) *httptest.ResponseRecorder {
	q := httptest.NewRequest(method, "http://app.example.com"+target, nil)
	for name, values := range header {
		q.Header[name] = values
	}
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, q)
	return w
}

func (r *replica) bearer(token string) *httptest.ResponseRecorder {
	return r.ask(http.MethodGet, "/", http.Header{"Authorization": {"Bearer " + token}})
}

// patience is the longest that a replica may be told to wait for Redis.
const patience = 2 * time.Second

// promptly asks once Redis can answer. Where the machine paused so long that nobody waited for
// its answer, that shows nothing, and is tried again from the beginning.
func (f *fleet) promptly(prepare func() (ask func() *httptest.ResponseRecorder)) (w *httptest.ResponseRecorder) {
	f.t.Helper()
	for range 10 {
		ask := prepare()
		began := time.Now()
		if w = ask(); time.Since(began) < patience {
			break
		}
	}
	return w
}

func (f *fleet) expect(w *httptest.ResponseRecorder, status int) {
	f.t.Helper()
	if w.Code != status {
		f.t.Fatalf("status %d, want %d: %s", w.Code, status, w.Body)
	}
}

func (f *fleet) eventually(what string, reached func() bool) {
	f.t.Helper()
	for end := time.Now().Add(30 * time.Second); !reached(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			f.t.Fatalf("no %s in 30 seconds", what)
		}
	}
}

// cli is what Redis says to its admin.
func (f *fleet) cli(arguments ...string) string {
	f.t.Helper()
	out, err := f.server.CLI(append([]string{"--no-auth-warning", "--user", "admin", "--pass", "of-the-test"}, arguments...)...)
	if err != nil {
		f.t.Fatal(err)
	}
	return out
}

func (f *fleet) keys(pattern string) []string {
	f.t.Helper()
	return strings.Fields(f.cli("KEYS", pattern))
}
