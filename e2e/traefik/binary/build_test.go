package binary

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestBuild(t *testing.T) {
	t.Run("what is in the cache is not built again, and nothing is said", func(t *testing.T) {
		emptyCache(t)
		path := cached(t, Oldest)

		var out bytes.Buffer
		if got, err := Build(context.Background(), Oldest, &out); err != nil || got != path || out.Len() > 0 {
			t.Errorf("got %s, %v, %q", got, err, out.String())
		}
	})

	t.Run("says first that another can be used, and how long it takes", func(t *testing.T) {
		emptyCache(t)
		failingGo(t, "exit 1")

		var out bytes.Buffer
		if got, err := Build(context.Background(), Newest, &out); err == nil {
			t.Fatalf("built %s without a Go", got)
		}
		said, _, _ := strings.Cut(out.String(), "fetching")
		for _, part := range []string{Newest, "can be used instead", Variable + "=", "minutes"} {
			if !strings.Contains(said, part) {
				t.Errorf("%q does not mention %q", said, part)
			}
		}
	})
}

func TestBuildInterrupted(t *testing.T) {
	t.Run("where it fails", func(t *testing.T) {
		cache := emptyCache(t)
		failingGo(t, "exit 1")

		if got, err := Build(context.Background(), Newest, new(bytes.Buffer)); err == nil {
			t.Fatalf("built %s without a Go", got)
		}
		onlyLocks(t, cache)
	})

	t.Run("where it is interrupted, and it ends soon", func(t *testing.T) {
		cache := emptyCache(t)
		failingGo(t, "exec sleep 60")
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		defer cancel()

		begun := time.Now()
		if got, err := Build(ctx, Newest, new(bytes.Buffer)); err == nil || time.Since(begun) > 20*time.Second {
			t.Fatalf("got %s, %v after %s", got, err, time.Since(begun))
		}
		onlyLocks(t, cache)
	})

	t.Run("where an earlier one was killed, and leaves another version's alone", func(t *testing.T) {
		cache := emptyCache(t)
		failingGo(t, "exit 1")
		left := filepath.Join(cache, "sources-"+Newest+"-1", "module")
		running := filepath.Join(cache, "sources-"+Oldest+"-1", "module")
		if err := errors.Join(os.MkdirAll(left, 0o755), os.MkdirAll(running, 0o755)); err != nil {
			t.Fatal(err)
		}

		_, _ = Build(context.Background(), Newest, new(bytes.Buffer))
		if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %v", left, err)
		}
		if _, err := os.Stat(running); err != nil {
			t.Error(err)
		}
	})
}

func TestLock(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lock")
	var out bytes.Buffer

	mine, err := lock(context.Background(), file, &out)
	if err != nil {
		t.Fatal(err)
	}

	t.Run("a second build waits, says so, and can be interrupted", func(t *testing.T) {
		hurried, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()

		if _, err := lock(hurried, file, &out); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("it did not wait: %v", err)
		}
		if !strings.Contains(out.String(), "waiting") {
			t.Errorf("it said %q", out.String())
		}
	})

	t.Run("another version's build does not wait", func(t *testing.T) {
		other, err := lock(context.Background(), file+"-2", &out)
		if err != nil {
			t.Fatal(err)
		}
		other.unlock()
	})

	t.Run("the lock is free after the first", func(t *testing.T) {
		mine.unlock()

		again, err := lock(context.Background(), file, &out)
		if err != nil {
			t.Fatal(err)
		}
		again.unlock()
	})
}

// failingGo puts a go command on the PATH that does not build.
func failingGo(t *testing.T, script string) {
	t.Helper()

	setPath(t, program(t, filepath.Join(t.TempDir(), "go"), script))
}

// onlyLocks fails where the cache holds anything else.
func onlyLocks(t *testing.T, cache string) {
	t.Helper()

	entries, err := os.ReadDir(cache)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".lock") {
			t.Errorf("%s is left", entry.Name())
		}
	}
}
