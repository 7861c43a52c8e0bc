// Package releasetest makes repositories to release from.
package releasetest

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

// Version is one that the changelog of a Repository has a heading for.
const Version = "v0.9.1"

// Notes are what it says there.
const Notes = "### Fixed\n\n- A line to be found again."

// Repository makes a repository of the files as they lie here, committed or
// not, with one commit on main. It has no remote.
func Repository(t testing.TB) string {
	t.Helper()
	root, err := stage.Root()
	if err != nil {
		t.Fatal(err)
	}
	// No configuration but the repository's own: no signing, no hooks.
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_SYSTEM", os.DevNull)
	dir := t.TempDir()
	if err := copyTo(dir, root); err != nil {
		t.Fatal(err)
	}
	Edit(t, dir, "CHANGELOG.md", func(text string) string {
		before, after, _ := strings.Cut(text, "\n## [0")
		if after != "" {
			after = "\n## [0" + after
		}
		return before + "\n## [" + strings.TrimPrefix(Version, "v") + "] - 2026-11-27\n\n" + Notes + "\n" + after
	})

	Git(t, dir, "init", "--quiet", "--initial-branch=main")
	Git(t, dir, "config", "user.name", "A Maintainer")
	Git(t, dir, "config", "user.email", "maintainer@example.com")
	Commit(t, dir)

	return dir
}

// Edit changes a file of the repository.
func Edit(t testing.TB, dir, name string, change func(text string) string) {
	t.Helper()
	file := filepath.Join(dir, name)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	changed := change(string(text))
	if changed == string(text) {
		t.Fatalf("%s stayed as it was", name)
	}
	if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Commit commits all that git does not ignore.
func Commit(t testing.TB, dir string) {
	t.Helper()
	Git(t, dir, "add", "--all")
	Git(t, dir, "commit", "--quiet", "--no-verify", "--message", "A state to release")
}

// Git runs git in the repository and returns what it prints.
func Git(t testing.TB, dir string, arguments ...string) string {
	t.Helper()
	git := exec.Command("git", arguments...)
	git.Dir = dir
	out, err := git.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(arguments, " "), err, out)
	}

	return strings.TrimSpace(string(out))
}

// copyTo copies the checkout without what is made in it.
func copyTo(dir, root string) error {
	return filepath.WalkDir(root, func(full string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, full)
		if err != nil || rel == "." {
			return err
		}
		// In a linked worktree .git is a file.
		if rel == ".git" || entry.IsDir() && (rel == "dist" || rel == "vendor") {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if entry.IsDir() {
			return os.Mkdir(filepath.Join(dir, rel), 0o755)
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		text, err := os.ReadFile(full)
		if err != nil {
			return err
		}

		return os.WriteFile(filepath.Join(dir, rel), text, 0o644)
	})
}
