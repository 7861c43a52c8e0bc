package commands

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/traefik"
)

// The dynamic configuration that cmd/upstreams writes is given to a real Traefik as
// it is, and asked on each of its routes.
func TestDynamicConfiguration(t *testing.T) {
	file := filepath.Join(t.TempDir(), "emulated.yml")
	p := start(t, nil, built(t, "upstreams"), append(anywhere(t), "-dynamic", file,
		"-application-key", "key-{{of-mine", "-service-token", "my-service-token", "-password", "my-password")...)
	p.says("Ctrl-C ends")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	server, err := traefik.Start(traefik.Options{LogLevel: "ERROR"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	}()
	if err := server.Put("emulated.yml", text); err != nil {
		t.Fatal(err)
	}
	panel := regexp.MustCompile(`token, 10 h +(\S+)`).FindStringSubmatch(p.out.String())[1]
	courier := regexp.MustCompile(`token, 24 h +(\S+)`).FindStringSubmatch(p.out.String())[1]

	ask := func(path string, set func(r *http.Request)) int {
		request, err := http.NewRequest("GET", server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if set != nil {
			set(request)
		}
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.StatusCode
	}
	key := func(r *http.Request) { r.Header.Set("Application-Key", "key-{{of-mine") }
	account := func(r *http.Request) { r.SetBasicAuth("somchai", "my-password") }
	bearer := func(token string) func(r *http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
	}

	t.Run("each route allows what it takes, and denies a request without it", func(t *testing.T) {
		for _, route := range []struct {
			path string
			set  func(r *http.Request)
		}{
			{"/university", key},
			{"/account", account},
			{"/panel", bearer(panel)},
			{"/courier", bearer(courier)},
			{"/service", bearer("my-service-token")},
			{"/both", key},
			{"/both", bearer(panel)},
			{"/site/", bearer(panel)},
		} {
			if status := ask(route.path, nil); status != http.StatusUnauthorized {
				t.Errorf("%s without a credential: %d", route.path, status)
			}
			if status := ask(route.path, route.set); status != http.StatusOK {
				t.Errorf("%s with one: %d", route.path, status)
			}
		}
		if status := ask("/site/enter?token="+panel, nil); status != http.StatusSeeOther {
			t.Errorf("the hand-off: %d", status)
		}
	})

	t.Run("a line is printed for each call, and no credential is in one", func(t *testing.T) {
		said := func() string {
			_, lines, _ := strings.Cut(p.out.String(), "Ctrl-C ends them.\n")
			return lines
		}
		for _, call := range []string{
			`thammasat +POST +/api/v1/auth/Ad/verify +\d+`, `ippanel +POST +/v1/api/acl/auth/check_token +200`,
			`bts +GET +\S+ +200`, `webservice +GET +/api/user/info +200`,
		} {
			line := regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d +` + call + `$`)
			for end := time.Now().Add(30 * time.Second); !line.MatchString(said()); time.Sleep(10 * time.Millisecond) {
				if time.Now().After(end) {
					t.Errorf("there is no line %s:\n%s", call, said())
					break
				}
			}
		}
		for _, credential := range []string{panel, courier, "key-{{of-mine", "my-service-token", "my-password", "somchai"} {
			if strings.Contains(said(), credential) {
				t.Error("a credential is in a line")
			}
		}
	})

	t.Run("it leaves nothing but the file", func(t *testing.T) {
		p.leavesNothing(signals[0])
		if _, err := os.Stat(file); err != nil {
			t.Error(err)
		}
	})
}
