package upstreamauth_test

import (
	"go/ast"
	"go/token"
	"strings"
	"testing"
)

// law is one thing that plugin code does not do. Traefik interprets plugins by
// Yaegi, which does not load some of these things and gets others wrong without
// a word: compiled tests see nothing of it. The module e2e, folder yaegi, plays
// each surprise both compiled and interpreted, and says when one is gone.
type law struct {
	name   string
	broken func(s *source, n ast.Node, up []ast.Node) bool
}

// laws, by what would happen.
var laws = []law{
	// It does not load.
	{"newer Go than the interpreter knows", newerGo},
	{"an import that is not allowed", foreignImport},
	{"var x, y = two() for a package", twoByOne},
	{"a method of a compiled type as a value", compiledMethodValue},

	// Goroutines mix up values, or end the process.
	{"select", isSelect},
	{"time.AfterFunc", mention("time", "AfterFunc")},
	{"a goroutine without a guard", unguarded},
	{"a guard with a name in a function literal", namedGuard},
	{"a call of ours under a lock that no defer releases", callUnderLock},
	{"a function of ours kept by compiled code", callback},

	// All see the last value.
	{"a closure or method value in a loop", closureInLoop},
	{"a defer in a loop", deferInLoop},
	{"an interface value made in a loop", interfaceInLoop},
	{"a deferred call of what changes later", deferredChanges},
	{"a closure on the hit path writes what it captured", capturedWrite},

	// Comparing goes wrong.
	{"iota", isIota},
	{"an interface compared with an interface", interfacesCompared},
	{"an interface as map key", interfaceKey},
	{"a type switch over types of ours or interfaces", typeSwitch},
	{"a case with several expressions that are no constants", caseList},
	{"context.WithValue", mention("context", "WithValue")},
	{"a panic with more than a text", panicValue},
	{"a recovered panic taken for more than a text", recoveredValue},

	// Compiled code does not see it.
	{"errors.As into a type of ours", errorsAs},
	{"a method that compiled code is to call", hookMethod},
	{"an embedded interface", embeddedInterface},

	// Arguments and results are lost.
	{"a parameter without a name", namelessParameter},
	{"a builtin's result returned beside another", returnBuiltin},
	{"a function field's result returned beside another", returnField},
	{"return <-ch", returnReceive},
	{"an assignment of several, one of which calls", assignsCall},
}

// violation is a law that does not hold, somewhere.
type violation struct {
	law string
	at  token.Pos
}

func (s *source) violations() []violation {
	var found []violation
	s.visit(func(n ast.Node, up []ast.Node) {
		for _, l := range laws {
			if l.broken(s, n, up) {
				found = append(found, violation{l.name, n.Pos()})
			}
		}
	})
	return found
}

func TestThePluginDoesNothingThatTheInterpreterGetsWrong(t *testing.T) {
	for _, s := range plugin(t) {
		for _, v := range s.violations() {
			t.Errorf("%s: %s", s.fset.Position(v.at), v.law)
		}
	}
}

// A law that cannot be broken is worth nothing: each has texts that break it,
// and it alone, and texts beside them that break none.
func TestEveryLawIsBrokenByWhatItForbidsAndByNothingElse(t *testing.T) {
	fset := token.NewFileSet()
	next := compiled(t, fset)
	broken := map[string]int{}
	for _, c := range lawCases {
		found := map[string]bool{}
		for _, v := range snippet(t, fset, next, c.text).violations() {
			found[v.law] = true
		}
		if c.law != "" {
			broken[c.law]++
			if !found[c.law] {
				t.Errorf("%q is not broken by\n%s", c.law, c.text)
			}
			delete(found, c.law)
		}
		for name := range found {
			t.Errorf("%q is broken by\n%s", name, c.text)
		}
	}
	for _, l := range laws {
		if broken[l.name] == 0 {
			t.Errorf("%q is broken by no text", l.name)
		}
		delete(broken, l.name)
	}
	for name := range broken {
		t.Errorf("%q is no law", name)
	}
}

// foreignImport: the standard library but for what the interpreter has not, the
// one library that was tried, and our own.
func foreignImport(_ *source, n ast.Node, _ []ast.Node) bool {
	spec, ok := n.(*ast.ImportSpec)
	if !ok {
		return false
	}
	path := strings.Trim(spec.Path.Value, `"`)
	switch path {
	case "C", "unsafe", "embed", "plugin":
		return true
	case "github.com/hashicorp/golang-lru/simplelru",
		module + "/cache", module + "/verifier":
		return false
	}
	first, _, _ := strings.Cut(path, "/")
	return strings.Contains(first, ".") || (spec.Name != nil && spec.Name.Name == ".")
}

// namelessParameter: its argument lands in the place of another variable.
func namelessParameter(_ *source, n ast.Node, _ []ast.Node) bool {
	var parameters *ast.FieldList
	switch f := n.(type) {
	case *ast.FuncDecl:
		parameters = f.Type.Params
	case *ast.FuncLit:
		parameters = f.Type.Params
	default:
		return false
	}
	for _, field := range parameters.List {
		if len(field.Names) == 0 {
			return true
		}
	}
	return false
}
