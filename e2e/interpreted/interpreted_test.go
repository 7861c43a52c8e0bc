package interpreted_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/interpreted"
)

// sample is a GOPATH with a small plugin that shows what it sees.
const (
	sampleGoPath = "testdata"
	sampleModule = "example.com/sample"
)

func TestPluginNew(t *testing.T) {
	t.Run("decodes the configuration over the defaults", func(t *testing.T) {
		plugin := load(t, interpreted.Options{})

		got := serve(t, plugin, nil)
		if got.Get("Greeting") != "good day" || got.Get("Loud") != "false" || got.Get("Names") != "" {
			t.Errorf("without a configuration: %v", got)
		}

		got = serve(t, plugin, map[string]any{"GREETING": 42, "loud": "true", "names": "a, b"})
		if got.Get("Greeting") != "42" || got.Get("Loud") != "true" || got.Get("Names") != "a| b" {
			t.Errorf("decoded as Traefik does not: %v", got)
		}
	})

	t.Run("an error or a panic of the plugin's New is an error", func(t *testing.T) {
		plugin := load(t, interpreted.Options{})

		for _, how := range []string{"error", "panic"} {
			_, err := plugin.New(context.Background(), teapot, map[string]any{"fail": how}, "route@file")
			if err == nil || !strings.Contains(err.Error(), "as configured") {
				t.Errorf("%s: %v", how, err)
			}
		}

		if _, err := plugin.New(context.Background(), teapot, map[string]any{"loud": "perhaps"}, "route@file"); err == nil {
			t.Error("a value that does not fit the Config's types was taken")
		}
	})
}

func TestLoad(t *testing.T) {
	t.Run("every load has state of its own", func(t *testing.T) {
		one, other := load(t, interpreted.Options{}), load(t, interpreted.Options{})

		serve(t, one, nil)
		if got := serve(t, one, nil).Get("Served"); got != "2" {
			t.Errorf("two routers of one plugin: served %s, want 2", got)
		}
		if got := serve(t, other, nil).Get("Served"); got != "1" {
			t.Errorf("another plugin: served %s, want 1", got)
		}
	})

	t.Run("a plugin that does not load is an error", func(t *testing.T) {
		for name, source := range map[string]string{
			"does not parse":    "package broken\nfunc New( {",
			"has no New":        "package broken\nfunc CreateConfig() *int { return nil }",
			"imports a missing": "package broken\nimport _ \"example.com/nowhere\"",
		} {
			goPath := t.TempDir()
			dir := goPath + "/src/example.com/broken"
			manifest := "displayName: B\ntype: middleware\nimport: example.com/broken\nsummary: B\ntestData: {}\n"

			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			for file, text := range map[string]string{"/.traefik.yml": manifest, "/broken.go": source} {
				if err := os.WriteFile(dir+file, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}

			if _, err := interpreted.Load(goPath, interpreted.Options{Module: "example.com/broken"}); err == nil {
				t.Errorf("a plugin that %s was loaded", name)
			}
		}

		if _, err := interpreted.Load(t.TempDir(), interpreted.Options{}); err == nil {
			t.Error("a plugin was loaded from an empty folder")
		}
	})

	t.Run("plugins load and serve concurrently", func(t *testing.T) {
		for _, name := range []string{"one", "two", "three", "four"} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()

				plugin := load(t, interpreted.Options{})
				for range 20 {
					serve(t, plugin, nil)
				}
			})
		}
	})
}

func TestOptions(t *testing.T) {
	t.Run("the clock is the given one", func(t *testing.T) {
		clock := &movable{now: time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)}
		moved, still := load(t, interpreted.Options{Clock: clock}), load(t, interpreted.Options{})

		clock.move(10 * time.Hour)

		got := serve(t, moved, nil)
		if got.Get("Now") != "2031-02-03T14:05:06Z" || got.Get("Age") != "10h0m0s" || got.Get("Until") != "14h0m0s" {
			t.Errorf("Now %s, Age %s, Until %s", got.Get("Now"), got.Get("Age"), got.Get("Until"))
		}

		// The other interpreter, and this very test, keep the real time.
		if got := serve(t, still, nil).Get("Now"); got >= "2031" {
			t.Errorf("a plugin without a clock was moved to %s", got)
		}
		if time.Now().Year() >= 2031 {
			t.Error("the process's own clock was moved")
		}
	})

	t.Run("the environment is the given one", func(t *testing.T) {
		t.Setenv("SAMPLE", "the process's own")

		got := serve(t, load(t, interpreted.Options{Env: []string{"SAMPLE=given"}}), nil)
		if got.Get("Env") != "givengiventrue" {
			t.Errorf("Getenv and LookupEnv: %q", got.Get("Env"))
		}

		got = serve(t, load(t, interpreted.Options{}), nil)
		if !strings.HasSuffix(got.Get("Env"), "false") || got.Get("Home") != "" {
			t.Errorf("the process's environment shows: %q %q", got.Get("Env"), got.Get("Home"))
		}
	})
}

func TestOptionsOutput(t *testing.T) {
	t.Run("goes to the given writers", func(t *testing.T) {
		var stdout, stderr bytes.Buffer
		serve(t, load(t, interpreted.Options{Stdout: &stdout, Stderr: &stderr}), nil)

		if got := stdout.String(); got != "out: route@file\n" {
			t.Errorf("stdout: %q", got)
		}
		if got := stderr.String(); !strings.HasSuffix(got, "err: route@file\n") {
			t.Errorf("stderr: %q", got)
		}
	})

	t.Run("a file gets the output to os.Stderr too", func(t *testing.T) {
		file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = file.Close() }()

		serve(t, load(t, interpreted.Options{Stderr: file}), map[string]any{"loud": true})

		text, err := os.ReadFile(file.Name())
		if err != nil || !strings.Contains(string(text), "err: route@file\n") || !strings.Contains(string(text), "os: route@file\n") {
			t.Errorf("stderr: %q, %v", text, err)
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := interpreted.Load(sampleGoPath, interpreted.Options{Module: sampleModule}); err != nil {
			b.Fatal(err)
		}
	}
}

var teapot = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })

func load(t *testing.T, options interpreted.Options) *interpreted.Plugin {
	t.Helper()

	options.Module = sampleModule
	plugin, err := interpreted.Load(sampleGoPath, options)
	if err != nil {
		t.Fatal(err)
	}

	return plugin
}

// serve builds one router's middleware, sends it a request and gives the
// headers of the response.
func serve(t *testing.T, plugin *interpreted.Plugin, config map[string]any) http.Header {
	t.Helper()

	handler, err := plugin.New(context.Background(), teapot, config, "route@file")
	if err != nil {
		t.Fatal(err)
	}

	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/", nil))
	if recorder.Code != http.StatusTeapot {
		t.Errorf("next was not reached: %d", recorder.Code)
	}

	return recorder.Header()
}

// movable is a clock that stops until it is moved.
type movable struct {
	mu  sync.Mutex
	now time.Time
}

func (c *movable) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()

	return c.now
}

func (c *movable) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

func (c *movable) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()

	c.now = c.now.Add(d)
}
