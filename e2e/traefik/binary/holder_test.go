//go:build unix

package binary

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// waits tries to take a lock for a moment, and returns what it said.
func waits(t *testing.T, file string) string {
	t.Helper()
	hurried, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()

	var out bytes.Buffer
	if _, err := lock(hurried, file, &out); err == nil {
		t.Error("it did not wait")
	}

	return out.String()
}

func TestHolder(t *testing.T) {
	t.Run("one who waits is told the process, both folders, the lock, and how to end it", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "lock")
		mine, err := lock(context.Background(), file, new(bytes.Buffer))
		if err != nil {
			t.Fatal(err)
		}
		defer mine.unlock()
		mine.says("/cache/sources-1")

		from, _ := os.Getwd()
		said := waits(t, file)
		for _, part := range []string{fmt.Sprintf("process %d,", os.Getpid()), from, "/cache/sources-1", file, fmt.Sprintf("kill %d", os.Getpid())} {
			if !strings.Contains(said, part) {
				t.Errorf("%q does not mention %q", said, part)
			}
		}
	})

	t.Run("one who waits for a process that has written nothing is told what the system knows", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "lock")
		mine, err := lock(context.Background(), file, new(bytes.Buffer))
		if err != nil {
			t.Fatal(err)
		}
		defer mine.unlock()

		said := waits(t, file)
		if want := fmt.Sprintf("process %d", lockedBy(mine.file)); lockedBy(mine.file) > 0 && !strings.Contains(said, want) {
			t.Errorf("%q does not mention %q", said, want)
		}
		if !strings.Contains(said, file) {
			t.Errorf("%q does not mention %q", said, file)
		}
	})

	t.Run("what a dead process has left is not believed, and blocks no build", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "lock")
		dead := exec.Command("true")
		if err := dead.Run(); err != nil {
			t.Fatal(err)
		}
		left := fmt.Sprintf(`{"PID":%d,"From":"/gone","Folder":"/gone/too"}`, dead.Process.Pid)
		if err := os.WriteFile(file, []byte(left), 0o600); err != nil {
			t.Fatal(err)
		}

		var out bytes.Buffer
		mine, err := lock(context.Background(), file, &out)
		if err != nil || out.Len() > 0 {
			t.Fatalf("%v, %q", err, out.String())
		}
		defer mine.unlock()
		if said := waits(t, file); strings.Contains(said, "/gone") {
			t.Errorf("it believes what is left: %q", said)
		}
	})

	t.Run("a build says who builds while it does", func(t *testing.T) {
		cache := emptyCache(t)
		failingGo(t, "exec sleep 60")
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() {
			_, _ = Build(ctx, Newest, new(bytes.Buffer))
			close(ended)
		}()
		defer func() { cancel(); <-ended }()

		file := filepath.Join(cache, "traefik-"+Newest+".lock")
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			if text, _ := os.ReadFile(file); len(text) > 0 || time.Now().After(deadline) {
				break
			}
		}
		said := waits(t, file)
		for _, part := range []string{fmt.Sprintf("process %d,", os.Getpid()), filepath.Join(cache, "sources-"+Newest)} {
			if !strings.Contains(said, part) {
				t.Errorf("%q does not mention %q", said, part)
			}
		}
	})
}
