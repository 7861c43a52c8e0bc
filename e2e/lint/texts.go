package lint

import (
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// unwanted are texts that no file of the repository holds: work that was put
// off instead of filed, and places that exist on one machine only. They are
// put together here, or this file would hold them.
func unwanted(root string) []string {
	words := []string{"TO" + "DO", "FIX" + "ME", "XX" + "X:", "/ro" + "ot/", "/ho" + "me/", "/Us" + "ers/"}
	home, _ := os.UserHomeDir()
	for _, place := range []string{root, home} {
		// A short one, such as /src, may stand in a text for other reasons.
		if strings.Count(place, string(filepath.Separator)) >= 2 {
			words = append(words, place)
		}
	}
	return words
}

// textViolations looks at every file below root that is text, whatever its
// kind: the linters of .golangci.yml read only Go.
func textViolations(root string) ([]Violation, error) {
	words := unwanted(root)
	var found []Violation
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch name := entry.Name(); {
		case entry.IsDir() && (name == ".git" || name == "vendor" || name == "dist" || name == "node_modules"):
			return fs.SkipDir
		case !entry.Type().IsRegular() || name == ".git" || name == "go.sum":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil || !utf8.Valid(text) {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		for i, line := range strings.Split(string(text), "\n") {
			for _, word := range words {
				if column := strings.Index(line, word); column >= 0 {
					found = append(found, Violation{
						At:     token.Position{Filename: filepath.ToSlash(name), Line: i + 1, Column: column + 1},
						Rule:   "an unfinished or a private text",
						Detail: word,
					})
				}
			}
		}
		return nil
	})
	return found, err
}
