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

// usualConnections are values of Connection that name no header of anybody's.
func usualConnections() map[string]bool {
	return map[string]bool{
		"keep-alive": true, "Keep-Alive": true, "close": true,
		"Upgrade": true, "upgrade": true, "keep-alive, Upgrade": true,
	}
}

// hitOf returns the way of a request whose answer is ready, with g for every
// other.
//
// This runs interpreted, on every request, so it is one flat closure: a call
// of a function of ours costs as much as five map reads, and a line that never
// runs costs at entry. What it captures never changes, so that nothing of one
// request can show up in another. It keeps every promise that g keeps: the
// credential's line is compared by its keyed digest; WriteSubset looks, in
// compiled code, for header names that are not known to be harmless (it fails
// on writing the first, since the pipe is closed); the answer is used only
// before its end.
func (p *Process) hitOf(g *gate, d *scheme) func(http.ResponseWriter, *http.Request) {
	if d.paired {
		return g.ServeHTTP // two lines: not worth a way of its own
	}
	name := "Authorization"
	if d.kind == verifier.ApplicationKey {
		name = "Application-Key"
	}
	_, refusing := io.Pipe()
	_ = refusing.Close()
	var (
		front   = d.front
		secret  = front.Secret
		lock    = front.Lock
		ready   = front.Ready
		lru     = front.LRU
		names   = d.headers
		id      = g.identity
		next    = g.next
		slow    = g.ServeHTTP
		since   = p.since
		start   = p.start
		forward = g.credentials.forward
		usual   = usualConnections()
	)
	return func(w http.ResponseWriter, r *http.Request) {
		h := r.Header
		lines := h[name]
		connection := h["Connection"]
		if len(lines) != 1 || len(r.Trailer) != 0 || (len(connection) != 0 && !usual[strings.Join(connection, ",")]) {
			slow(w, r)
			return
		}
		line := sha256.Sum256([]byte(secret + lines[0]))
		lock.Lock()
		x := ready[line]
		if x != nil {
			lru.Get(x.Key)
		}
		lock.Unlock()
		if x == nil {
			slow(w, r)
			return
		}
		age := since(start)
		if age >= x.Until || age < x.From || h.WriteSubset(refusing, id.harmless()) != nil {
			slow(w, r)
			return
		}
		for i, value := range x.Values {
			if value != nil {
				h[names[i]] = value
			}
		}
		if !forward {
			delete(h, name)
		}
		next.ServeHTTP(w, r)
	}
}
