package release_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/release"
	"github.com/upstreamauth/upstreamauth/e2e/release/releasetest"
)

const version = releasetest.Version

var git = releasetest.Git

func TestMake(t *testing.T) {
	dir := releasetest.Repository(t)
	index, err := os.ReadFile(filepath.Join(dir, ".git", "index"))
	if err != nil {
		t.Fatal(err)
	}
	head := git(t, dir, "rev-parse", "HEAD")

	var out bytes.Buffer
	if err := release.Make(release.Options{Dir: dir, Version: version, Out: &out}); err != nil {
		t.Fatal(err)
	}

	t.Run("the tag is annotated, with the changelog's notes", func(t *testing.T) {
		if sort := git(t, dir, "cat-file", "-t", version); sort != "tag" {
			t.Errorf("the tag is a %s", sort)
		}
		want := "upstreamauth " + version + "\n\n" + releasetest.Notes
		if got := git(t, dir, "tag", "--list", "--format=%(contents)", version); got != want {
			t.Errorf("it says %q, want %q", got, want)
		}
	})

	t.Run("its commit follows HEAD, and adds vendor/, the version and what the command requires, alone", func(t *testing.T) {
		if parents := git(t, dir, "log", "-1", "--format=%P", version); parents != head {
			t.Errorf("the parents are %q, want %s", parents, head)
		}
		addsOnly(t, dir)
	})

	t.Run("the branch, the index and the working tree stay as they were", func(t *testing.T) {
		if now := git(t, dir, "rev-parse", "HEAD", "main"); now != head+"\n"+head {
			t.Errorf("HEAD and main are %s, were %s", now, head)
		}
		if branches := git(t, dir, "branch", "--all", "--format=%(refname)"); branches != "refs/heads/main" {
			t.Errorf("branches: %s", branches)
		}
		after, err := os.ReadFile(filepath.Join(dir, ".git", "index"))
		if err != nil || !bytes.Equal(index, after) {
			t.Errorf("the index has changed (%v)", err)
		}
		if changes := git(t, dir, "status", "--porcelain", "--ignored"); changes != "" {
			t.Errorf("changes:\n%s", changes)
		}
	})

	t.Run("it is said how to push it and how to undo it", func(t *testing.T) {
		for _, line := range []string{"git push origin " + version, "git tag -d " + version, git(t, dir, "rev-parse", "--short=7", version+"^{commit}")} {
			if !strings.Contains(out.String(), line) {
				t.Errorf("nothing says %q:\n%s", line, out.String())
			}
		}
	})
}

func TestMakeAgain(t *testing.T) {
	dir := releasetest.Repository(t)
	if err := release.Make(release.Options{Dir: dir, Version: version, Out: io.Discard}); err != nil {
		t.Fatal(err)
	}

	t.Run("the tag passes its check", func(t *testing.T) {
		if err := release.Check(release.Options{Dir: dir, Version: version, Out: io.Discard}); err != nil {
			t.Error(err)
		}
	})

	t.Run("undone, it can be made again", func(t *testing.T) {
		git(t, dir, "tag", "-d", version)
		if err := release.Make(release.Options{Dir: dir, Version: version, Out: io.Discard}); err != nil {
			t.Error(err)
		}
	})

	t.Run("a HEAD without a branch can be released", func(t *testing.T) {
		git(t, dir, "checkout", "--quiet", "--detach")
		git(t, dir, "tag", "-d", version)
		var out bytes.Buffer
		if err := release.Make(release.Options{Dir: dir, Version: version, Out: &out}); err != nil {
			t.Error(err)
		}
		if !strings.Contains(out.String(), "a detached HEAD") {
			t.Errorf("it says:\n%s", out.String())
		}
	})
}

// addsOnly checks that the release differs from HEAD by vendor/, the version, and what the
// command requires.
func addsOnly(t *testing.T, dir string) {
	t.Helper()
	vendored := 0
	for _, line := range strings.Split(git(t, dir, "diff", "--name-status", "HEAD", version), "\n") {
		status, name, _ := strings.Cut(line, "\t")
		switch {
		case status == "A" && strings.HasPrefix(name, "vendor/"):
			vendored++
		case status == "M" && name == "cmd/upstreamauth/go.mod":
			if text := git(t, dir, "show", version+":"+name); strings.Contains(text, "replace") || !strings.Contains(text, "upstreamauth "+version) {
				t.Errorf("go install would refuse\n%s", text)
			}
		case status != "M" || filepath.Ext(name) != ".go":
			t.Errorf("it changes %s", line)
		}
	}
	if vendored < 2 {
		t.Errorf("it has %d files in vendor/", vendored)
	}
	changed := git(t, dir, "diff", "--unified=0", "HEAD", version, "--", ".", ":!vendor", ":!cmd")
	if !strings.Contains(changed, "\n+const Version = \"0.9.1\"") || strings.Count(changed, "\n+") != 2 {
		t.Errorf("the version is not all that changes:\n%s", changed)
	}
}
