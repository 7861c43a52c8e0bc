package upstreamauth_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// Texts that no file of the repository holds: work that was put off instead of
// filed, and places that exist on one machine only.
func unwanted(t *testing.T) []string {
	t.Helper()
	words := []string{"TO" + "DO", "FIX" + "ME", "XX" + "X:"}
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	home, _ := os.UserHomeDir()
	for _, place := range []string{here, home} {
		// A short one, such as /src, stands in many texts by right.
		if strings.Count(place, string(filepath.Separator)) >= 2 {
			words = append(words, place)
		}
	}
	return append(words, "/ro"+"ot/", "/ho"+"me/", "/Us"+"ers/")
}

func TestNoFileHoldsUnfinishedBusinessOrPlacesOfOneMachine(t *testing.T) {
	words := unwanted(t)
	seen := 0
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch name := entry.Name(); {
		case entry.IsDir() && (name == ".git" || name == "vendor" || name == "dist"):
			return fs.SkipDir
		case !entry.Type().IsRegular() || name == "go.sum":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil || !utf8.Valid(text) {
			return err
		}
		seen++
		for i, line := range strings.Split(string(text), "\n") {
			for _, word := range words {
				if strings.Contains(line, word) {
					t.Errorf("%s:%d: %q", path, i+1, word)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 50 {
		t.Errorf("only %d files were read", seen)
	}
}
