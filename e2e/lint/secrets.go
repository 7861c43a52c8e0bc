package lint

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// What holds a secret besides the structs that have a field of secretNames: each
// type with its fields that are secret; none: all of it is.
var secretTypes = map[string][]string{
	module + "/verifier.Credential":        {"Token", "User", "Password"},
	module + "/verifier/apis.Account":      {"User", "Password"},
	module + "/verifier/apis.Settings":     {"Key", "LoginSecret"},
	module + "/verifier/transport.TLS":     {"Key"},
	module + "/verifier/transport.Request": {},
	module + "/session.Options":            {"Secrets"},
	module + "/issuer.Options":             {"LoginSecret"},
	module + "/session.seal":               {"bound"},
	module + "/config.rawValue":            {"text", "value"},
	"net/http.Request":                     {"Header", "Trailer", "URL", "Form", "PostForm", "Body", "RequestURI"},
	"net/http.Header":                      {},
	"net/http.Cookie":                      {"Value"},
	"net/url.URL":                          {"User", "RawQuery", "Opaque"},
	"net/url.Values":                       {},
	"net/url.Userinfo":                     {},
}

// secretNames are the names of texts that are secret in every struct of ours, in lower
// case: a new type needs no line above.
var secretNames = []string{"secret", "password", "token", "loginsecret", "refresh", "cookievalue"}

// printsSecretsIn are the functions that hand secrets to a printing function, and why
// they may. A name stands for all of the function.
var printsSecretsIn = map[string]string{
	"config/custom.go section.print":  "the text is hashed at once; the digest is compared with others and names no value",
	"cache/cache.go keys.of":          "the text is hashed at once, under a secret of the process, and goes nowhere else",
	"plugin.go Runtime.traceRequests": "the log keeps a digest of the token, which it compares with the header of a request, and writes none",
	"verifier/row.go failureRow.add":  "the text is hashed at once; the digest is compared with another one and never shown",
}

// secretViolations: what goes to fmt, log, json, an error, a panic, or to the plugin's
// own log can be read, in the log or in a response. No value that holds a secret does.
// The rule follows no variable: a text that was made of a secret before is not seen.
func secretViolations(sources []*source) []Violation {
	var found []Violation
	excused, listed := map[string]bool{}, map[string]bool{}
	for _, s := range sources {
		s.visit(func(n ast.Node, up []ast.Node) {
			call, ok := n.(*ast.CallExpr)
			if !ok || !s.prints(call) {
				return
			}
			for _, argument := range call.Args {
				what, at := s.secretIn(argument)
				if what == "" {
					continue
				}
				place := s.position(n.Pos()).Filename + " " + functionAround(s, up)
				if printsSecretsIn[place] != "" {
					excused[place] = true
					continue
				}
				found = append(found, s.violation(at, "a secret is printed", fmt.Sprintf("%s, in %s", what, place)))
			}
		})
		s.noteTypes(listed)
	}
	for place := range printsSecretsIn {
		if !excused[place] {
			found = append(found, Violation{Rule: "a function that prints secrets does so no more", Detail: place})
		}
	}
	for name := range secretTypes {
		if strings.HasPrefix(name, module) && !listed[name] {
			found = append(found, Violation{Rule: "a type that holds secrets does not exist any more", Detail: name})
		}
	}
	return found
}

// noteTypes notes which of the listed types a room declares, with all their fields.
func (s *source) noteTypes(listed map[string]bool) {
	for name, fields := range secretTypes {
		short, here := strings.CutPrefix(name, s.path+".")
		if !here || s.pkg == nil {
			continue
		}
		o := s.pkg.Scope().Lookup(short)
		if o == nil {
			continue
		}
		listed[name] = true
		for _, field := range fields {
			if found, _, _ := types.LookupFieldOrMethod(o.Type(), true, s.pkg, field); found == nil {
				listed[name] = false
			}
		}
	}
}

// prints tells a call whose arguments can be read somewhere.
func (s *source) prints(call *ast.CallExpr) bool {
	if s.isBuiltin(call, "panic") || s.isBuiltin(call, "print") || s.isBuiltin(call, "println") {
		return true
	}
	if t := named(s.typeOf(call.Fun)); t != nil && t.Name() == "Report" {
		return true
	}
	f, ok := s.object(call.Fun).(*types.Func)
	if !ok || f.Pkg() == nil {
		return false
	}
	switch f.Pkg().Path() {
	case "fmt", "log", "log/slog", "errors", module + "/telemetry":
		return true
	case "encoding/json":
		return f.Name() == "Marshal" || f.Name() == "MarshalIndent" || f.Name() == "Encode"
	}
	return false
}

// secretIn finds what is secret in an argument, and is printed with it: not what a
// function of ours makes of it, nor its length.
func (s *source) secretIn(argument ast.Expr) (what string, at token.Pos) {
	ast.Inspect(argument, func(n ast.Node) bool {
		e, ok := n.(ast.Expr)
		if !ok || what != "" {
			return what == ""
		}
		if t := s.typeOf(e); t != nil && !s.info.Types[e].IsType() && holdsSecret(t, nil) {
			what, at = "a "+types.TypeString(t, func(p *types.Package) string { return p.Name() }), e.Pos()
			return false
		}
		switch e := e.(type) {
		case *ast.FuncLit:
			return false
		case *ast.SelectorExpr:
			if selection := s.info.Selections[e]; selection != nil {
				if selection.Kind() == types.FieldVal && isSecretField(selection.Recv(), e.Sel.Name, s.typeOf(e)) {
					what, at = types.ExprString(e), e.Pos()
				}
				return s.isCall(e.X) // of the rest of a struct, this field alone is printed
			}
		case *ast.CallExpr:
			return s.isBuiltin(e, "append") || s.info.Types[e.Fun].IsType() || !s.isBuiltin(e, "") && !s.isOurs(e.Fun)
		}
		return true
	})
	return what, at
}

// holdsSecret tells a type of which a printed value shows a secret: one of the listed
// types, a struct of ours with a field of such a name or type, and what points to one
// or has several.
func holdsSecret(t types.Type, seen []types.Type) bool {
	if slices.ContainsFunc(seen, func(other types.Type) bool { return types.Identical(other, t) }) {
		return false
	}
	seen = append(seen, t)
	if n, ok := t.(*types.Named); ok {
		if _, listed := secretTypes[qualified(n.Obj())]; listed {
			return true
		}
		if !ours(t) {
			return false
		}
	}
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		return holdsSecret(u.Elem(), seen)
	case *types.Slice:
		return holdsSecret(u.Elem(), seen)
	case *types.Array:
		return holdsSecret(u.Elem(), seen)
	case *types.Chan:
		return holdsSecret(u.Elem(), seen)
	case *types.Map:
		return holdsSecret(u.Key(), seen) || holdsSecret(u.Elem(), seen)
	case *types.Struct:
		for i := range u.NumFields() {
			field := u.Field(i)
			if isSecretField(t, field.Name(), field.Type()) || holdsSecret(field.Type(), seen) {
				return true
			}
		}
	}
	return false
}

// isSecretField tells a field that is secret itself.
func isSecretField(owner types.Type, name string, t types.Type) bool {
	if t == nil {
		return false
	}
	if n := named(owner); n != nil {
		if fields, listed := secretTypes[qualified(n)]; listed && (len(fields) == 0 || slices.Contains(fields, name)) {
			return true
		}
	}
	text := t.Underlying().String()
	return ours(owner) && slices.Contains(secretNames, strings.ToLower(name)) && (text == "string" || text == "[]byte")
}

func qualified(name *types.TypeName) string {
	if name.Pkg() == nil {
		return name.Name()
	}
	return name.Pkg().Path() + "." + name.Name()
}

// functionAround is the function or method that a node stands in: keys.of.
func functionAround(s *source, up []ast.Node) string {
	for _, n := range up {
		f, ok := n.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if f.Recv != nil && len(f.Recv.List) > 0 {
			if receiver := named(s.typeOf(f.Recv.List[0].Type)); receiver != nil {
				return receiver.Name() + "." + f.Name.Name
			}
		}
		return f.Name.Name
	}
	return ""
}
