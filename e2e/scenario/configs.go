package scenario

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

// configuration is a case of testdata/config; its readme there says what the
// fields mean.
type configuration struct {
	Name     string
	Provider string
	Config   map[string]any
	Env      map[string]string
	Files    map[string]configFile
	Faults   []string
}

type configFile struct {
	Content string
	Repeat  int
	Symlink string
	Fifo    bool
	Folder  bool
}

// closedBody is what every request on a route with a fault gets.
const closedBody = `{"status":"error","message":"configuration fault","code":500}`

// EnvOpener starts a level with an environment.
type EnvOpener func(backend string, environment []string) (Level, error)

// Configurations plays testdata/config on one level: a configuration without a
// fault guards its route; one with faults closes it, and every fault is in the
// log, all at once. typed says whether the level delivers typed values as they
// are, as Kubernetes does and files do not; own, whether each case may have an
// environment of its own.
func Configurations(t *testing.T, open EnvOpener, typed, own bool) {
	var together []configuration
	for _, c := range configurations(t) {
		if c.Provider == "kubernetes" && !typed {
			continue
		}
		if len(c.Env)+len(c.Files) == 0 {
			together = append(together, c)
		} else if own {
			t.Run(c.Name, func(t *testing.T) { playConfigurations(t, open, []configuration{c}) })
		}
	}
	t.Run("all that need no environment", func(t *testing.T) { playConfigurations(t, open, together) })
}

func playConfigurations(t *testing.T, open EnvOpener, cases []configuration) {
	backend := NewBackend(nil)
	defer backend.Close()
	level, err := open(backend.URL, environmentOf(cases[0]))
	if err != nil {
		t.Fatal(err)
	}
	defer level.Close()
	g := NewGate(t, level, backend)
	routes := Routes{}
	for i, c := range cases {
		routes[fmt.Sprint("case", i)] = c.Config
	}
	g.Serve(routes)
	said := faultsByMiddleware(g.Logs())
	for i, c := range cases {
		name := fmt.Sprint("case", i)
		r := g.Get(name)
		same(t, c.Name+": faults in the log", append([]string{}, said[name]...), append([]string{}, c.Faults...))
		if len(c.Faults) > 0 {
			same(t, c.Name+": body", r.Body, closedBody)
			same(t, c.Name+": status", r.Status, 500)
		} else if r.Status != 401 && r.Status != 200 {
			t.Errorf("%s: status %d, want 401, or 200 where anonymous requests may pass", c.Name, r.Status)
		}
	}
	for _, line := range strings.Split(g.Logs(), "\n") {
		if strings.Contains(line, "MARKER") && strings.Contains(line, "configuration fault") {
			t.Errorf("a secret in the log: %s", line)
		}
	}
}

// faultsByMiddleware reads the plugin's lines out of a log.
func faultsByMiddleware(log string) map[string][]string {
	said := map[string][]string{}
	for _, line := range strings.Split(log, "\n") {
		var fact struct{ Event, Middleware, Detail string }
		if !strings.HasPrefix(line, "{") || json.Unmarshal([]byte(line), &fact) != nil || fact.Event != "configuration fault" {
			continue
		}
		name, _, _ := strings.Cut(fact.Middleware, "@")
		said[name] = append(said[name], fact.Detail)
	}
	return said
}

func environmentOf(c configuration) []string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(c.Env)) {
		lines = append(lines, name+"="+c.Env[name])
	}
	return lines
}

func configurations(t *testing.T) []configuration {
	t.Helper()
	root, err := stage.Root()
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(root, "testdata", "config", "*.json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	var all []configuration
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var parts []json.RawMessage
		if err := json.Unmarshal(raw, &parts); err != nil {
			t.Fatal(err)
		}
		for _, part := range parts {
			folder := t.TempDir()
			var c configuration
			if err := json.Unmarshal([]byte(strings.ReplaceAll(string(part), "${DIR}", folder)), &c); err != nil {
				t.Fatal(err)
			}
			c.Name = strings.TrimSuffix(filepath.Base(name), ".json") + "/" + c.Name
			for path, file := range c.Files {
				file.lay(t, filepath.Join(folder, path))
			}
			all = append(all, c)
		}
	}
	return all
}

func (f configFile) lay(t *testing.T, path string) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		switch {
		case f.Folder:
			err = os.MkdirAll(path, 0o700)
		case f.Fifo:
			err = syscall.Mkfifo(path, 0o600)
		case f.Symlink != "":
			err = os.Symlink(f.Symlink, path)
		default:
			err = os.WriteFile(path, []byte(strings.Repeat(f.Content, f.Repeat+1)), 0o600)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}
