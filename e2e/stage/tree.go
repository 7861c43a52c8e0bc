package stage

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// tree is a set of small files: slash-separated path → content.
type tree map[string][]byte

// selection says which folders are entered and which files are taken; both get
// the slash-separated path below the root.
type selection struct {
	enter func(root, dir string) bool
	take  func(file string) bool
}

// everything takes a tree whole.
var everything = selection{
	enter: func(string, string) bool { return true },
	take:  func(string) bool { return true },
}

// plugin takes what the interpreter reads: the Go files of the plugin's rooms
// without their tests, and the files that Traefik and the go command read; and
// with them the licence, the readme and SECURITY.md, for those who unpack an
// archive. A release's zip holds the same files: see .gitattributes.
var plugin = selection{
	enter: func(root, dir string) bool {
		switch name := path.Base(dir); {
		case strings.HasPrefix(name, "."), strings.HasPrefix(name, "_"):
			return false
		case strings.HasSuffix(name, "test"): // helpers of tests, as in httptest
			return false
		case slices.Contains([]string{"vendor", "testdata", "examples", "docs", "assets", "dist"}, name):
			return false
		}

		// A go.mod of its own makes a folder another module.
		_, err := os.Stat(filepath.Join(root, filepath.FromSlash(dir), "go.mod"))

		return err != nil
	},
	take: func(file string) bool {
		switch file {
		case "go.mod", "go.sum", ".traefik.yml", "readme.md", "SECURITY.md", "LICENSE":
			return true
		}

		return strings.HasSuffix(file, ".go") && !strings.HasSuffix(file, "_test.go")
	},
}

// readTree reads the selected regular files below root.
func readTree(root string, sel selection) (tree, error) {
	files := tree{}

	err := filepath.WalkDir(root, func(full string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}

		rel, err := filepath.Rel(root, full)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)

		switch {
		case rel == ".":
			return nil
		case entry.IsDir():
			if !sel.enter(root, rel) {
				return fs.SkipDir
			}
			return nil
		case !entry.Type().IsRegular() || !sel.take(rel):
			return nil
		}

		files[rel], err = os.ReadFile(full)

		return err
	})

	return files, err
}

// write puts the files below dir, making the folders they need.
func (t tree) write(dir string) error {
	for name, content := range t {
		full := filepath.Join(dir, filepath.FromSlash(name))

		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			return fmt.Errorf("stage: %w", err)
		}
		if err := os.WriteFile(full, content, 0o644); err != nil {
			return fmt.Errorf("stage: %w", err)
		}
	}

	return nil
}
