// Package release_test runs a release, as it would be downloaded, in a real
// Traefik.
package release_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/release"
	"github.com/upstreamauth/upstreamauth/e2e/release/releasetest"
	"github.com/upstreamauth/upstreamauth/e2e/traefik"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

func TestRelease(t *testing.T) {
	repository := releasetest.Repository(t)
	if err := release.Make(release.Options{Dir: repository, Version: releasetest.Version, Out: io.Discard}); err != nil {
		t.Fatal(err)
	}
	server, err := traefik.Start(traefik.Options{Stage: func(goPath string) error {
		return release.Unpack(repository, releasetest.Version, goPath)
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })

	apis, err := upstreams.NewDemo(upstreams.DemoOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(apis.Close)
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "the backend got "+r.Header.Get("X-Auth-User"))
	}))
	t.Cleanup(backend.Close)
	if err := server.Apply("release", route(apis.IPPanel.URL, backend.URL)); err != nil {
		t.Fatal(err)
	}

	t.Run("a client with a valid token reaches the backend, which gets its identity", func(t *testing.T) {
		token := apis.IPPanel.IssueToken(upstreams.DemoDirect)
		for range 2 {
			if status, body := request(t, server.URL, "Bearer "+token); status != http.StatusOK || body != "the backend got "+upstreams.DemoDirect {
				t.Errorf("%d %s", status, body)
			}
		}
		if calls := apis.IPPanel.CallsWith(token); calls != 1 {
			t.Errorf("two requests made %d calls about the token, want 1", calls)
		}
	})

	t.Run("a client without a token is denied", func(t *testing.T) {
		if status, body := request(t, server.URL, ""); status != http.StatusUnauthorized || !strings.Contains(body, "status") {
			t.Errorf("%d %s", status, body)
		}
	})

	t.Run("the upstream reads the release's version", func(t *testing.T) {
		calls := apis.IPPanel.Requests()
		if len(calls) == 0 {
			t.Fatal("the upstream was not called")
		}
		want := "upstreamauth/" + strings.TrimPrefix(releasetest.Version, "v")
		for _, call := range calls {
			if got := call.Header.Get("User-Agent"); got != want {
				t.Errorf("User-Agent is %q, want %q", got, want)
			}
		}
	})
}

func route(api, backend string) map[string]any {
	return map[string]any{"http": map[string]any{
		"routers": map[string]any{"app": map[string]any{
			"rule": "PathPrefix(`/`)", "middlewares": []string{"gate"}, "service": "app", "entryPoints": []string{"web"},
		}},
		"middlewares": map[string]any{"gate": map[string]any{"plugin": map[string]any{
			"upstreamauth": map[string]any{"bearer": map[string]any{"api": "ippanel", "url": api}},
		}}},
		"services": map[string]any{"app": map[string]any{"loadBalancer": map[string]any{
			"servers": []any{map[string]any{"url": backend}},
		}}},
	}}
}

func request(t *testing.T, url, authorization string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reply.Body.Close() }()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply.StatusCode, string(body)
}
