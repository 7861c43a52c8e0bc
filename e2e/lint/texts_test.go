package lint

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestTexts(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"readme.md":         "fine\n",
		"docs/put-off.md":   "a\nb TO" + "DO c\n",
		"Makefile":          "here: /ro" + "ot/x\n",
		"e2e/place.go":      "// " + filepath.Join(root, "x") + "\n",
		"testdata/image":    "\xff\xfe TO" + "DO",
		"vendor/library.go": "// FIX" + "ME\n",
		"dist/out.txt":      "TO" + "DO\n",
		"e2e/go.sum":        "TO" + "DO\n",
		".git":              "gitdir: /ro" + "ot/x\n",
	} {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found, err := textViolations(root)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range found {
		got = append(got, v.String())
	}
	const rule = ": an unfinished or a private text: "
	want := []string{
		"Makefile:1:7" + rule + "/ro" + "ot/",
		"docs/put-off.md:2:3" + rule + "TO" + "DO",
		"e2e/place.go:1:4" + rule + root,
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
}
