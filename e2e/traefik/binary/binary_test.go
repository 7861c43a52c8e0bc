package binary

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

func TestTheVersionIsTheOneThatGoModRequires(t *testing.T) {
	root, err := stage.Root()
	if err != nil {
		t.Fatal(err)
	}
	goMod, err := os.ReadFile(filepath.Join(root, "e2e", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}

	version, err := Version()
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^\s*(require )?` + regexp.QuoteMeta(module+" "+version) + `( //.*)?$`)
	if !line.Match(goMod) {
		t.Errorf("e2e/go.mod does not require %s", version)
	}
}

func TestTheEnvironmentMayNameAnotherTraefik(t *testing.T) {
	other := program(t, filepath.Join(t.TempDir(), "other"))

	t.Setenv(Variable, other)
	if got, err := Find(); err != nil || got != other {
		t.Errorf("got %s, %v", got, err)
	}

	t.Setenv(Variable, other+"-which-is-not-there")
	if got, err := Find(); err == nil || !strings.Contains(err.Error(), Variable) {
		t.Errorf("a missing program: got %s, %v", got, err)
	}
}

func TestAMissingTraefikIsToldWithTheWayToGetIt(t *testing.T) {
	emptyCache(t)

	_, err := Find()
	if !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "make traefik") {
		t.Errorf("got %v", err)
	}
}

func TestABuiltTraefikIsTakenFromTheCache(t *testing.T) {
	emptyCache(t)
	path, err := Cached()
	if err != nil {
		t.Fatal(err)
	}
	program(t, path)

	if got, err := Find(); err != nil || got != path {
		t.Errorf("Find: %s, %v", got, err)
	}

	var out bytes.Buffer
	if got, err := Build(context.Background(), &out); err != nil || got != path || out.Len() > 0 {
		t.Errorf("Build: %s, %v, %q", got, err, out.String())
	}
}

func TestTheCacheIsFoundWithoutAHomeInTheEnvironment(t *testing.T) {
	t.Setenv("HOME", "")
	t.Setenv("XDG_CACHE_HOME", "")

	if dir, err := cacheDir(); err != nil || !filepath.IsAbs(dir) {
		t.Errorf("got %q, %v", dir, err)
	}
}

func TestOneBuildWaitsForAnother(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lock")
	var out bytes.Buffer

	unlock, err := lock(context.Background(), file, &out)
	if err != nil {
		t.Fatal(err)
	}

	hurried, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := lock(hurried, file, &out); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second build did not wait: %v", err)
	}
	if !strings.Contains(out.String(), "waiting") {
		t.Errorf("nobody was told of the wait: %q", out.String())
	}

	unlock()
	unlock, err = lock(context.Background(), file, &out)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}

func TestProgressCountsLinesAndKeepsTheLast(t *testing.T) {
	var out bytes.Buffer
	p := step{out: &out, says: "compiling", counts: "packages compiled", most: 100}.start()
	for n := range 60 {
		fmt.Fprintf(p, "package/%d", n)
		fmt.Fprint(p, "\n")
	}
	fmt.Fprint(p, "boom")
	p.stop()

	if !strings.Contains(out.String(), "compiling: 60 of at most 100 packages compiled, ") {
		t.Errorf("said %q", out.String())
	}

	tail := strings.Split(p.tail(), "\n")
	if len(tail) != tailLines+1 || tail[0] != "package/20" || tail[tailLines] != "boom" {
		t.Errorf("kept %q", tail)
	}
}

// emptyCache points this test to a cache of its own and away from a Traefik
// that the environment names.
func emptyCache(t *testing.T) {
	t.Helper()

	t.Setenv(Variable, "")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
}

func program(t *testing.T, path string) string {
	t.Helper()

	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}

	return path
}
