package lint

import "go/ast"

// rule is one thing that plugin code does not do. Traefik interprets plugins
// by Yaegi, which does not load some of these things and gets others wrong
// silently: compiled tests see nothing of it. The module's folder yaegi plays
// each case both compiled and interpreted, and fails when the interpreter gets
// one right; docs/yaegi.md says what to write instead.
type rule struct {
	name     string
	violates func(s *source, n ast.Node, up []ast.Node) bool
}

// rules, by what would happen.
var rules = []rule{
	// It does not load.
	{"newer Go than the interpreter knows", newerGo},
	{"an import that is not allowed", foreignImport},
	{"a generic declaration", generic},
	{"var x, y = two() for a package", twoByOne},
	{"a method of a compiled type as a value", compiledMethodValue},
	{"a method expression as a value", methodExpression},

	// Goroutines mix up values, or end the process.
	{"select", isSelect},
	{"time.AfterFunc", mentions("time", "AfterFunc")},
	{"a goroutine without a deferred recover", unrecovered},
	{"a named function that recovers, deferred in a function literal", namedRecover},
	{"a call of ours under a lock that no defer releases", callUnderLock},
	{"a function of ours kept by compiled code", callback},

	// All see the last value.
	{"a closure or method value in a loop", closureInLoop},
	{"a defer in a loop", deferInLoop},
	{"an interface value made in a loop", interfaceInLoop},
	{"a call in a loop of a function with named results", namedResultsInLoop},
	{"goto", isGoto}, // makes loops that the rules about loops do not see
	{"a deferred call of what changes later", deferredChanges},
	{"a closure on the hit path writes what it captured", capturedWrite},

	// Comparing goes wrong.
	{"iota", isIota},
	{"an interface compared with an interface or a value of ours", interfacesCompared},
	{"an interface as map key", interfaceKey},
	{"a type switch over types of ours or interfaces", typeSwitch},
	{"a case with several expressions that are no constants", caseList},
	{"context.WithValue", mentions("context", "WithValue")},
	{"a panic with more than a text", panicValue},
	{"a recovered panic taken for more than a text", recoveredValue},

	// Compiled code does not see it.
	{"errors.As into a type of ours", errorsAs},
	{"a method that compiled code is to call", hookMethod},
	{"an embedded interface", embeddedInterface},
	{"a value of ours in a literal of a compiled struct", valueInCompiledLiteral},
	{"a value of ours as data of a template", templateData},

	// Arguments and results are lost.
	{"a parameter without a name", namelessParameter},
	{"a builtin's result returned beside another", returnBuiltin},
	{"a function field's result returned beside another", returnField},
	{"return <-ch", returnReceive},
	{"a literal of a struct assigned to a named result", literalToResult},
	{"an assignment of several, one of which calls", assignsCall},
	{"an assignment of several, one of which is a literal of a struct", assignsLiteral},
	{"an assignment of several, one of which is nil", assignsNil},
}

func ruleViolations(sources []*source) []Violation {
	var found []Violation
	for _, s := range sources {
		s.visit(func(n ast.Node, up []ast.Node) {
			for _, r := range rules {
				if r.violates(s, n, up) {
					found = append(found, s.violation(n.Pos(), r.name, ""))
				}
			}
		})
	}
	return found
}
