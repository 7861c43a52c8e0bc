package catalog_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/catalog"
	"github.com/upstreamauth/upstreamauth/e2e/interpreted"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

func TestCheck(t *testing.T) {
	t.Run("the plugin as it is now could be listed", func(t *testing.T) {
		root, err := stage.Root()
		if err != nil {
			t.Fatal(err)
		}
		goPath := t.TempDir()
		if err := stage.Plugin(goPath); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		if err := catalog.Check(catalog.Release{Version: "v0.1.0", Tree: root, GoPath: goPath}); err != nil {
			t.Error(err)
		}
		t.Logf("checked in %s", time.Since(begun).Round(time.Millisecond))
	})

	for _, c := range []struct {
		name, file, from, to string // one change to one file
		want                 string // what is said of it
	}{
		{"a manifest without a summary", ".traefik.yml", "\nsummary: ", "\n#", "summary is <nil>"},
		{"a manifest of a provider", ".traefik.yml", "type: middleware", "type: provider", "type is provider"},
		{"a manifest with a key of its own", ".traefik.yml", "\ntype:", "\nauthor: me\ntype:", "author is a key"},
		{"an icon that is not there", ".traefik.yml", "\ntype:", "\nbannerPath: .assets/none.png\ntype:", "none.png"},
		{"an icon that is no PNG", ".traefik.yml", "\ntype:", "\nbannerPath: readme.md\ntype:", "unknown format"},
		{"testData that is a faulty configuration", ".traefik.yml", "api: ippanel", "api: another", "want a 401"},
		{"an empty readme", "readme.md", "", "", "readme.md is empty"},
		{"another module", "go.mod", "module " + stage.Module, "module example.com/other", "the module is example.com/other"},
		{"a module of Traefik's", "go.mod", "require ", "require github.com/traefik/paerser v0.2.2\nrequire ", "paerser, which the catalog refuses"},
		{"another version of a dependency", "go.mod", "golang-lru v1.0.2", "golang-lru v1.0.1", "does not name github.com/hashicorp/golang-lru@v1.0.1"},
		{"sources without vendor/", "vendor/modules.txt", "", "", "does not name github.com/hashicorp/golang-lru"},
		{"sources that do not load", "plugin.go", "package upstreamauth", "package upstreamauth\nvar a, b = two()", "importing"},
	} {
		t.Run(c.name+" is told", func(t *testing.T) {
			goPath := t.TempDir()
			if err := stage.Plugin(goPath); err != nil {
				t.Fatal(err)
			}
			tree := stage.Dir(goPath)
			addIcon(t, tree)
			change(t, filepath.Join(tree, c.file), c.from, c.to)
			err := catalog.Check(catalog.Release{Version: "v0.1.0", Tree: tree, GoPath: goPath})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	for tag, good := range map[string]bool{
		"v0.1.0": true, "v1.20.3": true, "v0.2.0-rc.1": true,
		"": false, "0.1.0": false, "1.0": false, "v1": false, "v1.0": false, "v01.0.0": false, "latest": false,
		"v0.1.0+build": false, "v2.0.0": false, "v0.1.0 ": false,
	} {
		err := catalog.Version(tag)
		if good != (err == nil) {
			t.Errorf("%q: %v", tag, err)
		}
		if err != nil && !strings.Contains(err.Error(), `"`+tag+`"`) {
			t.Errorf("%q is not named: %v", tag, err)
		}
	}
}

func TestNew(t *testing.T) {
	t.Run("it opens nothing, and what it starts ends with the load of the configuration", func(t *testing.T) {
		goPath := t.TempDir()
		if err := stage.Plugin(goPath); err != nil {
			t.Fatal(err)
		}
		plugin, err := interpreted.Load(goPath, interpreted.Options{})
		if err != nil {
			t.Fatal(err)
		}
		before := takeStock()
		if err := catalog.Guards(plugin); err != nil {
			t.Fatal(err)
		}
		loading := before
		loading.goroutines++ // which notices that no handler is made any more
		after := takeStock()
		for end := time.Now().Add(10 * time.Second); after.exceeds(loading) && time.Now().Before(end); {
			after = takeStock()
		}
		if after.exceeds(loading) {
			t.Errorf("New and a request without a credential left %+v, before it was %+v", after, before)
		}
		for end := time.Now().Add(30 * time.Second); takeStock().exceeds(before); {
			if time.Now().After(end) {
				t.Fatalf("after the load there is %+v, before it was %+v", takeStock(), before)
			}
		}
	})
}

// stock is what New must leave as it was.
type stock struct {
	goroutines int
	files      int // sockets among them; -1 where the system does not tell
}

func (s stock) exceeds(other stock) bool {
	return s.goroutines > other.goroutines || s.files > other.files
}

func takeStock() stock {
	// Goroutines that are about to end are none of New's.
	time.Sleep(20 * time.Millisecond)
	taken := stock{goroutines: runtime.NumGoroutine(), files: -1}
	if entries, err := os.ReadDir("/proc/self/fd"); err == nil {
		taken.files = len(entries)
	}
	return taken
}

// addIcon gives a staged tree the pictures of the repository, which the
// catalog takes from the tag's tree.
func addIcon(t *testing.T, tree string) {
	t.Helper()
	root, err := stage.Root()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(tree, ".assets"), os.DirFS(filepath.Join(root, ".assets"))); err != nil {
		t.Fatal(err)
	}
}

// change replaces a text in a file; an empty one stands for all of it.
func change(t *testing.T, file, from, to string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if from == "" {
		from = string(text)
	}
	changed := strings.Replace(string(text), from, to, 1)
	if changed == string(text) {
		t.Fatalf("%s does not hold %q", file, from)
	}
	if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
}
