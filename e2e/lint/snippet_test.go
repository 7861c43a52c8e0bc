package lint

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path"
	"strings"
	"sync"
	"testing"

	"golang.org/x/tools/go/packages"
	"golang.org/x/tools/txtar"
)

// standard is what snippets may import; a snippet of one file need not say so.
var standard = []string{
	"bytes", "cmp", "context", "crypto/tls", "encoding/json", "errors", "fmt", "io", "log", "net", "net/http", "net/url", "os", "runtime", "slices",
	"strings", "sync", "sync/atomic", "text/template", "time",
}

// compiledTypes are the standard library's types, read from the compiler's
// export data in a moment.
var compiledTypes = sync.OnceValues(func() (map[string]*types.Package, error) {
	found, err := packages.Load(&packages.Config{Mode: packages.LoadTypes}, standard...)
	byPath := map[string]*types.Package{}
	for _, p := range found {
		byPath[p.PkgPath] = p.Types
	}
	return byPath, err
})

// importer finds the rooms that were checked before, and the standard library.
type importer map[string]*types.Package

func (i importer) Import(importPath string) (*types.Package, error) {
	if p := i[importPath]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("no package %s", importPath)
}

// plugin type-checks files written as "-- room/file.go --" and a text, by
// rooms: one that is imported stands above those that import it. A text needs
// no package clause. Errors are ignored: a snippet may be wrong in many ways.
func plugin(t *testing.T, archive string) []*source {
	t.Helper()
	compiled, err := compiledTypes()
	if err != nil {
		t.Fatal(err)
	}
	known := importer{}
	for name, p := range compiled {
		known[name] = p
	}
	fset, functions := token.NewFileSet(), map[types.Object]*function{}
	var sources []*source
	for _, s := range parseRooms(t, fset, archive) {
		s.info = &types.Info{
			Types:      map[ast.Expr]types.TypeAndValue{},
			Defs:       map[*ast.Ident]types.Object{},
			Uses:       map[*ast.Ident]types.Object{},
			Selections: map[*ast.SelectorExpr]*types.Selection{},
		}
		config := types.Config{Importer: known, Error: func(error) {}}
		s.pkg, _ = config.Check(s.path, fset, s.files, s.info)
		known[s.path] = s.pkg
		s.index(functions)
		sources = append(sources, s)
	}
	return sources
}

func parseRooms(t *testing.T, fset *token.FileSet, archive string) []*source {
	t.Helper()
	var sources []*source
	byRoom := map[string]*source{}
	for _, f := range txtar.Parse([]byte(archive)).Files {
		room, text := path.Dir(f.Name), string(f.Data)
		if room == "." {
			room = ""
		}
		if !strings.HasPrefix(text, "package ") {
			text = "package " + path.Base(path.Join(module, room)) + "\n" + text
		}
		file, err := parser.ParseFile(fset, f.Name, text, 0)
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		s := byRoom[room]
		if s == nil {
			s = &source{path: strings.TrimSuffix(module+"/"+room, "/"), fset: fset}
			byRoom[room] = s
			sources = append(sources, s)
		}
		s.files = append(s.files, file)
	}
	return sources
}

// snippet type-checks a few declarations as a room's only file. It imports what
// its text mentions of the standard library.
func snippet(t *testing.T, file, text string) []*source {
	t.Helper()
	header := ""
	for _, importPath := range append([]string{"unsafe"}, standard...) {
		if strings.Contains(text, path.Base(importPath)+".") && !strings.Contains(text, `"`+importPath+`"`) {
			header += fmt.Sprintf("import %q\n", importPath)
		}
	}
	return plugin(t, "-- "+file+" --\n"+header+text+"\n")
}

// details are the rules of violations, with what is said about each.
func details(violations []Violation) []string {
	var all []string
	for _, v := range violations {
		all = append(all, v.Rule+": "+v.Detail)
	}
	return all
}
