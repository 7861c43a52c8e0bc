package binary

import (
	"context"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/stage"
	"golang.org/x/mod/modfile"
)

func TestModules(t *testing.T) {
	ours := testsModule(t)

	for _, version := range []string{Newest, Oldest} {
		goMod, goSum, err := pinned(version)
		if err != nil {
			t.Fatal(err)
		}

		t.Run(version+" requires that Traefik, with its checksum", func(t *testing.T) {
			if got, err := required(goMod, module); err != nil || got != version {
				t.Errorf("got %s, %v", got, err)
			}
			if !strings.Contains(string(goSum), "\n"+module+" "+version+" h1:") {
				t.Error("there is no checksum")
			}
		})

		t.Run(version+" has the interpreter and the decoders that the tests compile in", func(t *testing.T) {
			for _, shared := range []string{
				"github.com/traefik/yaegi", "github.com/traefik/paerser", "github.com/mitchellh/mapstructure",
			} {
				want, err := required(ours, shared)
				if err != nil {
					t.Error(err)
				}
				if got, err := required(goMod, shared); err != nil || got != want {
					t.Errorf("%s: Traefik has %s, %v, the tests have %s", shared, got, err, want)
				}
			}
		})

		t.Run(version+" is built without DNS providers", func(t *testing.T) {
			parsed, err := modfile.Parse("go.mod", goMod, nil)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(parsed.Replace, func(r *modfile.Replace) bool { return strings.HasPrefix(r.Old.Path, lego) }) {
				t.Error("lego is not replaced")
			}
		})
	}

	t.Run("no module is there for a version that is not built", func(t *testing.T) {
		files, err := fs.Glob(modules, "modules/*.mod")
		if err != nil || len(files) != 2 {
			t.Errorf("got %q, %v", files, err)
		}
		if _, _, err := pinned("v3.0.0"); err == nil {
			t.Error("v3.0.0 is pinned")
		}
	})

	t.Run("the tests' own module requires no Traefik", func(t *testing.T) {
		if got, err := required(ours, module); err == nil {
			t.Errorf("it requires %s", got)
		}
	})
}

func TestLayOut(t *testing.T) {
	t.Run("a version that is not pinned is an error, and nothing is written", func(t *testing.T) {
		dir := t.TempDir()

		if err := layOut(context.Background(), "v3.0.0", filepath.Join(dir, "module"), filepath.Join(dir, "sources")); err == nil {
			t.Error("no error")
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("left %v, %v", left, err)
		}
	})

	t.Run("what is generated is Go", func(t *testing.T) {
		for _, source := range []string{extensionSource, strings.Replace(providersSource, "%s", lego+"v5", 1)} {
			if _, err := parser.ParseFile(token.NewFileSet(), "generated.go", source, parser.AllErrors); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestFetch(t *testing.T) {
	// A small module that this test is compiled with, so it is there already.
	const small = "golang.org/x/mod"
	version, err := required(testsModule(t), small)
	if err != nil {
		t.Fatal(err)
	}

	t.Run("gives a module's folder", func(t *testing.T) {
		dir, err := fetch(context.Background(), t.TempDir(), small, version, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, "semver", "semver.go")); err != nil {
			t.Error(err)
		}
	})

	t.Run("refuses a module that is not what the checksum says", func(t *testing.T) {
		wrong := small + " " + version + " h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"

		dir, err := fetch(context.Background(), t.TempDir(), small, version, []byte(wrong))
		if err == nil || !strings.Contains(err.Error(), "checksum mismatch") {
			t.Errorf("got %s, %v", dir, err)
		}
	})
}

// testsModule is the go.mod of the module that the tests are in.
func testsModule(t *testing.T) []byte {
	t.Helper()

	root, err := stage.Root()
	if err != nil {
		t.Fatal(err)
	}
	goMod, err := os.ReadFile(filepath.Join(root, "e2e", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}

	return goMod
}
