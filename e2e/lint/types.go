package lint

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"
)

// What the rules ask about types.

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

// names tells whether e stands for one of a package's functions, types or
// variables.
func (s *source) names(e ast.Expr, path string, names ...string) bool {
	o := s.object(e)
	return o != nil && o.Pkg() != nil && o.Pkg().Path() == path && slices.Contains(names, o.Name()) &&
		o.Parent() == o.Pkg().Scope()
}

// mentions makes a rule of never naming something of a package.
func mentions(path string, names ...string) func(*source, ast.Node, []ast.Node) bool {
	return func(s *source, n ast.Node, _ []ast.Node) bool {
		e, ok := n.(*ast.SelectorExpr)
		return ok && s.names(e, path, names...)
	}
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

// isCall tells a call, of a builtin or not, from a conversion.
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

// holdsInterface tells an interface, and what is compared by one: a struct or
// an array that has one inside.
func holdsInterface(t types.Type) bool {
	if t == nil {
		return false
	}
	switch u := t.Underlying().(type) {
	case *types.Interface:
		return true
	case *types.Array:
		return holdsInterface(u.Elem())
	case *types.Struct:
		for i := range u.NumFields() {
			if holdsInterface(u.Field(i).Type()) {
				return true
			}
		}
	}
	return false
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

// named strips pointers and returns the name of what is left; nil if it has
// none.
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

// compiledStruct tells a struct that belongs to the standard library, or a
// pointer to one.
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

// parameter is the type that a call's i-th argument is converted to.
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

// element is the type that a literal's i-th element is converted to.
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

// valueOf is a literal's element without its key.
func valueOf(element ast.Expr) ast.Expr {
	if pair, ok := element.(*ast.KeyValueExpr); ok {
		return pair.Value
	}
	return element
}
