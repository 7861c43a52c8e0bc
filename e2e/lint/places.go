package lint

import (
	"go/ast"
	"go/types"
)

// What the rules ask about the nodes around one. up holds them, outermost
// first.

// inLoop tells whether a node is run again by a loop of its own function.
func inLoop(n ast.Node, up []ast.Node) bool {
	inner := n
	for i := len(up) - 1; i >= 0; i-- {
		switch outer := up[i].(type) {
		case *ast.FuncLit, *ast.FuncDecl:
			return false
		case *ast.ForStmt:
			if inner != outer.Init {
				return true
			}
		case *ast.RangeStmt:
			if inner != outer.X {
				return true
			}
		}
		inner = up[i]
	}
	return false
}

// enclosing is the body of the innermost function around a node.
func enclosing(up []ast.Node) *ast.BlockStmt {
	for i := len(up) - 1; i >= 0; i-- {
		switch f := up[i].(type) {
		case *ast.FuncLit:
			return f.Body
		case *ast.FuncDecl:
			return f.Body
		}
	}
	return nil
}

// called tells whether a node is what is called, not a value.
func called(n ast.Node, up []ast.Node) bool {
	for i := len(up) - 1; i >= 0; i-- {
		switch outer := up[i].(type) {
		case *ast.ParenExpr:
			n = outer
			continue
		case *ast.CallExpr:
			return outer.Fun == n
		}
		break
	}
	return false
}

// function is the body of a function and the room it stands in.
type function struct {
	in   *source
	body *ast.BlockStmt
}

// function finds a function literal, or a function or method of the plugin;
// nil for all others, which are compiled.
func (s *source) function(e ast.Expr) *function {
	if closure, ok := e.(*ast.FuncLit); ok {
		return &function{in: s, body: closure.Body}
	}
	return s.functions[s.object(e)]
}

// isOurs tells what is called: a function or method of the plugin, or whatever
// a variable holds.
func (s *source) isOurs(e ast.Expr) bool {
	switch o := s.object(e).(type) {
	case *types.Func:
		return o.Pkg() != nil && ourPath(o.Pkg().Path())
	case *types.Var:
		return isFunc(o.Type())
	}
	return false
}
