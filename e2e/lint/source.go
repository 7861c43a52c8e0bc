package lint

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/tools/go/packages"
)

const module = "github.com/upstreamauth/upstreamauth"

// source is one room as the rules look at it: syntax and types, without tests.
type source struct {
	path  string // import path
	root  string // file names are made relative to it
	fset  *token.FileSet
	files []*ast.File
	pkg   *types.Package
	info  *types.Info

	functions   map[types.Object]*function // of all rooms that were loaded together
	recoveredIn map[types.Object]bool      // variables that hold what recover returned
}

// load reads and type-checks the plugin's packages below root, an absolute
// path, without their tests. Modules inside it, such as e2e, are left out.
func load(root string) ([]*source, error) {
	found, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedImports |
			packages.NeedTypes | packages.NeedTypesInfo | packages.NeedSyntax,
		Dir: root,
		Env: append(os.Environ(), "GOWORK=off"),
	}, "./...")
	if err != nil {
		return nil, err
	}
	var sources []*source
	functions := map[types.Object]*function{}
	for _, p := range found {
		for _, e := range p.Errors {
			err = errors.Join(err, fmt.Errorf("loading %s: %w", p.PkgPath, e))
		}
		if len(p.Syntax) == 0 || forTests(p.PkgPath) {
			continue
		}
		s := &source{path: p.PkgPath, root: root, fset: p.Fset, files: p.Syntax, pkg: p.Types, info: p.TypesInfo}
		s.index(functions)
		sources = append(sources, s)
	}
	if err == nil && len(sources) == 0 {
		err = fmt.Errorf("no packages below %s", root)
	}
	return sources, err
}

// forTests tells a package that only tests import, such as config/configtest:
// it is not part of what is staged and interpreted.
func forTests(path string) bool { return strings.HasSuffix(path, "test") }

// index notes what the rules look up again and again, and adds the room's
// functions to those of the others.
func (s *source) index(functions map[types.Object]*function) {
	s.functions = functions
	s.recoveredIn = map[types.Object]bool{}
	for _, file := range s.files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Body != nil {
					functions[s.info.Defs[n.Name]] = &function{in: s, body: n.Body}
				}
			case *ast.AssignStmt:
				if len(n.Rhs) == 1 && s.isBuiltin(n.Rhs[0], "recover") {
					s.recoveredIn[s.object(n.Lhs[0])] = true
				}
			}
			return true
		})
	}
	delete(s.recoveredIn, nil)
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

// room is the package's path below the module: "" is the root.
func (s *source) room() string { return roomOf(s.path) }

func roomOf(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
}

// position is a place with its file relative to the plugin's root, such as
// gate/hit.go.
func (s *source) position(at token.Pos) token.Position {
	p := s.fset.Position(at)
	if name, err := filepath.Rel(s.root, p.Filename); err == nil && s.root != "" {
		p.Filename = name
	}
	p.Filename = filepath.ToSlash(p.Filename)
	return p
}

func (s *source) violation(at token.Pos, rule, detail string) Violation {
	return Violation{At: s.position(at), Rule: rule, Detail: detail}
}
