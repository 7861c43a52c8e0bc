package lint

import (
	"go/ast"
	"go/token"
	"go/types"
)

// Rules about comparing.

func isIota(s *source, n ast.Node, _ []ast.Node) bool {
	e, ok := n.(*ast.Ident)
	return ok && s.object(e) == types.Universe.Lookup("iota")
}

// interfacesCompared: by == and !=, or by a switch over an interface.
func interfacesCompared(s *source, n ast.Node, up []ast.Node) bool {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		return (n.Op == token.EQL || n.Op == token.NEQ) && s.comparedWrongly(n.X, n.Y)
	case *ast.CaseClause:
		over, ok := up[len(up)-2].(*ast.SwitchStmt)
		if !ok || over.Tag == nil {
			return false
		}
		for _, e := range n.List {
			if s.comparedWrongly(over.Tag, e) {
				return true
			}
		}
	}
	return false
}

func (s *source) comparedWrongly(x, y ast.Expr) bool {
	a, b := s.typeOf(x), s.typeOf(y)
	return (holdsInterface(a) && holdsInterface(b)) ||
		(isInterface(a) && ours(b)) || (ours(a) && isInterface(b))
}

func interfaceKey(s *source, n ast.Node, _ []ast.Node) bool {
	e, ok := n.(*ast.MapType)
	return ok && holdsInterface(s.typeOf(e.Key))
}

func typeSwitch(s *source, n ast.Node, _ []ast.Node) bool {
	e, ok := n.(*ast.TypeSwitchStmt)
	if !ok {
		return false
	}
	for _, clause := range e.Body.List {
		for _, t := range clause.(*ast.CaseClause).List {
			if ours(s.typeOf(t)) || isInterface(s.typeOf(t)) {
				return true
			}
		}
	}
	return false
}

// caseList: only the first of several is looked at, unless all are constants.
func caseList(s *source, n ast.Node, up []ast.Node) bool {
	clause, ok := n.(*ast.CaseClause)
	if !ok || len(clause.List) < 2 {
		return false
	}
	if _, ok := up[len(up)-2].(*ast.TypeSwitchStmt); ok {
		return false
	}
	for _, e := range clause.List {
		if s.info.Types[e].Value == nil {
			return true
		}
	}
	return false
}

// panicValue: what recovers it sees neither its type nor what it equals.
func panicValue(s *source, n ast.Node, _ []ast.Node) bool {
	call, ok := n.(*ast.CallExpr)
	return ok && s.isBuiltin(call, "panic") && !isText(s.typeOf(call.Args[0]))
}

func recoveredValue(s *source, n ast.Node, _ []ast.Node) bool {
	switch n := n.(type) {
	case *ast.TypeAssertExpr:
		return s.recovered(n.X)
	case *ast.BinaryExpr:
		return (s.recovered(n.X) && !s.info.Types[n.Y].IsNil()) || (s.recovered(n.Y) && !s.info.Types[n.X].IsNil())
	}
	return false
}

func (s *source) recovered(e ast.Expr) bool {
	return s.recoveredIn[s.object(e)] || s.isBuiltin(e, "recover")
}
