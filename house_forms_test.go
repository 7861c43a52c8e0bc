package upstreamauth_test

import (
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
)

// Laws that are about the form of one expression or statement.

func isSelect(_ *source, n ast.Node, _ []ast.Node) bool {
	_, ok := n.(*ast.SelectStmt)
	return ok
}

func isIota(s *source, n ast.Node, _ []ast.Node) bool {
	e, ok := n.(*ast.Ident)
	return ok && s.object(e) == types.Universe.Lookup("iota")
}

// newerGo: range over numbers and functions, builtins since Go 1.21, and
// generic parts of the standard library.
func newerGo(s *source, n ast.Node, up []ast.Node) bool {
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
	}
	return mention("sync", "OnceValue", "OnceValues")(s, n, up) ||
		mention("sync/atomic", "Pointer")(s, n, up)
}

func twoByOne(_ *source, n ast.Node, up []ast.Node) bool {
	spec, ok := n.(*ast.ValueSpec)
	return ok && len(up) == 2 && len(spec.Names) > 1 && len(spec.Values) == 1
}

// compiledMethodValue: d.DialContext, not called, of a type of the library.
func compiledMethodValue(s *source, n ast.Node, up []ast.Node) bool {
	e, ok := n.(*ast.SelectorExpr)
	if !ok || called(n, up) {
		return false
	}
	selection := s.info.Selections[e]
	return selection != nil && selection.Kind() != types.FieldVal && !ours(selection.Recv())
}

// callback: a function of ours in a field of a compiled struct.
func callback(s *source, n ast.Node, _ []ast.Node) bool {
	switch n := n.(type) {
	case *ast.CompositeLit:
		for _, e := range n.Elts {
			pair, ok := e.(*ast.KeyValueExpr)
			if ok && compiledStruct(s.typeOf(n)) && isFunc(s.typeOf(pair.Value)) {
				return true
			}
		}
	case *ast.AssignStmt:
		for _, left := range n.Lhs {
			field, ok := left.(*ast.SelectorExpr)
			if ok && isFunc(s.typeOf(field)) && compiledStruct(s.typeOf(field.X)) {
				return true
			}
		}
	}
	return false
}

func interfacesCompared(s *source, n ast.Node, _ []ast.Node) bool {
	e, ok := n.(*ast.BinaryExpr)
	return ok && (e.Op == token.EQL || e.Op == token.NEQ) &&
		isInterface(s.typeOf(e.X)) && isInterface(s.typeOf(e.Y))
}

func interfaceKey(s *source, n ast.Node, _ []ast.Node) bool {
	e, ok := n.(*ast.MapType)
	return ok && isInterface(s.typeOf(e.Key))
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
	return s.fixed[s.object(e)] || s.isBuiltin(e, "recover")
}

func errorsAs(s *source, n ast.Node, _ []ast.Node) bool {
	call, ok := n.(*ast.CallExpr)
	return ok && s.names(call.Fun, "errors", "As") && len(call.Args) == 2 && ours(s.typeOf(call.Args[1]))
}

// hookMethod: compiled code ignores such methods of ours, or panics.
func hookMethod(_ *source, n ast.Node, _ []ast.Node) bool {
	f, ok := n.(*ast.FuncDecl)
	if !ok || f.Recv == nil {
		return false
	}
	switch f.Name.Name {
	case "UnmarshalJSON", "UnmarshalText", "MarshalJSON", "MarshalText", "Unwrap", "Is", "As",
		"RoundTrip", "String", "GoString", "Format", "LogValue":
		return true
	}
	return false
}

func embeddedInterface(s *source, n ast.Node, _ []ast.Node) bool {
	e, ok := n.(*ast.StructType)
	if !ok {
		return false
	}
	for _, field := range e.Fields.List {
		if len(field.Names) == 0 && isInterface(s.typeOf(field.Type)) {
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

// capturedWrite: in hit.go, where every request runs the same closure.
func capturedWrite(s *source, n ast.Node, up []ast.Node) bool {
	file := filepath.Base(s.fset.Position(n.Pos()).Filename)
	if file != "hit.go" && file != "snippet.go" {
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
