package upstreamauth_test

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/upstreamauth/upstreamauth"

// folders are the plugin's packages, in the order of their imports.
var folders = []string{"verifier", "cache", "."}

// source is one package as the laws look at it: syntax and types.
type source struct {
	path  string
	fset  *token.FileSet
	files []*ast.File
	info  *types.Info
	decls map[types.Object]*ast.FuncDecl
	fixed map[types.Object]bool // variables that hold what recover returned
}

// plugin loads the plugin's packages, without their tests.
func plugin(t *testing.T) []*source {
	t.Helper()
	fset := token.NewFileSet()
	known := &chain{next: compiled(t, fset), own: map[string]*types.Package{}}
	var sources []*source
	for _, folder := range folders {
		names, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		s := &source{path: strings.TrimSuffix(module+"/"+folder, "/."), fset: fset}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			s.files = append(s.files, file)
		}
		pkg, err := s.check(known)
		if err != nil {
			t.Fatal(err)
		}
		known.own[s.path] = pkg
		sources = append(sources, s)
	}
	return sources
}

// snippet loads a few declarations as a package of their own. It may import
// whatever its text mentions.
func snippet(t *testing.T, fset *token.FileSet, next types.Importer, text string) *source {
	t.Helper()
	header := "package snippet\n"
	for _, path := range []string{
		"context", "errors", "fmt", "io", "net", "net/http", "strings", "sync", "sync/atomic", "time",
		"unsafe", "crypto/tls",
	} {
		name := path[strings.LastIndex(path, "/")+1:]
		if strings.Contains(text, name+".") && !strings.Contains(text, `"`+path+`"`) {
			header += fmt.Sprintf("import %q\n", path)
		}
	}
	file, err := parser.ParseFile(fset, "snippet.go", header+text, 0)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	s := &source{path: module + "/snippet", fset: fset, files: []*ast.File{file}}
	// What the checker refuses the laws refuse too: errors do not matter here.
	_, _ = s.check(next)
	return s
}

// check finds out types, declarations, and what holds a recovered panic.
func (s *source) check(next types.Importer) (*types.Package, error) {
	s.info = &types.Info{
		Types:      map[ast.Expr]types.TypeAndValue{},
		Defs:       map[*ast.Ident]types.Object{},
		Uses:       map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{},
	}
	config := types.Config{Importer: next}
	config.Error = func(error) {} // go on: a snippet may be wrong in many ways
	pkg, err := config.Check(s.path, s.fset, s.files, s.info)
	s.decls = map[types.Object]*ast.FuncDecl{}
	s.fixed = map[types.Object]bool{}
	for _, file := range s.files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				s.decls[s.info.Defs[n.Name]] = n
			case *ast.AssignStmt:
				if len(n.Rhs) == 1 && s.isBuiltin(n.Rhs[0], "recover") {
					s.fixed[s.object(n.Lhs[0])] = true
				}
			}
			return true
		})
	}
	delete(s.fixed, nil)
	return pkg, err
}

// visit calls look for every node, with the nodes around it, outermost first.
func (s *source) visit(look func(n ast.Node, up []ast.Node)) {
	for _, file := range s.files {
		var up []ast.Node
		ast.Inspect(file, func(n ast.Node) bool {
			if n == nil {
				up = up[:len(up)-1]
				return true
			}
			look(n, up)
			up = append(up, n)
			return true
		})
	}
}

// chain imports the plugin's own packages from what was loaded already.
type chain struct {
	next types.Importer
	own  map[string]*types.Package
}

func (c *chain) Import(path string) (*types.Package, error) {
	if pkg := c.own[path]; pkg != nil {
		return pkg, nil
	}
	return c.next.Import(path)
}

// exports are the compiler's export data of all that the plugin imports: read
// in a moment, where type-checking net/http from its source takes many
// seconds under the race detector.
var exports = sync.OnceValues(func() (map[string]string, error) {
	list := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", "./...")
	list.Stderr = os.Stderr
	out, err := list.Output()
	files := map[string]string{}
	for _, line := range strings.Split(string(out), "\n") {
		path, file, _ := strings.Cut(line, " ")
		files[path] = file
	}
	return files, err
})

func compiled(t *testing.T, fset *token.FileSet) types.Importer {
	t.Helper()
	files, err := exports()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	return importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(files[path])
	})
}
