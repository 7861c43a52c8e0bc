package release_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/release"
	"github.com/upstreamauth/upstreamauth/e2e/release/releasetest"
)

// refusals: what is asked for, what is prepared before, and what is said.
var refusals = []struct {
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
	{
		"a tag that is there", version, func(t *testing.T, dir string) { git(t, dir, "tag", version) },
		[]string{"the tag v0.9.1 is there already", "git tag -d v0.9.1"},
	},
	{
		"another tag that is no version", version, func(t *testing.T, dir string) { git(t, dir, "tag", "before-the-move") },
		[]string{`"before-the-move" is not a version`},
	},
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
}

// commit changes a file and commits it.
func commit(t *testing.T, dir, name string, change func(string) string) {
	t.Helper()
	releasetest.Edit(t, dir, name, change)
	releasetest.Commit(t, dir)
}

func replace(from, to string) func(string) string {
	return func(text string) string { return strings.Replace(text, from, to, 1) }
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

	for _, c := range refusals {
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
