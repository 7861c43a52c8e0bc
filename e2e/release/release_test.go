package release_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/upstreamauth/upstreamauth/e2e/release"
	"github.com/upstreamauth/upstreamauth/e2e/release/releasetest"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
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

	t.Run("its commit follows HEAD, and adds vendor/ and the version alone", func(t *testing.T) {
		if parents := git(t, dir, "log", "-1", "--format=%P", version); parents != head {
			t.Errorf("the parents are %q, want %s", parents, head)
		}
		vendored := 0
		for _, line := range strings.Split(git(t, dir, "diff", "--name-status", "HEAD", version), "\n") {
			status, name, _ := strings.Cut(line, "\t")
			switch {
			case status == "A" && strings.HasPrefix(name, "vendor/"):
				vendored++
			case status != "M" || filepath.Ext(name) != ".go":
				t.Errorf("it changes %s", line)
			}
		}
		if vendored < 2 {
			t.Errorf("it has %d files in vendor/", vendored)
		}
		changed := git(t, dir, "diff", "--unified=0", "HEAD", version, "--", ".", ":!vendor")
		if !strings.Contains(changed, "\n+const Version = \"0.9.1\"") || strings.Count(changed, "\n+") != 2 {
			t.Errorf("the version is not all that changes:\n%s", changed)
		}
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

func TestRefusals(t *testing.T) {
	dir := releasetest.Repository(t)
	head := git(t, dir, "rev-parse", "HEAD")
	restore := func(t *testing.T) {
		git(t, dir, "checkout", "--quiet", "--force", "-B", "main", head)
		git(t, dir, "clean", "--quiet", "--force", "-d")
		for _, tag := range strings.Fields(git(t, dir, "tag", "--list")) {
			git(t, dir, "tag", "-d", tag)
		}
	}
	commit := func(t *testing.T, dir, name string, change func(string) string) {
		releasetest.Edit(t, dir, name, change)
		releasetest.Commit(t, dir)
	}
	replace := func(from, to string) func(string) string {
		return func(text string) string { return strings.Replace(text, from, to, 1) }
	}

	for _, c := range []struct {
		name    string
		version string
		prepare func(t *testing.T, dir string)
		want    []string
	}{
		{"no version", "", nil, []string{"VERSION is missing", "make release VERSION=v0.1.0"}},
		{"a version without v", "0.9.1", nil, []string{`VERSION "0.9.1" is not a version`}},
		{"a version of two numbers", "1.0", nil, []string{`VERSION "1.0" is not a version`}},
		{"a version with build data", "v0.9.1+1", nil, []string{`VERSION "v0.9.1+1" is not a version`}},
		{"a major version that go.mod does not name", "v2.0.0", nil, []string{`"v2.0.0"`, "/v2"}},
		{"a version that the changelog does not have", "v0.9.2", nil, []string{"CHANGELOG.md", `"## [0.9.2] - YYYY-MM-DD"`}},
		{"a version of which the changelog says nothing", version, func(t *testing.T, dir string) {
			commit(t, dir, "CHANGELOG.md", replace(releasetest.Notes, ""))
		}, []string{"CHANGELOG.md says nothing below", "0.9.1"}},
		{"a tag that is there", version, func(t *testing.T, dir string) { git(t, dir, "tag", version) },
			[]string{"the tag v0.9.1 is there already", "git tag -d v0.9.1"}},
		{"another tag that is no version", version, func(t *testing.T, dir string) { git(t, dir, "tag", "before-the-move") },
			[]string{`"before-the-move" is not a version`}},
		{"changes and new files", version, func(t *testing.T, dir string) {
			releasetest.Edit(t, dir, "plugin.go", func(text string) string { return text + "\n" })
			if err := os.WriteFile(filepath.Join(dir, "new.go"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, []string{"not clean", " M plugin.go", "?? new.go"}},
		{"a release as HEAD", version, func(t *testing.T, dir string) {
			if err := release.Make(release.Options{Dir: dir, Version: version, Out: io.Discard}); err != nil {
				t.Fatal(err)
			}
			git(t, dir, "checkout", "--quiet", version)
			git(t, dir, "tag", "-d", version)
		}, []string{"HEAD has vendor/"}},
		{"two constants of the version", version, func(t *testing.T, dir string) {
			commit(t, dir, "plugin.go", func(text string) string { return text + "\nconst Version = \"1\"\n" })
		}, []string{"2 constants named Version"}},
		{"what the catalog would not take", version, func(t *testing.T, dir string) {
			commit(t, dir, ".traefik.yml", replace("\nsummary: ", "\n#"))
		}, []string{"v0.9.1 is not tagged", "summary is <nil>"}},
		{"an archive that lacks a room", version, func(t *testing.T, dir string) {
			commit(t, dir, ".gitattributes", func(text string) string { return text + "/cache export-ignore\n" })
		}, []string{"v0.9.1 is not tagged", "upstreamauth/cache"}},
	} {
		t.Run(c.name+": it is refused, and nothing is tagged", func(t *testing.T) {
			t.Cleanup(func() { restore(t) })
			if c.prepare != nil {
				c.prepare(t, dir)
			}
			before := git(t, dir, "for-each-ref")

			err := release.Make(release.Options{Dir: dir, Version: c.version, Out: io.Discard})
			if err == nil {
				t.Fatal("it was made")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("nothing says %q:\n%v", want, err)
				}
			}
			if after := git(t, dir, "for-each-ref"); after != before {
				t.Errorf("refs:\n%s\nbefore:\n%s", after, before)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	dir := releasetest.Repository(t)
	git(t, dir, "tag", "v0.9.2")

	t.Run("a tag that is not there is told", func(t *testing.T) {
		err := release.Check(release.Options{Dir: dir, Version: version, Out: io.Discard})
		if err == nil || !strings.Contains(err.Error(), "there is no tag "+version) {
			t.Error(err)
		}
	})

	t.Run("a tag of main itself has neither vendor/ nor the version", func(t *testing.T) {
		err := release.Check(release.Options{Dir: dir, Version: "v0.9.2", Out: io.Discard})
		if err == nil {
			t.Fatal("it passes")
		}
		for _, want := range []string{"no vendored dependencies", `want "0.9.2"`} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("nothing says %q:\n%v", want, err)
			}
		}
	})
}

func TestUnpack(t *testing.T) {
	t.Run("the zip of a tag holds what make dist packs, and no more", func(t *testing.T) {
		dir := releasetest.Repository(t)
		if err := release.Make(release.Options{Dir: dir, Version: version, Out: io.Discard}); err != nil {
			t.Fatal(err)
		}
		released, staged := t.TempDir(), t.TempDir()
		if err := errors.Join(release.Unpack(dir, version, released), stage.Plugin(staged)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(list(t, staged), list(t, released)); diff != "" {
			t.Errorf(".gitattributes and the staging disagree (-staged +released):\n%s", diff)
		}
	})
}

func list(t *testing.T, goPath string) []string {
	t.Helper()
	var files []string
	err := fs.WalkDir(os.DirFS(goPath), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files = append(files, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// What `make release` and `make catalog` do with what they are given.
func TestTargets(t *testing.T) {
	dir := releasetest.Repository(t)
	target := func(arguments ...string) (string, error) {
		command := exec.Command("make", append([]string{"--no-print-directory", "-C", dir}, arguments...)...)
		command.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool {
			return strings.HasPrefix(variable, "MAKE") || strings.HasPrefix(variable, "MFLAGS") || strings.HasPrefix(variable, "VERSION=")
		})
		out, err := command.CombinedOutput()
		return string(out), err
	}

	t.Run("release says that the version is missing", func(t *testing.T) {
		if out, err := target("release"); err == nil || !strings.Contains(out, "VERSION is missing") {
			t.Errorf("%v\n%s", err, out)
		}
	})
	t.Run("release passes a version on as it is", func(t *testing.T) {
		if out, err := target("release", "VERSION=v1; echo"); err == nil || !strings.Contains(out, `"v1; echo`) {
			t.Errorf("%v\n%s", err, out)
		}
	})
	t.Run("release makes the tag, and catalog checks it", func(t *testing.T) {
		if out, err := target("release", "VERSION="+version); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if out, err := target("catalog", "VERSION="+version); err != nil || !strings.Contains(out, "what the catalog asks for") {
			t.Errorf("%v\n%s", err, out)
		}
	})
}
