package release

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// versionConstant is the plugin's constant Version, and where its text stands.
type versionConstant struct {
	file       string // slash-separated, below the tree
	value      string
	start, end int // of the literal, quotes included
}

// findConstant looks through the plugin's own files, and wants exactly one.
func findConstant(tree string) (versionConstant, error) {
	var found []versionConstant
	err := filepath.WalkDir(tree, func(full string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			if full != tree && (strings.HasPrefix(name, ".") || name == "vendor" || name == "testdata" || isModule(full)) {
				return fs.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(tree, full)
		if err != nil {
			return err
		}
		constants, err := constantsOf(full, filepath.ToSlash(rel))
		found = append(found, constants...)
		return err
	})
	if err != nil {
		return versionConstant{}, err
	}
	if len(found) != 1 {
		return versionConstant{}, fmt.Errorf("the plugin has %d constants named Version, want one", len(found))
	}

	return found[0], nil
}

// constantsOf lists what one file declares as const Version = "…".
func constantsOf(full, rel string) ([]versionConstant, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, full, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var found []versionConstant
	for _, d := range file.Decls {
		group, ok := d.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, spec := range group.Specs {
			value, ok := spec.(*ast.ValueSpec)
			if !ok || len(value.Names) != 1 || value.Names[0].Name != "Version" || len(value.Values) != 1 {
				continue
			}
			literal, ok := value.Values[0].(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				continue
			}
			text, err := strconv.Unquote(literal.Value)
			if err != nil {
				return nil, err
			}
			start, end := set.Position(literal.Pos()).Offset, set.Position(literal.End()).Offset
			found = append(found, versionConstant{file: rel, value: text, start: start, end: end})
		}
	}

	return found, nil
}

// write makes the constant's value another one.
func (c versionConstant) write(tree, value string) error {
	full := filepath.Join(tree, filepath.FromSlash(c.file))
	text, err := os.ReadFile(full)
	if err != nil {
		return err
	}

	return os.WriteFile(full, []byte(string(text[:c.start])+strconv.Quote(value)+string(text[c.end:])), 0o644)
}

func isModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))

	return err == nil
}
