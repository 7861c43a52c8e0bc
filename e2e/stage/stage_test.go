package stage_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

func TestRoot(t *testing.T) {
	t.Run("it is the folder of the plugin's go.mod", func(t *testing.T) {
		root, err := stage.Root()
		if err != nil {
			t.Fatal(err)
		}

		goMod, err := os.ReadFile(filepath.Join(root, "go.mod"))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(goMod), "module "+stage.Module+"\n") {
			t.Errorf("%s/go.mod is not the plugin's", root)
		}
		if _, err := os.Stat(filepath.Join(root, "e2e", "stage", "stage_test.go")); err != nil {
			t.Errorf("another checkout was found: %v", err)
		}
	})
}

func TestPlugin(t *testing.T) {
	goPath := t.TempDir()
	if err := stage.Plugin(goPath); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(goPath, "src", "github.com", "upstreamauth", "upstreamauth")
	files := list(t, dir)

	t.Run("it lies where Traefik looks for it", func(t *testing.T) {
		if dir != stage.Dir(goPath) {
			t.Errorf("Dir: got %s, want %s", stage.Dir(goPath), dir)
		}
		for _, name := range []string{"go.mod", "plugin.go", ".traefik.yml", "vendor/modules.txt"} {
			if _, there := files[name]; !there {
				t.Errorf("%s is missing", name)
			}
		}
	})

	t.Run("the rest of the repository is left out", func(t *testing.T) {
		left := map[string]bool{
			"e2e": true, "testdata": true, "examples": true, "docs": true, "assets": true, "dist": true,
			".git": true, ".github": true, ".ci": true, ".assets": true, "Makefile": true,
		}
		for name := range files {
			first, _, _ := strings.Cut(name, "/")
			if left[first] || strings.HasSuffix(name, "_test.go") || strings.Contains(name, "/testdata/") {
				t.Errorf("%s was staged", name)
			}
		}
	})

	// What the interpreter does not import it should not be given: helpers of
	// tests, or a program of its own.
	t.Run("every package is one that the root package needs", func(t *testing.T) {
		needed := imported(t, dir)
		for name := range files {
			if path.Ext(name) == ".go" && !needed[path.Dir(name)] {
				t.Errorf("%s was staged, and nothing imports it", name)
			}
		}
	})

	// The go command is started once: staging again costs a few file writes.
	t.Run("staging again is quick", func(t *testing.T) {
		fastest := time.Hour
		for tries := 0; tries < 5 && fastest > time.Second; tries++ { // a busy machine may be slow once
			start := time.Now()
			if err := stage.Plugin(t.TempDir()); err != nil {
				t.Fatal(err)
			}
			fastest = min(fastest, time.Since(start))
		}
		if fastest > time.Second {
			t.Errorf("staging again took %s at best", fastest)
		}
	})
}

func TestPack(t *testing.T) {
	var first, second bytes.Buffer
	if err := stage.Pack(&first); err != nil {
		t.Fatal(err)
	}
	if err := stage.Pack(&second); err != nil {
		t.Fatal(err)
	}

	t.Run("the same sources give the same bytes", func(t *testing.T) {
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Error("two archives of the same sources differ")
		}
	})

	t.Run("it holds the staged tree", func(t *testing.T) {
		goPath := t.TempDir()
		if err := stage.Plugin(goPath); err != nil {
			t.Fatal(err)
		}
		staged, packed := list(t, stage.Dir(goPath)), unpack(t, &first)
		for name, want := range staged {
			if got, there := packed["upstreamauth/"+name]; !there || got != want {
				t.Errorf("%s: in the archive: %t, the same: %t", name, there, got == want)
			}
		}
		if len(packed) != len(staged) {
			t.Errorf("the archive holds %d files, staged were %d", len(packed), len(staged))
		}
	})
}

// imported are the folders below dir that the package in dir is made of.
func imported(t *testing.T, dir string) map[string]bool {
	t.Helper()
	list := exec.Command("go", "list", "-mod=vendor", "-deps", "-f", "{{if not .Standard}}{{.Dir}}{{end}}", ".")
	list.Dir = dir
	list.Env = append(os.Environ(), "GOWORK=off")
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	needed := map[string]bool{}
	for _, full := range strings.Fields(string(out)) {
		rel, err := filepath.Rel(dir, full)
		if err != nil {
			t.Fatal(err)
		}
		needed[filepath.ToSlash(rel)] = true
	}
	return needed
}

// list reads the files below dir: slash-separated path → content.
func list(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		files[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func unpack(t *testing.T, archive io.Reader) map[string]string {
	t.Helper()

	zipped, err := gzip.NewReader(archive)
	if err != nil {
		t.Fatal(err)
	}

	files := map[string]string{}
	for reader := tar.NewReader(zipped); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}

		content, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		files[header.Name] = string(content)
	}
}
