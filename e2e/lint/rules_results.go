package lint

import (
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"strings"
)

// Rules about arguments, results and assignments that get lost.

// namelessParameter: its argument lands in the place of another variable.
func namelessParameter(_ *source, n ast.Node, _ []ast.Node) bool {
	var parameters *ast.FieldList
	switch f := n.(type) {
	case *ast.FuncDecl:
		parameters = f.Type.Params
	case *ast.FuncLit:
		parameters = f.Type.Params
	default:
		return false
	}
	for _, field := range parameters.List {
		if len(field.Names) == 0 {
			return true
		}
	}
	return false
}

func returnBuiltin(s *source, n ast.Node, _ []ast.Node) bool {
	e, ok := n.(*ast.ReturnStmt)
	if !ok || len(e.Results) < 2 {
		return false
	}
	for _, result := range e.Results {
		if s.isBuiltin(result, "") && !s.isBuiltin(result, "append") {
			return true
		}
	}
	return false
}

func returnField(s *source, n ast.Node, _ []ast.Node) bool {
	e, ok := n.(*ast.ReturnStmt)
	if !ok || len(e.Results) < 2 {
		return false
	}
	for _, result := range e.Results {
		call, ok := result.(*ast.CallExpr)
		if !ok {
			continue
		}
		field, ok := call.Fun.(*ast.SelectorExpr)
		if ok && s.info.Selections[field] != nil && s.info.Selections[field].Kind() == types.FieldVal {
			return true
		}
	}
	return false
}

func returnReceive(_ *source, n ast.Node, up []ast.Node) bool {
	e, ok := n.(*ast.UnaryExpr)
	if !ok || e.Op != token.ARROW || len(up) == 0 {
		return false
	}
	_, ok = up[len(up)-1].(*ast.ReturnStmt)
	return ok
}

func assignsCall(s *source, n ast.Node, _ []ast.Node) bool {
	e, ok := n.(*ast.AssignStmt)
	if !ok || e.Tok != token.ASSIGN || len(e.Rhs) < 2 {
		return false
	}
	for _, value := range e.Rhs {
		if s.isCall(value) {
			return true
		}
	}
	return false
}

// assignsNil: it panics.
func assignsNil(s *source, n ast.Node, _ []ast.Node) bool {
	e, ok := n.(*ast.AssignStmt)
	if !ok || e.Tok != token.ASSIGN || len(e.Rhs) < 2 {
		return false
	}
	for _, value := range e.Rhs {
		if s.info.Types[value].IsNil() {
			return true
		}
	}
	return false
}

// namedResultsInLoop: a named result that is not assigned keeps its value of the call
// before, in which the loop was at the same place. Functions of compiled packages are
// not affected; those of our dependencies are interpreted too.
func namedResultsInLoop(s *source, n ast.Node, up []ast.Node) bool {
	call, ok := n.(*ast.CallExpr)
	if !ok || !inLoop(n, up) {
		return false
	}
	signature, ok := s.typeOf(call.Fun).(*types.Signature)
	if !ok || !s.isInterpreted(call.Fun) {
		return false
	}
	for i := 0; i < signature.Results().Len(); i++ {
		if name := signature.Results().At(i).Name(); name != "" && name != "_" {
			return true
		}
	}
	return false
}

// isInterpreted tells whether a called function may be one that the interpreter runs:
// one of a package that is not in the standard library, or a value, whose function is
// not known here.
func (s *source) isInterpreted(e ast.Expr) bool {
	f, ok := s.object(e).(*types.Func)
	if !ok || f.Pkg() == nil {
		return true
	}
	first, _, _ := strings.Cut(f.Pkg().Path(), "/")
	return strings.Contains(first, ".") || ourPath(f.Pkg().Path())
}

// capturedWrite: in hit.go, where every request runs the same closure.
func capturedWrite(s *source, n ast.Node, up []ast.Node) bool {
	if path.Base(s.position(n.Pos()).Filename) != "hit.go" {
		return false
	}
	written := []ast.Expr{}
	switch n := n.(type) {
	case *ast.AssignStmt:
		written = n.Lhs
	case *ast.IncDecStmt:
		written = []ast.Expr{n.X}
	}
	for i := len(up) - 1; i >= 0 && len(written) > 0; i-- {
		closure, ok := up[i].(*ast.FuncLit)
		if !ok {
			continue
		}
		for _, e := range written {
			o := s.object(e)
			if _, name := e.(*ast.Ident); name && o != nil && o.Name() != "_" && o.Pos() < closure.Pos() {
				return true
			}
		}
	}
	return false
}
