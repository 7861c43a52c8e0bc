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

// literalToResult tells a literal of a struct of the same room that is assigned to a named
// result: the function sees what it says, and returns none of it.
func literalToResult(s *source, n ast.Node, up []ast.Node) bool {
	e, ok := n.(*ast.AssignStmt)
	if !ok || e.Tok != token.ASSIGN || len(e.Lhs) != len(e.Rhs) {
		return false
	}
	results := resultsOf(up)
	for i, value := range e.Rhs {
		literal, ok := value.(*ast.CompositeLit)
		name, isName := e.Lhs[i].(*ast.Ident)
		if !ok || !isName || results == nil {
			continue
		}
		named, isNamed := types.Unalias(s.typeOf(literal)).(*types.Named)
		if !isNamed || named.Obj().Pkg() == nil || named.Obj().Pkg().Path() != s.path {
			continue
		}
		if _, isStruct := named.Underlying().(*types.Struct); !isStruct {
			continue
		}
		for _, field := range results.List {
			for _, result := range field.Names {
				if s.object(name) != nil && s.object(name) == s.object(result) {
					return true
				}
			}
		}
	}
	return false
}

// resultsOf are those of the innermost function.
func resultsOf(up []ast.Node) *ast.FieldList {
	for i := len(up) - 1; i >= 0; i-- {
		switch f := up[i].(type) {
		case *ast.FuncLit:
			return f.Type.Results
		case *ast.FuncDecl:
			return f.Type.Results
		}
	}
	return nil
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

// assignsLiteral: the others keep what they had.
func assignsLiteral(s *source, n ast.Node, _ []ast.Node) bool {
	e, ok := n.(*ast.AssignStmt)
	if !ok || e.Tok != token.ASSIGN || len(e.Rhs) < 2 {
		return false
	}
	for _, value := range e.Rhs {
		literal, ok := value.(*ast.CompositeLit)
		if !ok {
			continue
		}
		if _, isStruct := s.typeOf(literal).Underlying().(*types.Struct); isStruct {
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
