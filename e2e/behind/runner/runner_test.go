// Package runner shows that the runner of Traefik keeps its promises: the other
// tests behind Traefik trust it.
package runner_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/traefik"
)

func TestServerApply(t *testing.T) {
	t.Run("serves what was applied last", func(t *testing.T) {
		server := start(t, traefik.Options{Env: []string{"SAMPLE=!"}})

		const reloads = 20
		var longest, all time.Duration
		for n := range reloads {
			begun := time.Now()
			apply(t, server, "route", route("/", fmt.Sprint("version ", n)))
			took := time.Since(begun)
			longest, all = max(longest, took), all+took

			if _, body := get(t, server.URL+"/"); body != fmt.Sprintf("version %d!", n) {
				t.Fatalf("after applying version %d: %q", n, body)
			}
		}
		t.Logf("%d reloads: %s on average, %s at most", reloads, all/reloads, longest)
	})

	t.Run("files of the configuration can be added and removed", func(t *testing.T) {
		server := start(t, traefik.Options{})

		apply(t, server, "one", route("/one", "one"))
		apply(t, server, "two", route("/two", "two"))
		expect(t, server.URL+"/one", http.StatusOK, "one")
		expect(t, server.URL+"/two", http.StatusOK, "two")

		if err := server.Remove("one"); err != nil {
			t.Fatal(err)
		}
		expect(t, server.URL+"/one", http.StatusNotFound, "404 page not found\n")
		expect(t, server.URL+"/two", http.StatusOK, "two")

		toml := "[http.routers.three]\nrule = \"Path(`/three`)\"\nservice = \"noop@internal\"\n"
		if err := server.Put("three.toml", []byte(toml)); err != nil {
			t.Fatal(err)
		}
		expect(t, server.URL+"/three", http.StatusTeapot, "")

		if err := server.Delete("three.toml"); err != nil {
			t.Fatal(err)
		}
		expect(t, server.URL+"/three", http.StatusNotFound, "404 page not found\n")
	})
}

func TestServerStart(t *testing.T) {
	t.Run("stages and loads the plugin", func(t *testing.T) {
		begun := time.Now()
		server, err := traefik.Start(traefik.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("started in %s", time.Since(begun).Round(time.Millisecond))

		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})

	t.Run("a plugin that does not load is an error", func(t *testing.T) {
		server, err := traefik.Start(traefik.Options{
			Plugin: "sample",
			Module: "example.com/sample",
			Stage: func(goPath string) error {
				return errors.Join(copySample(goPath),
					os.WriteFile(filepath.Join(goPath, "src/example.com/sample/sample.go"), []byte("package sample\nfunc {"), 0o600))
			},
		})
		if err == nil {
			_ = server.Stop()
			t.Fatal("Traefik started")
		}
		if !strings.Contains(err.Error(), "failed to import plugin code") {
			t.Errorf("the error does not say why: %v", err)
		}
	})
}

func TestServerApplyFile(t *testing.T) {
	t.Run("a file stays as it was written", func(t *testing.T) {
		server := start(t, traefik.Options{})

		text := `
http:
  routers:
    route: {rule: "Path(` + "`/`" + `)", middlewares: [say], service: noop@internal}
  middlewares:
    say:
      plugin:
        sample:
          say: "0x1F" # not 31
`
		if err := server.ApplyYAML("other", []byte(text)); err != nil {
			t.Fatal(err)
		}
		expect(t, server.URL+"/", http.StatusOK, "0x1F")

		if err := server.ApplyYAML("other", []byte("- not\n- a block\n")); err == nil {
			t.Error("a list was taken for a configuration")
		}
		if err := server.ApplyYAML("../other", []byte(text)); err == nil {
			t.Error("a name that leaves the folder was taken")
		}
		expect(t, server.URL+"/", http.StatusOK, "0x1F")
	})
}

func TestServerLogs(t *testing.T) {
	t.Run("hold all output of the plugin", func(t *testing.T) {
		server := start(t, traefik.Options{})
		apply(t, server, "route", route("/", "a-word-to-look-for"))

		logs := server.Logs()
		for _, line := range []string{"by fmt: ", "by log: ", "by os.Stderr: "} {
			if !strings.Contains(logs, line+"a-word-to-look-for") {
				t.Errorf("the log does not hold %q", line)
			}
		}

		found, err := server.Mentions("a-word-to-look-for", "a-word-not-written")
		if err != nil || len(found) != 1 || found[0] != "a-word-to-look-for" {
			t.Errorf("Mentions: %q, %v", found, err)
		}

		raw, err := server.RawData()
		if err != nil || !strings.Contains(string(raw), "route@file") {
			t.Errorf("RawData: %.200q, %v", raw, err)
		}
	})
}

func TestServerState(t *testing.T) {
	t.Run("reports goroutines and memory", func(t *testing.T) {
		server := start(t, traefik.Options{Profiling: true})

		if n, err := server.Goroutines(); err != nil || n < 10 {
			t.Errorf("Goroutines: %d, %v", n, err)
		}
		if n, err := server.Memory(); err != nil || n < 10<<20 {
			t.Errorf("Memory: %d, %v", n, err)
		}

		if _, err := start(t, traefik.Options{}).Goroutines(); err == nil {
			t.Error("the debug routes are open without having been asked for")
		}
	})
}

// start runs a Traefik with the sample plugin until the test ends.
func start(t *testing.T, options traefik.Options) *traefik.Server {
	t.Helper()

	options.Plugin, options.Module, options.Stage = "sample", "example.com/sample", copySample

	begun := time.Now()
	server, err := traefik.Start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("started in %s", time.Since(begun).Round(time.Millisecond))
	t.Cleanup(func() { _ = server.Stop() })

	return server
}

func copySample(goPath string) error { return os.CopyFS(goPath, os.DirFS("testdata")) }

// route is a router on path whose plugin says what it is given.
func route(path, say string) map[string]any {
	name := "route" + strings.ReplaceAll(path, "/", "-")

	return map[string]any{"http": map[string]any{
		"routers": map[string]any{name: map[string]any{
			"rule": "Path(`" + path + "`)", "middlewares": []string{name}, "service": "noop@internal",
		}},
		"middlewares": map[string]any{name: map[string]any{
			"plugin": map[string]any{"sample": map[string]any{"say": say}},
		}},
	}}
}

func apply(t *testing.T, server *traefik.Server, name string, dynamic map[string]any) {
	t.Helper()

	if err := server.Apply(name, dynamic); err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, url string, status int, body string) {
	t.Helper()

	if gotStatus, gotBody := get(t, url); gotStatus != status || gotBody != body {
		t.Errorf("%s: got %d %q, want %d %q", url, gotStatus, gotBody, status, body)
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()

	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()

	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}

	return response.StatusCode, string(body)
}
