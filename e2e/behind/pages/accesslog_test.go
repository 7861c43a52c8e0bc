package pages

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/examples"
	"github.com/upstreamauth/upstreamauth/e2e/traefik"
)

// The access log of docs/operations.md holds the user that the gate found, never
// the one that a client claims to be, and no token. A retry before the gate
// hides the user, as the page says.
func TestAccessLog(t *testing.T) {
	kept := advised(t)
	for _, c := range []struct {
		name  string
		order []string
		user  bool
	}{
		{"as advised", []string{"gate"}, true},
		{"a retry after the gate", []string{"gate", "again"}, true},
		{"a retry before the gate", []string{"again", "gate"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, token := visit(t, kept, c.order)
			if strings.Contains(text, token) {
				t.Errorf("the log holds the token:\n%s", text)
			}
			if strings.Contains(text, `"request_X-Auth-User":"ali"`) != c.user {
				t.Errorf("the user is in the log: %t; it should be: %t\n%s", !c.user, c.user, text)
			}
			if c.user && strings.Contains(text, "forged") {
				t.Errorf("the log holds a name that a client made up:\n%s", text)
			}
			if strings.Count(text, `"DownstreamStatus":200`) != 2 || strings.Count(text, `"DownstreamStatus":401`) != 1 {
				t.Errorf("not every request is in the log:\n%s", text)
			}
		})
	}
}

// advised is the first access log of the page.
func advised(t *testing.T) map[string]any {
	t.Helper()
	pages, err := examples.Pages()
	if err != nil {
		t.Fatal(err)
	}
	page, err := examples.Find(pages, "docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range page.Blocks() {
		if log, _ := decoded(t, b)["accessLog"].(map[string]any); log != nil {
			return log
		}
	}
	t.Fatalf("%s shows no access log", page.Name)
	return nil
}

// visit has two requests allowed (a miss and a hit) and one denied, and returns
// the access log and the token.
func visit(t *testing.T, kept map[string]any, order []string) (text, token string) {
	t.Helper()
	api, token := panel(t)
	defer api.Close()
	file := filepath.Join(t.TempDir(), "access.log")
	log := map[string]any{"filePath": file}
	for key, value := range kept {
		log[key] = value
	}
	server, err := traefik.Start(traefik.Options{LogLevel: "ERROR", Static: map[string]any{"accessLog": log}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Stop() }()
	again := map[string]any{"again": map[string]any{"retry": map[string]any{"attempts": 2}}}
	if err := server.Apply("log", route(t, api.URL, nil, again, order)); err != nil {
		t.Fatal(err)
	}
	for _, credential := range []string{token, token, "00000000000000000000000000000000"} {
		status(t, server, "/?token="+token, credential)
	}
	if err := server.Stop(); err != nil { // then all of it is written
		t.Error(err)
	}
	written, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, line := range strings.Split(string(written), "\n") {
		if strings.Contains(line, `"RequestHost":"app.example.com"`) { // and none of the questions whether it serves
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n"), token
}
