package upstreamauth_test

import (
	"go/ast"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The house: which room may know which, who may do what, and how large things
// get. Its plan is the package comments'; this holds it.

// arrows: what each package may import of ours, and what it may not import of
// the standard library.
var arrows = map[string]struct {
	ours   string
	closed string
}{
	module:               {ours: module + "/cache " + module + "/verifier"},
	module + "/cache":    {ours: module + "/verifier", closed: "net net/http net/url crypto/tls encoding/json"},
	module + "/verifier": {},
}

func TestThePluginKnowsTheCacheTheCacheTheVerifierAndNobodyCallsBackUp(t *testing.T) {
	sources := plugin(t)
	for _, s := range sources {
		arrow, known := arrows[s.path]
		if !known {
			t.Errorf("%s: a package that the plan does not have", s.path)
		}
		for _, file := range s.files {
			for _, spec := range file.Imports {
				path := strings.Trim(spec.Path.Value, `"`)
				if ourPath(path) && !contains(arrow.ours, path) || contains(arrow.closed, path) {
					t.Errorf("%s: imports %s", s.fset.Position(spec.Pos()), path)
				}
			}
		}
	}
	if len(sources) != len(arrows) {
		t.Errorf("%d packages, planned are %d", len(sources), len(arrows))
	}
}

// connects tells whatever opens a connection, or leads to something that does.
func connects(s *source, n ast.Node, up []ast.Node) bool {
	if f, ok := n.(*ast.FuncDecl); ok {
		return f.Name.Name == "RoundTrip"
	}
	if e, ok := n.(*ast.SelectorExpr); ok && e.Sel.Name == "RoundTrip" {
		return true
	}
	return mention("net/http", "Transport", "DefaultTransport", "RoundTripper", "Client", "DefaultClient",
		"Get", "Head", "Post", "PostForm", "NewRequest", "NewRequestWithContext", "ListenAndServe", "Serve")(s, n, up) ||
		mention("net", "Dialer", "Dial", "DialTimeout", "DialTCP", "DialUDP", "DialUnix", "Listen",
			"DefaultResolver", "LookupHost", "LookupIP", "LookupAddr")(s, n, up) ||
		mention("crypto/tls", "Dial", "DialWithDialer", "Dialer", "Client")(s, n, up)
}

// answers tells whatever writes to a client: a method of a ResponseWriter but
// Header, and giving one away as something to write to.
func answers(s *source, n ast.Node, up []ast.Node) bool {
	if mention("net/http", "Error", "NotFound", "Redirect", "ServeContent", "ServeFile", "NewResponseController")(s, n, up) {
		return true
	}
	switch n := n.(type) {
	case *ast.SelectorExpr:
		return s.isWriter(n.X) && n.Sel.Name != "Header"
	case *ast.TypeAssertExpr:
		return s.isWriter(n.X)
	case *ast.CallExpr:
		for i, argument := range n.Args {
			if s.isWriter(argument) && !types.Identical(s.typeOf(argument), s.parameter(n, i)) {
				return true
			}
		}
	}
	return false
}

func (s *source) isWriter(e ast.Expr) bool {
	t := s.typeOf(e)
	return t != nil && t.String() == "net/http.ResponseWriter"
}

// places: what only these files do.
var places = []struct {
	what string
	file string // or several, with blanks between
	does func(s *source, n ast.Node, up []ast.Node) bool
}{
	{"opens connections", "verifier/exchange.go", connects},
	{"answers clients", "refusal.go session.go tap.go", answers}, // refuses; leads on; passes on
	{surroundingsName, "plugin.go", surroundings},
}

const surroundingsName = "reads the clock, the environment or the standard streams"

// surroundings: what a test has to be able to give instead.
func surroundings(s *source, n ast.Node, up []ast.Node) bool {
	return mention("time", "Now", "Since", "Until", "Tick", "NewTicker", "NewTimer", "After", "Sleep")(s, n, up) ||
		mention("os", "Getenv", "LookupEnv", "Environ", "ExpandEnv", "Stdout", "Stderr", "Exit")(s, n, up) ||
		mention("fmt", "Print", "Printf", "Println")(s, n, up)
}

func TestOnlyOneFileOpensConnectionsAndOnlyThreeAnswerClients(t *testing.T) {
	done := map[string]bool{}
	for _, s := range plugin(t) {
		s.visit(func(n ast.Node, up []ast.Node) {
			for _, place := range places {
				if !place.does(s, n, up) {
					continue
				}
				done[place.what] = true
				if file := filepath.ToSlash(s.fset.Position(n.Pos()).Filename); !slices.Contains(strings.Fields(place.file), file) {
					t.Errorf("%s: %s, which is %s's", s.fset.Position(n.Pos()), place.what, place.file)
				}
			}
		})
	}
	for _, place := range places {
		if !done[place.what] {
			t.Errorf("nothing %s: does this test still see anything?", place.what)
		}
	}
}

// Measures; a split that makes the house worse is not worth them, but nothing
// has needed an exception so far.
const (
	maxFile     = 250 // lines
	maxFunction = 60
)

func TestFilesAndFunctionsStaySmall(t *testing.T) {
	for _, s := range plugin(t) {
		for _, file := range s.files {
			end := s.fset.Position(file.FileEnd)
			if end.Line-1 > maxFile {
				t.Errorf("%s: %d lines, at most %d", end.Filename, end.Line-1, maxFile)
			}
		}
		for _, f := range s.decls {
			first, last := s.fset.Position(f.Pos()), s.fset.Position(f.End())
			if lines := last.Line - first.Line + 1; lines > maxFunction {
				t.Errorf("%s: %s: %d lines, at most %d", first, f.Name.Name, lines, maxFunction)
			}
		}
	}
}

func TestTheRootModuleRequiresOneLibrary(t *testing.T) {
	text, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	allowed := "module go require ( ) github.com/hashicorp/golang-lru"
	for _, line := range strings.Split(string(text), "\n") {
		if words := strings.Fields(line); len(words) > 0 && !contains(allowed, words[0]) {
			t.Errorf("go.mod: %q", line)
		}
	}
}

func contains(words, word string) bool {
	for _, w := range strings.Fields(words) {
		if w == word {
			return true
		}
	}
	return false
}
