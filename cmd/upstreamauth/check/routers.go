package check

import (
	"fmt"
	"strings"

	"github.com/upstreamauth/upstreamauth/cmd/upstreamauth/delivered"
)

// graph is which middlewares there are, and which of them protect.
type graph struct {
	all      map[string]*delivered.Middleware // by name@provider
	gates    map[string]bool                  // those with the plugin
	protects map[string]bool                  // those of them that are not mode: issuer
	used     map[string]bool
}

// routers returns what is wrong between routers and middlewares. A folder may be given
// in parts: where no router is given, nothing is said of what routers use.
func routers(files []*delivered.File, o Options) []Finding {
	g := newGraph(files, o)
	var all []located
	for _, f := range files {
		for i := range f.Routers {
			all = append(all, located{f.Name, &f.Routers[i]})
		}
		if f.Static != nil {
			for _, name := range f.Static.Middlewares() {
				g.use(name, "", 0)
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	protected := map[*delivered.Router]bool{}
	var found []Finding
	for _, at := range all {
		for _, name := range at.router.Middlewares {
			if g.use(name, at.router.Provider, 0) {
				protected[at.router] = true
			}
			found = append(found, g.missing(at, name)...)
		}
	}
	found = append(found, unused(files, g)...)
	for _, open := range all {
		if protected[open.router] {
			continue
		}
		for _, closed := range all {
			if protected[closed.router] && catches(open.router, closed.router) {
				found = append(found, Finding{File: open.file, Line: open.router.Line, Middleware: "router " + open.router.Name, Key: "rule", Text: fmt.Sprintf(
					"matches what the router %s protects, and is not protected: where Traefik drops that router, it answers in its place; add the middleware, or make the rule narrower", closed.router.Name)})
				break
			}
		}
	}
	return found
}

// located is a router with the file that it is in.
type located struct {
	file   string
	router *delivered.Router
}

func newGraph(files []*delivered.File, o Options) *graph {
	g := &graph{all: map[string]*delivered.Middleware{}, gates: map[string]bool{}, protects: map[string]bool{}, used: map[string]bool{}}
	for _, f := range files {
		for i := range f.Middlewares {
			m := &f.Middlewares[i]
			name := qualified(m.Name, m.Provider)
			g.all[name] = m
			for _, p := range m.Plugins {
				if p.Alias == o.Alias {
					g.gates[name] = true
					g.protects[name] = !isIssuer(p.Block)
				}
			}
		}
	}
	return g
}

func isIssuer(block map[string]any) bool {
	for key, value := range block {
		if strings.EqualFold(key, "mode") {
			return strings.TrimSpace(fmt.Sprint(value)) == "issuer"
		}
	}
	return false
}

// qualified is a middleware's name with its provider.
func qualified(name, provider string) string {
	if strings.Contains(name, "@") {
		return name
	}
	return name + "@" + provider
}

// use notes that a middleware is used, and those of its chain, and tells whether one of
// them protects.
func (g *graph) use(name, provider string, depth int) bool {
	name = qualified(name, provider)
	g.used[name] = true
	protects := g.protects[name]
	m := g.all[name]
	if m == nil || depth > 16 {
		return protects
	}
	for _, link := range m.Chain {
		if g.use(link, m.Provider, depth+1) {
			protects = true
		}
	}
	return protects
}

// missing is the finding for a name that is nearly that of a gate, and of no middleware.
func (g *graph) missing(at located, name string) []Finding {
	full := qualified(name, at.router.Provider)
	if g.all[full] != nil {
		return nil
	}
	for _, gate := range sorted(g.gates) {
		own, provider, _ := strings.Cut(gate, "@")
		written, of, _ := strings.Cut(full, "@")
		if provider != of && own == written || provider == of && distance(own, written) <= 2 {
			return []Finding{{File: at.file, Line: at.router.Line, Middleware: "router " + at.router.Name, Key: "middlewares", Text: fmt.Sprintf(
				"%q is not there, so that Traefik drops this router; did you mean %q?", name, gate)}}
		}
	}
	return nil
}

// unused are the findings for middlewares of the plugin that no router uses.
func unused(files []*delivered.File, g *graph) []Finding {
	var found []Finding
	for _, f := range files {
		for _, m := range f.Middlewares {
			name := qualified(m.Name, m.Provider)
			if g.gates[name] && !g.used[name] {
				found = append(found, Finding{File: f.Name, Line: m.Line, Middleware: m.Name, Text: "no router uses it, so it protects nothing"})
			}
		}
	}
	return found
}
