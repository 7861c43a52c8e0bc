package stage_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

func TestRootIsTheFolderOfThePluginsGoMod(t *testing.T) {
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
}

func TestPluginIsStagedAsTraefikFindsIt(t *testing.T) {
	goPath := t.TempDir()
	if err := stage.Plugin(goPath); err != nil {
		t.Fatal(err)
	}

	dir := filepath.Join(goPath, "src", "github.com", "upstreamauth", "upstreamauth")
	if dir != stage.Dir(goPath) {
		t.Errorf("Dir: got %s, want %s", stage.Dir(goPath), dir)
	}

	for _, name := range []string{"go.mod", "plugin.go", ".traefik.yml", "vendor/modules.txt"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestTestsAndTheRestOfTheRepositoryStayAtHome(t *testing.T) {
	goPath := t.TempDir()
	if err := stage.Plugin(goPath); err != nil {
		t.Fatal(err)
	}
	dir := stage.Dir(goPath)

	for _, name := range []string{"e2e", "testdata", "examples", "dist", ".git", ".ci", "Makefile"} {
		if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s was staged (%v)", name, err)
		}
	}

	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if strings.HasSuffix(path, "_test.go") {
			t.Errorf("%s was staged", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The go command is started once: staging again costs a few file writes.
func TestStagingAgainIsQuick(t *testing.T) {
	if err := stage.Plugin(t.TempDir()); err != nil {
		t.Fatal(err)
	}

	start := time.Now()
	if err := stage.Plugin(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("staging a second time took %s", took)
	}
}

func TestTheArchiveHoldsTheStagedTreeAndIsReproducible(t *testing.T) {
	var first, second bytes.Buffer
	if err := stage.Pack(&first); err != nil {
		t.Fatal(err)
	}
	if err := stage.Pack(&second); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("two archives of the same sources differ")
	}

	goPath := t.TempDir()
	if err := stage.Plugin(goPath); err != nil {
		t.Fatal(err)
	}

	packed := unpack(t, &first)
	staged := 0
	err := filepath.WalkDir(stage.Dir(goPath), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		staged++

		want, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(filepath.Dir(stage.Dir(goPath)), path)
		if got, ok := packed[filepath.ToSlash(name)]; !ok || got != string(want) {
			t.Errorf("%s: in the archive: %v, the same: %v", name, ok, got == string(want))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(packed) != staged {
		t.Errorf("the archive holds %d files, staged were %d", len(packed), staged)
	}
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
