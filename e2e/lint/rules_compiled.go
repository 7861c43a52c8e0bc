package lint

import (
	"go/ast"
	"go/types"
	"slices"
)

// Rules about what compiled code, of the standard library, does with values of
// ours.

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

// valueInCompiledLiteral: &http.Request{Body: &T{}} panics when it is read. The
// result of a function whose type is the interface works.
func valueInCompiledLiteral(s *source, n ast.Node, _ []ast.Node) bool {
	literal, ok := n.(*ast.CompositeLit)
	if !ok || !compiledStruct(s.typeOf(literal)) {
		return false
	}
	for i, e := range literal.Elts {
		value := s.typeOf(valueOf(e))
		if isInterface(s.element(literal, i)) && ours(value) && !isInterface(value) {
			return true
		}
	}
	return false
}

// templateData: a template does not find the fields of every struct of ours;
// maps work.
func templateData(s *source, n ast.Node, _ []ast.Node) bool {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) == 0 {
		return false
	}
	method, ok := s.object(call.Fun).(*types.Func)
	if !ok || method.Pkg() == nil || !slices.Contains([]string{"text/template", "html/template"}, method.Pkg().Path()) {
		return false
	}
	return slices.Contains([]string{"Execute", "ExecuteTemplate"}, method.Name()) &&
		ours(s.typeOf(call.Args[len(call.Args)-1]))
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

// embeddedInterface: calling its methods through a pointer panics.
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
