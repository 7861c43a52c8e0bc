package binary

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	t.Run("TRAEFIK names the program, for every version", func(t *testing.T) {
		emptyCache(t)
		other := program(t, filepath.Join(t.TempDir(), "other"), "")
		t.Setenv(Variable, other)

		for _, version := range []string{Newest, Oldest} {
			if got, err := Find(version); err != nil || got != other {
				t.Errorf("%s: got %s, %v", version, got, err)
			}
		}
	})

	t.Run("TRAEFIK that names nothing is an error, also with a built one there", func(t *testing.T) {
		emptyCache(t)
		cached(t, Newest)
		t.Setenv(Variable, filepath.Join(t.TempDir(), "missing"))

		if got, err := Find(Newest); err == nil || !strings.Contains(err.Error(), Variable) {
			t.Errorf("got %s, %v", got, err)
		}
	})

	t.Run("each version has its own place in the cache", func(t *testing.T) {
		emptyCache(t)
		newest, oldest := cached(t, Newest), cached(t, Oldest)

		if got, err := Find(Newest); err != nil || got != newest {
			t.Errorf("newest: got %s, %v", got, err)
		}
		if got, err := Find(Oldest); err != nil || got != oldest || got == newest {
			t.Errorf("oldest: got %s, %v", got, err)
		}
	})

	t.Run("the PATH is not looked at", func(t *testing.T) {
		emptyCache(t)
		t.Setenv("PATH", filepath.Dir(program(t, filepath.Join(t.TempDir(), "traefik"), says("3.7.13"))))

		if got, err := Find(Newest); !errors.Is(err, ErrMissing) {
			t.Errorf("got %s, %v", got, err)
		}
	})

	t.Run("a missing one is reported with the ways to get it", func(t *testing.T) {
		emptyCache(t)

		_, err := Find(Oldest)
		if !errors.Is(err, ErrMissing) {
			t.Fatalf("got %v", err)
		}
		for _, way := range []string{"make traefik", Variable, "traefik-" + Oldest} {
			if !strings.Contains(err.Error(), way) {
				t.Errorf("%v does not mention %s", err, way)
			}
		}
	})
}

func TestCached(t *testing.T) {
	t.Run("there is a folder for it without a home in the environment", func(t *testing.T) {
		t.Setenv("HOME", "")
		t.Setenv("XDG_CACHE_HOME", "")

		if path, err := Cached(Newest); err != nil || !filepath.IsAbs(path) {
			t.Errorf("got %q, %v", path, err)
		}
	})
}

// emptyCache points this test to a cache of its own, and away from a Traefik
// that the environment names.
func emptyCache(t *testing.T) string {
	t.Helper()

	dir := t.TempDir()
	t.Setenv(Variable, "")
	t.Setenv("XDG_CACHE_HOME", dir)

	return filepath.Join(dir, "upstreamauth")
}

// cached puts a program that says it is this version into the cache.
func cached(t *testing.T, version string) string {
	t.Helper()

	path, err := Cached(version)
	if err != nil {
		t.Fatal(err)
	}

	return program(t, path, says(strings.TrimPrefix(version, "v")))
}

// says is a program that prints a version as Traefik does.
func says(version string) string {
	return "echo 'Version:      " + version + "'\necho 'Codename:     a cheese'\n"
}

// program writes a shell script.
func program(t *testing.T, path, script string) string {
	t.Helper()

	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}

	return path
}
