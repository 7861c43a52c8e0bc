package release_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/upstreamauth/upstreamauth/e2e/release"
	"github.com/upstreamauth/upstreamauth/e2e/release/releasetest"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

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
