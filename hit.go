package upstreamauth

import (
	"crypto/sha256"
	"io"
	"net/http"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// hit returns the handler of a route: the way of requests whose answer is
// ready, with g for everything unusual.
func (p *Process) hit(g *gate) func(http.ResponseWriter, *http.Request) {
	if g.preflight {
		return exceptOptions(p.byKind(g), g.ServeHTTP)
	}
	return p.byKind(g)
}

// exceptOptions sends what may be a preflight the slow way: it passes without
// an identity, also with a credential whose answer is ready.
func exceptOptions(hit, slow func(http.ResponseWriter, *http.Request)) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodOptions {
			slow(w, r)
			return
		}
		hit(w, r)
	}
}

// byKind chooses the hit path by the headers that a request carries.
func (p *Process) byKind(g *gate) func(http.ResponseWriter, *http.Request) {
	if len(g.schemes) == 1 {
		return p.hitOf(g, g.schemes[0])
	}
	slow := g.ServeHTTP
	key, bearer, basic := slow, slow, slow
	for _, d := range g.schemes {
		switch d.kind {
		case verifier.ApplicationKey:
			key = p.hitOf(g, d)
		case verifier.Bearer:
			bearer = p.hitOf(g, d)
		case verifier.Basic:
			basic = p.hitOf(g, d)
		}
	}
	return func(w http.ResponseWriter, r *http.Request) {
		h := r.Header
		lines := h["Authorization"]
		if len(h["Application-Key"]) != 0 {
			if len(lines) != 0 {
				slow(w, r)
				return
			}
			key(w, r)
			return
		}
		if len(lines) == 1 && strings.HasPrefix(lines[0], "Basic ") {
			basic(w, r)
			return
		}
		bearer(w, r)
	}
}

// hitOf returns the way of a request whose answer is ready, a yes or a remembered
// no, with g for every other.
//
// This runs interpreted, on every request, so it is one flat closure: a call
// of a function of ours costs as much as five map reads, and a line that never
// runs costs at entry. What it captures never changes, so that nothing of one
// request can show up in another. It keeps every promise that g keeps: the
// credential's line is compared by its keyed digest; WriteSubset looks, in
// compiled code, for header names that are not known to be harmless (it fails
// on writing the first, since the pipe is closed); the answer is used only
// before its end.
//
// A Connection header may name others, which the proxy behind us then removes,
// ours too: so a request with a usual one has a way of its own, and one with any
// other goes the slow one. (Newer Traefiks have removed it before.)
func (p *Process) hitOf(g *gate, d *scheme) func(http.ResponseWriter, *http.Request) {
	if d.paired {
		return g.ServeHTTP // two lines: not worth a way of its own
	}
	usual := map[string]bool{
		"keep-alive": true, "Keep-Alive": true, "close": true,
		"Upgrade": true, "upgrade": true, "keep-alive, Upgrade": true,
	}
	slow := g.ServeHTTP
	connected := p.flat(g, d, 1, slow)
	return p.flat(g, d, 0, func(w http.ResponseWriter, r *http.Request) {
		connection := r.Header["Connection"]
		if len(connection) == 1 && usual[connection[0]] {
			connected(w, r)
			return
		}
		slow(w, r)
	})
}

// flat is hitOf for requests with that many Connection lines, and odd for others.
func (p *Process) flat(g *gate, d *scheme, connections int, odd func(http.ResponseWriter, *http.Request)) func(http.ResponseWriter, *http.Request) {
	name := "Authorization"
	if d.kind == verifier.ApplicationKey {
		name = "Application-Key"
	}
	_, closed := io.Pipe()
	_ = closed.Close()
	var (
		refusing io.Writer = closed
		secret             = d.front.Secret
		lock               = d.front.Lock
		ready              = d.front.Ready
		next               = g.next
		slow               = g.ServeHTTP
		no                 = readyNo(slow)
		since              = p.since
		start              = p.start
		forward            = g.credentials.forward
	)
	return func(w http.ResponseWriter, r *http.Request) {
		h := r.Header
		lines := h[name]
		if len(lines) != 1 || len(h["Connection"]) != connections || len(r.Trailer) != 0 {
			odd(w, r)
			return
		}
		line := sha256.Sum256([]byte(secret + lines[0]))
		lock.Lock()
		x := ready[line]
		if x != nil {
			x.Order.MoveToFront(x.Place)
		}
		known := d.harmless
		lock.Unlock()
		if x == nil {
			slow(w, r)
			return
		}
		age := since(start)
		if (age >= x.Until || age < x.From) && h.WriteSubset(refusing, known) == nil {
			no(w, r, x, age)
			return
		}
		if h.WriteSubset(refusing, known) != nil {
			slow(w, r)
			return
		}
		names := x.Names
		for i, value := range x.Values {
			h[names[i]] = value
		}
		if !forward {
			delete(h, name)
		}
		next.ServeHTTP(w, r)
	}
}
