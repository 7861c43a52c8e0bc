package lint

import (
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"slices"
	"strings"

	"github.com/traefik/yaegi/stdlib"
)

// Rules about what the interpreter does not load.

// interpretedPackages are those of the standard library that the interpreter
// brings as sources, of Go 1.21, since they are generic.
var interpretedPackages = map[string][]string{
	"cmp":  {"Ordered", "Less", "Compare"},
	"maps": {"Copy", "DeleteFunc", "Equal", "EqualFunc", "Clone"},
	"slices": {
		"BinarySearch", "BinarySearchFunc", "Clip", "Clone", "Compact", "CompactFunc", "Compare", "CompareFunc",
		"Contains", "ContainsFunc", "Delete", "DeleteFunc", "Equal", "EqualFunc", "Grow", "Index", "IndexFunc",
		"Insert", "IsSorted", "IsSortedFunc", "Max", "MaxFunc", "Min", "MinFunc", "Replace", "Reverse",
		"Sort", "SortFunc", "SortStableFunc",
	},
}

// compiledPackages are those that the interpreter has compiled in, with the
// names that it knows of each.
var compiledPackages = func() map[string]map[string]bool {
	known := map[string]map[string]bool{}
	for key, symbols := range stdlib.Symbols { // the key is net/http/http
		names := map[string]bool{}
		for name := range symbols {
			names[name] = true
		}
		known[path.Dir(key)] = names
	}
	return known
}()

// interpreterHas tells whether the interpreter knows a name of the standard
// library.
func interpreterHas(importPath, name string) bool {
	if names, ok := interpretedPackages[importPath]; ok {
		return slices.Contains(names, name)
	}
	return compiledPackages[importPath][name]
}

// newerGo: range over numbers and functions, builtins since Go 1.21, and names
// of the standard library that the interpreter lacks.
func newerGo(s *source, n ast.Node, _ []ast.Node) bool {
	switch n := n.(type) {
	case *ast.RangeStmt:
		t := s.typeOf(n.X)
		if t == nil {
			return true
		}
		basic, ok := t.Underlying().(*types.Basic)
		return isFunc(t) || (ok && basic.Info()&types.IsString == 0)
	case *ast.CallExpr:
		return s.isBuiltin(n, "min") || s.isBuiltin(n, "max") || s.isBuiltin(n, "clear")
	case *ast.SelectorExpr:
		qualifier, ok := n.X.(*ast.Ident)
		if !ok {
			return false
		}
		name, ok := s.info.Uses[qualifier].(*types.PkgName)
		if !ok || !allowedImport(name.Imported().Path()) || !inStandardLibrary(name.Imported().Path()) {
			return false
		}
		return !interpreterHas(name.Imported().Path(), n.Sel.Name)
	}
	return false
}

// foreignImport: only the part of the standard library that the interpreter
// has, the one library that was tried, and our own. Which of our own may
// import which is said in imports.go.
func foreignImport(_ *source, n ast.Node, _ []ast.Node) bool {
	spec, ok := n.(*ast.ImportSpec)
	if !ok {
		return false
	}
	return !allowedImport(strings.Trim(spec.Path.Value, `"`)) || (spec.Name != nil && spec.Name.Name == ".")
}

func allowedImport(importPath string) bool {
	switch importPath {
	case "C", "unsafe", "embed", "plugin", "syscall", "iter", "unique", "testing":
		return false
	case "github.com/hashicorp/golang-lru/simplelru":
		return true
	}
	if ourPath(importPath) {
		return importPath != module+"/e2e" && !strings.HasPrefix(importPath, module+"/e2e/")
	}
	_, compiled := compiledPackages[importPath]
	_, interpreted := interpretedPackages[importPath]
	return compiled || interpreted
}

func inStandardLibrary(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

// generic: generic types of another package do not load, and two that mention
// each other end the process.
func generic(_ *source, n ast.Node, _ []ast.Node) bool {
	switch n := n.(type) {
	case *ast.FuncDecl:
		return n.Type.TypeParams != nil
	case *ast.TypeSpec:
		return n.TypeParams != nil
	}
	return false
}

func twoByOne(_ *source, n ast.Node, up []ast.Node) bool {
	spec, ok := n.(*ast.ValueSpec)
	return ok && len(up) == 2 && len(spec.Names) > 1 && len(spec.Values) == 1
}

// compiledMethodValue: d.DialContext, not called, of a type of the library.
func compiledMethodValue(s *source, n ast.Node, up []ast.Node) bool {
	return s.isValue(types.MethodVal, n, up) && !ours(s.info.Selections[n.(*ast.SelectorExpr)].Recv())
}

// methodExpression: (*T).f as a value, of a type of ours or of the library.
func methodExpression(s *source, n ast.Node, up []ast.Node) bool {
	return s.isValue(types.MethodExpr, n, up)
}

// isValue tells a selection of that kind that is not called.
func (s *source) isValue(kind types.SelectionKind, n ast.Node, up []ast.Node) bool {
	e, ok := n.(*ast.SelectorExpr)
	if !ok || called(n, up) {
		return false
	}
	selection := s.info.Selections[e]
	return selection != nil && selection.Kind() == kind
}

func isSelect(_ *source, n ast.Node, _ []ast.Node) bool {
	_, ok := n.(*ast.SelectStmt)
	return ok
}

func isGoto(_ *source, n ast.Node, _ []ast.Node) bool {
	branch, ok := n.(*ast.BranchStmt)
	return ok && branch.Tok == token.GOTO
}
