package lint

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"strings"
)

// exclusive is something that only these files do; a name that ends in / is a
// whole room.
type exclusive struct {
	what string
	to   []string
	does func(s *source, n ast.Node, up []ast.Node) bool
}

var exclusiveTo = []exclusive{
	{"opens connections", []string{"verifier/transport/", "cache/redis/"}, opensConnections},
	// They refuse (and write that as gRPC has it, or with a body still to come), lead on
	// to the login page, and pass on what an upstream said.
	{"answers clients", []string{"gate/refusal.go", "gate/replay.go", "gate/response.go", "session/session.go", "issuer/tee.go", "telemetry/status/status.go"}, answersClients},
	{"wraps a ResponseWriter", []string{"issuer/tee.go"}, wrapsWriter},
	{"reads the clock, the environment or the standard streams", []string{"plugin.go"}, readsSurroundings},
}

func exclusiveViolations(sources []*source) []Violation {
	var found []Violation
	for _, e := range exclusiveTo {
		done := false
		for _, s := range sources {
			s.visit(func(n ast.Node, up []ast.Node) {
				if !e.does(s, n, up) {
					return
				}
				done = true
				if !e.allows(s.position(n.Pos()).Filename) {
					found = append(found, s.violation(n.Pos(), e.what, "which only "+strings.Join(e.to, ", ")+" may do"))
				}
			})
		}
		if !done {
			found = append(found, Violation{
				Rule:   fmt.Sprintf("nothing %s any more", e.what),
				Detail: "the rule sees nothing, or is not needed",
			})
		}
	}
	return found
}

func (e exclusive) allows(file string) bool {
	return slices.ContainsFunc(e.to, func(to string) bool {
		return file == to || (strings.HasSuffix(to, "/") && strings.HasPrefix(file, to))
	})
}

// opensConnections tells whatever opens a connection, or leads to something
// that does.
func opensConnections(s *source, n ast.Node, up []ast.Node) bool {
	if f, ok := n.(*ast.FuncDecl); ok {
		return f.Name.Name == "RoundTrip"
	}
	if e, ok := n.(*ast.SelectorExpr); ok && e.Sel.Name == "RoundTrip" {
		return true
	}
	return mentions("net/http", "Transport", "DefaultTransport", "RoundTripper", "Client", "DefaultClient",
		"Get", "Head", "Post", "PostForm", "NewRequest", "NewRequestWithContext", "ListenAndServe",
		"ListenAndServeTLS", "Serve", "ServeTLS", "Server")(s, n, up) ||
		mentions("net", "Dialer", "Dial", "DialTimeout", "DialIP", "DialTCP", "DialUDP", "DialUnix",
			"Listen", "ListenConfig", "ListenIP", "ListenPacket", "ListenTCP", "ListenUDP", "ListenUnix",
			"DefaultResolver", "Resolver", "LookupHost", "LookupIP", "LookupAddr", "LookupCNAME", "LookupMX",
			"LookupNS", "LookupPort", "LookupSRV", "LookupTXT")(s, n, up) ||
		mentions("crypto/tls", "Dial", "DialWithDialer", "Dialer", "Client", "Listen", "Server")(s, n, up) ||
		mentions("net/smtp", "Dial", "SendMail")(s, n, up) ||
		mentions("net/rpc", "Dial", "DialHTTP", "DialHTTPPath")(s, n, up) ||
		mentions("log/syslog", "Dial", "New", "NewLogger")(s, n, up) ||
		mentions("net/http/httputil", "ReverseProxy", "NewSingleHostReverseProxy")(s, n, up)
}

// answersClients tells whatever writes to a client: a method of a
// ResponseWriter but Header, and giving one away as something to write to.
func answersClients(s *source, n ast.Node, up []ast.Node) bool {
	if mentions("net/http", "Error", "NotFound", "NotFoundHandler", "Redirect", "RedirectHandler", "ServeContent",
		"ServeFile", "FileServer", "NewResponseController")(s, n, up) {
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

// wrapsWriter tells a type of ours that can stand for a ResponseWriter: it
// loses Flusher and Hijacker on the way through the interpreter.
func wrapsWriter(_ *source, n ast.Node, _ []ast.Node) bool {
	f, ok := n.(*ast.FuncDecl)
	return ok && f.Recv != nil && f.Name.Name == "WriteHeader"
}

// readsSurroundings tells what a test has to be able to give instead.
func readsSurroundings(s *source, n ast.Node, up []ast.Node) bool {
	return mentions("time", "Now", "Since", "Until", "Tick", "NewTicker", "NewTimer", "After", "Sleep")(s, n, up) ||
		mentions("os", "Getenv", "LookupEnv", "Environ", "ExpandEnv", "Stdin", "Stdout", "Stderr", "Exit")(s, n, up) ||
		mentions("fmt", "Print", "Printf", "Println")(s, n, up)
}
