package upstreamauth_test

import (
	"go/ast"
	"go/types"
	"strings"
)

// The laws about panics of ours: none ends the process, and none leaves a lock
// behind.

// unguarded: whatever runs on a goroutine of its own begins with a deferred
// recover, and so does every function of ours that it defers beside: the
// interpreter lets a panic in a deferred function past the guards around it.
func unguarded(s *source, n ast.Node, _ []ast.Node) bool {
	switch n := n.(type) {
	case *ast.GoStmt:
		return !s.guards(n.Call.Fun)
	case *ast.CallExpr:
		if s.names(n.Fun, "context", "AfterFunc") {
			return !s.guards(n.Args[1])
		}
	}
	return false
}

// namedGuard: in a function literal, a deferred function or method that the
// interpreter has not compiled yet, as it is declared further below or in a
// later file, recovers nothing.
func namedGuard(s *source, n ast.Node, up []ast.Node) bool {
	later, ok := n.(*ast.DeferStmt)
	if !ok {
		return false
	}
	inner := s.body(later.Call.Fun)
	if _, literal := later.Call.Fun.(*ast.FuncLit); literal || inner == nil || !s.recovers(inner) {
		return false
	}
	for i := len(up) - 1; i >= 0; i-- {
		switch up[i].(type) {
		case *ast.FuncLit:
			return true
		case *ast.FuncDecl:
			return false
		}
	}
	return false
}

// guards tells whether a function begins by deferring a recover.
func (s *source) guards(e ast.Expr) bool {
	body := s.body(e)
	if body == nil {
		return false
	}
	guarded, leading := false, true
	for _, statement := range body.List {
		later, ok := statement.(*ast.DeferStmt)
		leading = leading && ok
		if !ok {
			continue
		}
		inner := s.body(later.Call.Fun)
		switch {
		case inner == nil: // compiled
		case s.recovers(inner):
			guarded = guarded || leading
		case !s.guards(later.Call.Fun):
			return false
		}
	}
	return guarded
}

// body is what a function literal, function or method of this package does.
func (s *source) body(e ast.Expr) *ast.BlockStmt {
	if closure, ok := e.(*ast.FuncLit); ok {
		return closure.Body
	}
	if decl := s.decls[s.object(e)]; decl != nil {
		return decl.Body
	}
	return nil
}

// recovers tells a guard: it calls recover itself.
func (s *source) recovers(body *ast.BlockStmt) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		found = found || (ok && s.isBuiltin(call, "recover"))
		_, closure := n.(*ast.FuncLit)
		return !closure
	})
	return found
}

// callUnderLock: where a panic would leave a lock locked for ever. What stands
// between Lock and an Unlock that is not deferred calls nothing of ours.
func callUnderLock(s *source, n ast.Node, _ []ast.Node) bool {
	block, ok := n.(*ast.BlockStmt)
	if !ok {
		return false
	}
	locked, found := false, false
	for i, statement := range block.List {
		switch {
		case locks(statement, "Lock"):
			_, deferred := at(block.List, i+1).(*ast.DeferStmt)
			locked = !deferred
		case locks(statement, "Unlock"):
			locked = false
		case locked:
			ast.Inspect(statement, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				found = found || (ok && s.isOurs(call.Fun))
				return !found
			})
		}
	}
	return found
}

func at(list []ast.Stmt, i int) ast.Stmt {
	if i < len(list) {
		return list[i]
	}
	return nil
}

// locks tells a statement that is a call of a method of this name.
func locks(statement ast.Stmt, name string) bool {
	expression, ok := statement.(*ast.ExprStmt)
	if !ok {
		return false
	}
	call, ok := expression.X.(*ast.CallExpr)
	if !ok {
		return false
	}
	method, ok := call.Fun.(*ast.SelectorExpr)
	return ok && method.Sel.Name == name
}

// isOurs tells what is called: a function or method of the plugin, or whatever
// a variable holds.
func (s *source) isOurs(e ast.Expr) bool {
	switch o := s.object(e).(type) {
	case *types.Func:
		return o.Pkg() != nil && strings.HasPrefix(o.Pkg().Path(), module)
	case *types.Var:
		_, function := o.Type().Underlying().(*types.Signature)
		return function
	}
	return false
}
