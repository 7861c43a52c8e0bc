package pages

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/traefik"
)

// Behind the gate Traefik mirrors each request, and a backend cuts some of its
// responses off. With forwardCredential both servers get the token of a session, and
// the access log, which keeps all headers, does not. Traefik itself sends no copy of a
// request whose response was cut off, with the gate or without it.
func TestSessionMirrored(t *testing.T) {
	api, token := panel(t)
	defer api.Close()
	main, mirror := &recorder{}, &recorder{}
	backend, copies := httptest.NewServer(main), httptest.NewServer(mirror)
	defer backend.Close()
	defer copies.Close()
	file := filepath.Join(t.TempDir(), "access.log")
	log := map[string]any{"filePath": file, "format": "json", "fields": map[string]any{
		"names":   map[string]any{"RequestPath": "drop"},
		"headers": map[string]any{"defaultMode": "keep", "names": map[string]any{"Cookie": "redact", "Set-Cookie": "redact"}},
	}}
	server, err := traefik.Start(traefik.Options{LogLevel: "ERROR", Static: map[string]any{"accessLog": log}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Stop() }()
	session := map[string]any{"session": map[string]any{"secret": "0123456789abcdef0123456789abcdef"}, "forwardCredential": true}
	dynamic := route(t, api.URL, session, nil, []string{"gate"})
	to := func(address string) map[string]any {
		return map[string]any{"loadBalancer": map[string]any{"servers": []any{map[string]any{"url": address}}}}
	}
	dynamic["http"].(map[string]any)["services"] = map[string]any{
		"app":  map[string]any{"mirroring": map[string]any{"service": "main", "mirrors": []any{map[string]any{"name": "copies", "percent": 100}}}},
		"main": to(backend.URL), "copies": to(copies.URL),
	}
	if err := server.Apply("mirrored", dynamic); err != nil {
		t.Fatal(err)
	}
	cookie := handOff(t, server, token)
	const visits = 20
	for i := range 2 * visits {
		r, _ := http.NewRequest(http.MethodGet, server.URL+[]string{"/page", "/cut"}[i%2], nil)
		r.Host = "app.example.com"
		r.Header.Set("Cookie", cookie)
		r.Header.Set("X-Auth-User", "forged")
		if response, err := http.DefaultClient.Do(r); err == nil {
			_ = response.Body.Close()
		}
	}
	for end := time.Now().Add(time.Minute); mirror.count() < visits && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	for _, c := range []struct {
		name string
		*recorder
		want int
	}{{"the backend", main, 2 * visits}, {"the mirror", mirror, visits}} {
		if c.count() < c.want || c.with("Bearer "+token, "ali") != c.count() {
			t.Errorf("%s received %d requests, %d of them with the token and the user", c.name, c.count(), c.with("Bearer "+token, "ali"))
		}
	}
	if err := server.Stop(); err != nil {
		t.Error(err)
	}
	written, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(written)
	if strings.Contains(text, token) || strings.Contains(text, `"request_X-Auth-User":"forged"`) {
		t.Error("the access log holds the token, or a user whom a client made up")
	}
	if users := strings.Count(text, `"request_X-Auth-User":"ali"`); users < 2*visits {
		t.Errorf("the user is in %d lines of the access log", users)
	}
}

// handOff exchanges a token for a session's cookie.
func handOff(t *testing.T, server *traefik.Server, token string) (cookie string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, server.URL+"/external-login?token="+token, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "app.example.com"
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	cookie, _, _ = strings.Cut(response.Header.Get("Set-Cookie"), ";")
	if response.StatusCode != http.StatusSeeOther || cookie == "" {
		t.Fatalf("the hand-off: %d", response.StatusCode)
	}
	return cookie
}

// recorder is a server that keeps the headers of its requests to /page, and of those to
// /cut, whose responses it cuts off.
type recorder struct {
	mu   sync.Mutex
	seen []http.Header
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if request.URL.Path != "/page" && request.URL.Path != "/cut" {
		return
	}
	r.mu.Lock()
	r.seen = append(r.seen, request.Header.Clone())
	r.mu.Unlock()
	if request.URL.Path == "/cut" {
		w.Header().Set("Content-Length", "1000000")
		_, _ = w.Write([]byte(strings.Repeat("x", 100_000)))
		panic(http.ErrAbortHandler)
	}
}

func (r *recorder) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.seen)
}

// with counts the requests with this line of Authorization and this user.
func (r *recorder) with(authorization, user string) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, h := range r.seen {
		if h.Get("Authorization") == authorization && h.Get("X-Auth-User") == user {
			n++
		}
	}
	return n
}
