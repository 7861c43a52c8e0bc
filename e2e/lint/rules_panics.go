package lint

import "go/ast"

// Rules about panics of ours: none ends the process, and none leaves a lock
// behind.

// unrecovered: whatever runs on a goroutine of its own begins with a deferred
// recover, and so does every function of ours that it defers beside: the
// interpreter lets a panic in a deferred function pass the recovers around it.
func unrecovered(s *source, n ast.Node, _ []ast.Node) bool {
	switch n := n.(type) {
	case *ast.GoStmt:
		return !s.isSafe(n.Call.Fun)
	case *ast.CallExpr:
		if s.names(n.Fun, "context", "AfterFunc") || s.names(n.Fun, "runtime", "SetFinalizer") {
			return !s.isSafe(n.Args[1])
		}
	}
	return false
}

// isSafe tells whether a function begins by deferring a recover.
func (s *source) isSafe(e ast.Expr) bool {
	started := s.function(e)
	if started == nil {
		return false
	}
	safe, leading := false, true
	for _, statement := range started.body.List {
		later, ok := statement.(*ast.DeferStmt)
		leading = leading && ok
		if !ok {
			continue
		}
		deferred := started.in.function(later.Call.Fun)
		switch {
		case deferred == nil: // compiled
		case deferred.recovers():
			safe = safe || leading
		case !started.in.isSafe(later.Call.Fun):
			return false
		}
	}
	return safe
}

// recovers tells a function that calls recover itself.
func (f *function) recovers() bool {
	found := false
	ast.Inspect(f.body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		found = found || (ok && f.in.isBuiltin(call, "recover"))
		_, closure := n.(*ast.FuncLit)
		return !closure
	})
	return found
}

// namedRecover: in a function literal, a deferred function or method of the
// same room that the interpreter has not compiled yet, as it is declared
// further below or in a later file, recovers nothing.
func namedRecover(s *source, n ast.Node, up []ast.Node) bool {
	later, ok := n.(*ast.DeferStmt)
	if !ok {
		return false
	}
	deferred := s.function(later.Call.Fun)
	_, literal := later.Call.Fun.(*ast.FuncLit)
	if literal || deferred == nil || deferred.in != s || !deferred.recovers() {
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
		case callsMethod(statement, "Lock"):
			locked = true
			if i+1 < len(block.List) {
				_, deferred := block.List[i+1].(*ast.DeferStmt)
				locked = !deferred
			}
		case callsMethod(statement, "Unlock"):
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

// callsMethod tells a statement that is a call of a method of this name.
func callsMethod(statement ast.Stmt, name string) bool {
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
