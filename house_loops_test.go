package upstreamauth_test

import (
	"go/ast"
	"go/types"
)

// Laws about what happens more than once, later, or at the same time.

func closureInLoop(s *source, n ast.Node, up []ast.Node) bool {
	switch e := n.(type) {
	case *ast.FuncLit:
		return inLoop(n, up)
	case *ast.SelectorExpr:
		selection := s.info.Selections[e]
		return selection != nil && selection.Kind() == types.MethodVal && !called(n, up) && inLoop(n, up)
	}
	return false
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
	body, _ := s.function(up)
	ast.Inspect(body, func(n ast.Node) bool {
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

// interfaceInLoop: a value of ours becomes an interface. Values of compiled and
// of basic types come to no harm, nor does what is returned, since that ends
// the loop.
func interfaceInLoop(s *source, n ast.Node, up []ast.Node) bool {
	if !inLoop(n, up) {
		return false
	}
	becomes := func(t types.Type, e ast.Expr) bool {
		from := s.typeOf(e)
		return isInterface(t) && from != nil && !isInterface(from) && ours(from) &&
			!s.info.Types[e].IsNil()
	}
	switch n := n.(type) {
	case *ast.AssignStmt:
		for i, left := range n.Lhs {
			if len(n.Lhs) == len(n.Rhs) && becomes(s.typeOf(left), n.Rhs[i]) {
				return true
			}
			if len(n.Lhs) != len(n.Rhs) && isInterface(s.typeOf(left)) && s.concrete(n.Rhs[0], i) {
				return true
			}
		}
	case *ast.ValueSpec:
		for _, value := range n.Values {
			if becomes(s.typeOf(n.Type), value) {
				return true
			}
		}
	case *ast.SendStmt:
		channel, ok := s.typeOf(n.Chan).Underlying().(*types.Chan)
		return ok && becomes(channel.Elem(), n.Value)
	case *ast.CallExpr:
		for i, argument := range n.Args {
			if becomes(s.parameter(n, i), argument) {
				return true
			}
		}
	case *ast.CompositeLit:
		for i, e := range n.Elts {
			value := e
			if pair, ok := e.(*ast.KeyValueExpr); ok {
				value = pair.Value
			}
			if becomes(s.element(n, i), value) {
				return true
			}
		}
	}
	return false
}

// concrete tells whether the i-th result of a call is a value of ours.
func (s *source) concrete(e ast.Expr, i int) bool {
	results, ok := s.typeOf(e).(*types.Tuple)
	return ok && i < results.Len() && !isInterface(results.At(i).Type()) && ours(results.At(i).Type())
}

// parameter is the type that a call's i-th argument turns into.
func (s *source) parameter(call *ast.CallExpr, i int) types.Type {
	if s.info.Types[call.Fun].IsType() {
		return s.typeOf(call)
	}
	signature, ok := s.typeOf(call.Fun).(*types.Signature)
	if !ok || signature.Params().Len() == 0 {
		return nil
	}
	last := signature.Params().Len() - 1
	if signature.Variadic() && i >= last && !call.Ellipsis.IsValid() {
		slice, ok := signature.Params().At(last).Type().(*types.Slice)
		if !ok {
			return nil
		}
		return slice.Elem()
	}
	if i > last {
		return nil
	}
	return signature.Params().At(i).Type()
}

// element is the type that a literal's i-th element turns into.
func (s *source) element(literal *ast.CompositeLit, i int) types.Type {
	t := s.typeOf(literal)
	if t == nil {
		return nil
	}
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	switch t := t.Underlying().(type) {
	case *types.Slice:
		return t.Elem()
	case *types.Array:
		return t.Elem()
	case *types.Map:
		return t.Elem()
	case *types.Struct:
		if pair, ok := literal.Elts[i].(*ast.KeyValueExpr); ok {
			return s.typeOf(pair.Key)
		}
		return t.Field(i).Type()
	}
	return nil
}
