package lint

import (
	"go/ast"
	"go/token"
	"go/types"
)

// Rules about what happens more than once, or later.

func closureInLoop(s *source, n ast.Node, up []ast.Node) bool {
	if _, ok := n.(*ast.FuncLit); ok {
		return inLoop(n, up)
	}
	return s.isValue(types.MethodVal, n, up) && inLoop(n, up)
}

func deferInLoop(_ *source, n ast.Node, up []ast.Node) bool {
	_, ok := n.(*ast.DeferStmt)
	return ok && inLoop(n, up)
}

// deferredChanges: the interpreter reads receiver and arguments at the end.
func deferredChanges(s *source, n ast.Node, up []ast.Node) bool {
	later, ok := n.(*ast.DeferStmt)
	if !ok {
		return false
	}
	used := map[types.Object]bool{}
	note := func(e ast.Expr) {
		ast.Inspect(e, func(n ast.Node) bool {
			if name, ok := n.(*ast.Ident); ok {
				used[s.object(name)] = true
			}
			_, closure := n.(*ast.FuncLit)
			return !closure // it reads at the end by the language, too
		})
	}
	note(later.Call.Fun)
	for _, argument := range later.Call.Args {
		note(argument)
	}
	delete(used, nil)
	changed := false
	ast.Inspect(enclosing(up), func(n ast.Node) bool {
		if n == nil || n.Pos() < later.End() {
			return true
		}
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, left := range n.Lhs {
				name, ok := left.(*ast.Ident)
				changed = changed || (ok && used[s.info.Uses[name]])
			}
		case *ast.IncDecStmt:
			changed = changed || used[s.object(n.X)]
		}
		return true
	})
	return changed
}

// interfaceInLoop: a value of ours is converted to an interface. Values of
// compiled and of basic types are not affected, nor is what is returned, since
// that ends the loop.
func interfaceInLoop(s *source, n ast.Node, up []ast.Node) bool {
	if !inLoop(n, up) && !isRange(n) {
		return false
	}
	converts := func(to types.Type, e ast.Expr) bool {
		return convertsOurs(to, s.typeOf(e)) && !s.info.Types[e].IsNil()
	}
	switch n := n.(type) {
	case *ast.RangeStmt:
		return n.Tok == token.ASSIGN && convertsOurs(s.typeOf(n.Value), elementOf(s.typeOf(n.X)))
	case *ast.AssignStmt:
		for i, left := range n.Lhs {
			if len(n.Lhs) == len(n.Rhs) && converts(s.typeOf(left), n.Rhs[i]) {
				return true
			}
			if len(n.Lhs) != len(n.Rhs) && convertsOurs(s.typeOf(left), s.result(n.Rhs[0], i)) {
				return true
			}
		}
	case *ast.ValueSpec:
		for _, value := range n.Values {
			if converts(s.typeOf(n.Type), value) {
				return true
			}
		}
	case *ast.SendStmt:
		channel, ok := s.typeOf(n.Chan).Underlying().(*types.Chan)
		return ok && converts(channel.Elem(), n.Value)
	case *ast.CallExpr:
		for i, argument := range n.Args {
			if converts(s.parameter(n, i), argument) {
				return true
			}
		}
	case *ast.CompositeLit:
		for i, e := range n.Elts {
			if converts(s.element(n, i), valueOf(e)) {
				return true
			}
		}
	}
	return false
}

func isRange(n ast.Node) bool {
	_, ok := n.(*ast.RangeStmt)
	return ok
}

// convertsOurs tells whether a value of ours of the one type is converted to
// an interface when it is put into the other.
func convertsOurs(to, from types.Type) bool {
	return isInterface(to) && from != nil && !isInterface(from) && ours(from)
}

// result is the type of a call's i-th result.
func (s *source) result(e ast.Expr, i int) types.Type {
	results, ok := s.typeOf(e).(*types.Tuple)
	if !ok || i >= results.Len() {
		return nil
	}
	return results.At(i).Type()
}

// elementOf is what a range over a slice, array, map or channel gives.
func elementOf(t types.Type) types.Type {
	if t == nil {
		return nil
	}
	if holder, ok := t.Underlying().(interface{ Elem() types.Type }); ok {
		if p, ok := holder.Elem().Underlying().(*types.Array); ok && isPointer(t) {
			return p.Elem()
		}
		return holder.Elem()
	}
	return nil
}

func isPointer(t types.Type) bool {
	_, ok := t.Underlying().(*types.Pointer)
	return ok
}
