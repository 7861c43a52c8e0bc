package upstreamauth_test

import (
	"go/ast"
	"go/types"
	"strings"
)

// What the laws ask of types and places.

// object is what a name or a selector stands for; nil for other expressions.
func (s *source) object(e ast.Expr) types.Object {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return s.object(e.X)
	case *ast.Ident:
		if def := s.info.Defs[e]; def != nil {
			return def
		}
		return s.info.Uses[e]
	case *ast.SelectorExpr:
		return s.info.Uses[e.Sel]
	}
	return nil
}

// names tells whether e stands for a package's function, type or variable.
func (s *source) names(e ast.Expr, path, name string) bool {
	o := s.object(e)
	return o != nil && o.Pkg() != nil && o.Pkg().Path() == path && o.Name() == name &&
		o.Parent() == o.Pkg().Scope()
}

// isBuiltin tells a call of a builtin: of the named one, or of any.
func (s *source) isBuiltin(e ast.Expr, name string) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	b, ok := s.object(call.Fun).(*types.Builtin)
	return ok && (name == "" || b.Name() == name)
}

// isCall tells a call, builtin or not, from a conversion.
func (s *source) isCall(e ast.Expr) bool {
	call, ok := e.(*ast.CallExpr)
	return ok && !s.info.Types[call.Fun].IsType()
}

func (s *source) typeOf(e ast.Expr) types.Type {
	if e == nil {
		return nil
	}
	return s.info.TypeOf(e)
}

func isInterface(t types.Type) bool {
	return t != nil && types.IsInterface(t)
}

func isFunc(t types.Type) bool {
	if t == nil {
		return false
	}
	_, ok := t.Underlying().(*types.Signature)
	return ok
}

func isText(t types.Type) bool {
	basic, ok := t.Underlying().(*types.Basic)
	return ok && basic.Info()&types.IsString != 0
}

// named strips pointers, and returns the name of what is left; nil if it has none.
func named(t types.Type) *types.TypeName {
	for {
		p, ok := t.(*types.Pointer)
		if !ok {
			break
		}
		t = p.Elem()
	}
	n, ok := t.(*types.Named)
	if !ok {
		return nil
	}
	return n.Obj()
}

// ours tells whether a type, or what it points to or holds, is interpreted:
// named by one of our packages, or a struct without a name.
func ours(t types.Type) bool {
	if t == nil {
		return false
	}
	if name := named(t); name != nil {
		return name.Pkg() != nil && ourPath(name.Pkg().Path())
	}
	switch t := t.(type) {
	case *types.Pointer:
		return ours(t.Elem())
	case *types.Slice:
		return ours(t.Elem())
	case *types.Array:
		return ours(t.Elem())
	case *types.Map:
		return ours(t.Elem())
	case *types.Struct:
		return true
	}
	return false
}

func ourPath(path string) bool {
	return path == module || strings.HasPrefix(path, module+"/")
}

// compiledStruct tells a struct that belongs to the standard library.
func compiledStruct(t types.Type) bool {
	if t == nil || ours(t) {
		return false
	}
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	_, ok := t.Underlying().(*types.Struct)
	return ok
}

// inLoop tells whether a node is run again by a loop of its own function. up
// holds the nodes around it, outermost first.
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

// function returns the body and the signature of the innermost function.
func (s *source) function(up []ast.Node) (*ast.BlockStmt, *types.Signature) {
	for i := len(up) - 1; i >= 0; i-- {
		switch f := up[i].(type) {
		case *ast.FuncLit:
			signature, _ := s.typeOf(f).(*types.Signature)
			return f.Body, signature
		case *ast.FuncDecl:
			if o := s.info.Defs[f.Name]; o != nil {
				return f.Body, o.Type().(*types.Signature)
			}
		}
	}
	return nil, nil
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

// mention makes a law of never naming something of a package.
func mention(path string, forbidden ...string) func(*source, ast.Node, []ast.Node) bool {
	return func(s *source, n ast.Node, _ []ast.Node) bool {
		e, ok := n.(*ast.SelectorExpr)
		if !ok {
			return false
		}
		for _, name := range forbidden {
			if s.names(e, path, name) {
				return true
			}
		}
		return false
	}
}
