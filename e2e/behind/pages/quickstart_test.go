package pages

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/ending"
	"github.com/upstreamauth/upstreamauth/e2e/examples"
	"github.com/upstreamauth/upstreamauth/e2e/ports"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
	"github.com/upstreamauth/upstreamauth/e2e/traefik"
)

// The readme's quick start is run as it stands, by a shell in an empty folder.
// Only what it gets from elsewhere is ours: `git clone` copies this working tree,
// `traefik` is the Traefik of the tests, and its port is a free one.
func TestQuickStart(t *testing.T) {
	t.Run("it runs as it is pasted, and ends with the response that it shows", asPasted)
}

func asPasted(t *testing.T) {
	start, request, reply := quickStart(t)
	number, release, err := ports.Take()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	port := strconv.Itoa(number)
	fromPort := strings.NewReplacer("8080", port)

	shell := exec.Command("bash", "-e", "-c", fromPort.Replace(start))
	shell.Dir = t.TempDir()
	shell.Env = append(os.Environ(), "PATH="+shims(t)+string(os.PathListSeparator)+os.Getenv("PATH"))
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Traefik is its child, and ends with it
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	shell.Stdout, shell.Stderr = log, log
	begun := time.Now()
	ended, err := ending.Start(shell)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-shell.Process.Pid, syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(time.Minute):
			_ = syscall.Kill(-shell.Process.Pid, syscall.SIGKILL)
			<-ended
		}
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("the quick start wrote:\n%s", text)
		}
	})
	serves(t, "http://127.0.0.1:"+port+"/", ended)
	t.Logf("from `git clone` to an answer: %.1f s", time.Since(begun).Seconds())

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "bash", "-c", strings.Replace(fromPort.Replace(request), "curl -i", "curl -si", 1)).Output()
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(strings.ReplaceAll(strings.TrimSpace(string(out)), "\r", ""), "\n")
	for _, line := range strings.Split(strings.TrimSpace(reply), "\n") {
		if !slices.Contains(got, line) {
			t.Errorf("the reply has no line %q; it is\n%s", line, out)
		}
	}
}

// quickStart returns what the section has to paste: two shell blocks, and the
// reply that they lead to.
func quickStart(t *testing.T) (start, request, reply string) {
	t.Helper()
	pages, err := examples.Pages()
	if err != nil {
		t.Fatal(err)
	}
	readme, err := examples.Find(pages, "readme.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(readme.Text, "\n## Quick start\n")
	section, _, found := strings.Cut(section, "\n## ")
	if !found {
		t.Fatal("the readme has no quick start")
	}
	var texts, languages []string
	for _, b := range (examples.Page{Name: "quick start", Text: section}).Blocks() {
		if b.Language == "sh" || b.Language == "text" {
			texts, languages = append(texts, b.Text), append(languages, b.Language)
		}
	}
	if !slices.Equal(languages, []string{"sh", "sh", "text"}) {
		t.Fatalf("its blocks are %q", languages)
	}
	return texts[0], texts[1], texts[2]
}

// shims is a folder with the two programs that stand for what a reader gets
// from elsewhere.
func shims(t *testing.T) string {
	t.Helper()
	dir, source := t.TempDir(), t.TempDir()
	root, err := stage.Root()
	if err != nil {
		t.Fatal(err)
	}
	copied := exec.Command("sh", "-c", `tar -c --exclude=./.git --exclude=./dist --exclude=./vendor . | tar -x -C "$0"`, source)
	copied.Dir = root
	if out, err := copied.CombinedOutput(); err != nil {
		t.Fatalf("copying the tree: %v\n%s", err, out)
	}
	binary, err := traefik.Binary()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(binary, filepath.Join(dir, "traefik")); err != nil {
		t.Fatal(err)
	}
	git := fmt.Sprintf("#!/bin/sh\n"+
		"# Clones by copying; every other command fails, as in a folder without a repository.\n"+
		"[ \"$1\" = clone ] && cp -R '%s' \"${2##*/}\"\n", source)
	if err := os.WriteFile(filepath.Join(dir, "git"), []byte(git), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// serves waits until Traefik answers by a router.
func serves(t *testing.T, address string, ended <-chan struct{}) {
	t.Helper()
	client := &http.Client{Timeout: 5 * time.Second}
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); {
		select {
		case <-ended:
			t.Fatal("the quick start ended by itself")
		case <-time.After(100 * time.Millisecond):
		}
		response, err := client.Get(address)
		if err != nil {
			continue
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusNotFound {
			return
		}
	}
	t.Fatal("no answer in three minutes")
}
