package gate

import (
	"container/list"
	"crypto/sha256"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// Handler returns the handler of the route: a path for requests whose answer is
// prebuilt, and ServeHTTP for all others. On a route with several kinds of
// credentials their paths are a chain: a request without a prebuilt answer for
// the first kind falls back to the path of the next.
func (g *Gate) Handler() func(http.ResponseWriter, *http.Request) {
	fallback := g.ServeHTTP
	for i := len(g.schemes) - 1; i >= 0; i-- {
		fallback = g.hitPath(g.schemes[i], fallback)
		g.schemes[i].names.refresh(g.identity)
	}
	if g.accepts.ReadsElsewhere() {
		fallback = g.besideElsewhere(fallback)
	}
	if g.tracing {
		fallback = g.requests.beside(fallback, g.serveTraced)
	}
	return fallback
}

// serveTraced is ServeHTTP for a request that is traced.
func (g *Gate) serveTraced(w http.ResponseWriter, r *http.Request, t *trace) {
	g.serve(w, r, verifier.Credential{}, g.preflight, t)
}

// besideElsewhere returns the handler of a route that reads credentials in cookies or in
// the query as well. The hit path looks at headers alone: so it does not get a request
// with one of these names, which could be a second credential, or has to be removed.
// Other routes do not pay for this.
func (g *Gate) besideElsewhere(hit func(http.ResponseWriter, *http.Request)) func(http.ResponseWriter, *http.Request) {
	accepts := g.accepts
	return func(w http.ResponseWriter, r *http.Request) {
		if (r.URL.RawQuery != "" || len(r.Header["Cookie"]) > 0) && accepts.Elsewhere(r) {
			g.ServeHTTP(w, r)
			return
		}
		hit(w, r)
	}
}

// hitPath returns the path of requests with one kind of credential.
//
// A Connection header can name other headers, which the proxy behind the plugin
// then removes: also identity headers. Newer versions of Traefik remove those
// names before a middleware runs. So there are two paths: the first serves
// requests without Connection, nearly all, and its fallback sends those with one
// of the usual values to the second.
func (g *Gate) hitPath(s *scheme, fallback func(http.ResponseWriter, *http.Request)) func(http.ResponseWriter, *http.Request) {
	if s.api.Parts != nil {
		return fallback // an answer holds for more than the credential
	}
	usual := map[string]bool{
		"keep-alive": true, "Keep-Alive": true, "close": true,
	}
	excluded := excludedNames(g, s)
	path := g.oneHeader
	if s.paired {
		path = g.twoHeaders
	}
	withConnection := path(s, s.names.add(excluded...), fallback)
	return path(s, s.names.add(append(excluded, "Connection")...), func(w http.ResponseWriter, r *http.Request) {
		connection := r.Header["Connection"]
		if len(connection) == 1 && usual[connection[0]] {
			withConnection(w, r)
			return
		}
		fallback(w, r)
	})
}

// excludedNames lists header names that a request of this kind must not carry to
// get its prebuilt answer: credentials of another kind on the route, which make
// the request ambiguous, and Upgrade, of which strip removes all but web sockets.
func excludedNames(g *Gate, s *scheme) []string {
	excluded := []string{"Upgrade"}
	for _, name := range g.headers {
		if name != s.header && !(s.paired && name == "Authorization") {
			excluded = append(excluded, name)
		}
	}
	return excluded
}

// oneHeader returns the path of a credential that comes in one header line.
//
// The closure runs interpreted, on every request. Its form follows what is cheap
// there (docs/performance.md): it is flat, since a call of a function of the
// plugin costs as much as five map reads. Every expression takes a slot in the
// frame at entry, also one that does not run, and a variable takes two: so
// conditions are nested, since && takes a slot, and a value that is used once has
// no name. Everything captured is a constant of the gate, since a captured
// variable that one request writes is seen by all others.
//
// It must keep every promise of ServeHTTP:
//   - The credential is compared by the keyed digest of its header line.
//   - scan looks for names that are not on the allowlist, in compiled code: it
//     writes every other header, and fails at the first, since the pipe is closed.
//   - An answer is used only between From and Until. Its entry is marked as used, and
//     it counts as found, before that is checked, and before scan, so also if the request
//     is then rejected; only a holder of the credential can cause that.
//   - What stands behind the gate may write into header values, and the answer is
//     shared: each request gets slices of its own. A literal is the cheapest way to
//     one; with h.Set each header costs twice as much (docs/performance.md).
//   - CONNECT is refused with a valid credential too; it makes one request a connection.
//   - Nothing between acquire and release can panic. The digest is computed there
//     too: a local variable for it costs more than the longer lock.
func (g *Gate) oneHeader(s *scheme, names *safeNames, fallback func(http.ResponseWriter, *http.Request)) func(http.ResponseWriter, *http.Request) {
	name := s.header
	removed := name
	if g.credentials.Forward {
		removed = "" // deletes nothing: no header has this name
	}
	var (
		refusing    = closedPipe()
		lock        = s.fastPath.Lock
		secret      = s.fastPath.Secret
		prebuilt    = s.fastPath.Answers
		found       = s.fastPath.Tally.Found
		replay      = replaying(s.fastPath.Tally, fallback)
		next        = g.next
		start       = g.start
		since       = reflect.ValueOf(g.since).Interface().(func(time.Time) time.Duration)
		sum         = sha256.Sum256
		acquire     = compiled(lock, "Lock").(func(*sync.Mutex))
		release     = compiled(lock, "Unlock").(func(*sync.Mutex))
		moveToFront = compiled(list.New(), "MoveToFront").(func(*list.List, *list.Element))
		scan        = compiled(http.Header{}, "WriteSubset").(func(http.Header, io.Writer, map[string]bool) error)
	)
	return func(w http.ResponseWriter, r *http.Request) {
		h := r.Header
		lines := h[name]
		if len(lines) == 1 {
			if r.Trailer == nil {
				if r.Method != "CONNECT" {
					acquire(lock)
					answer, ok := prebuilt[sum([]byte(secret+lines[0]))]
					if ok {
						found.N++
						moveToFront(answer.Order, answer.Place)
						allowed := names.allowed
						release(lock)
						age := noAge
						if scan(h, refusing, allowed) == nil {
							age = since(start)
							if age < answer.From {
								age = noAge
							}
							if age < answer.Until {
								for i, value := range answer.Values {
									h[answer.Names[i]] = []string{value}
								}
								delete(h, removed)
								next.ServeHTTP(w, r)
								return
							}
						}
						replay(w, r, answer, age)
						return
					}
					release(lock)
				}
			}
		}
		fallback(w, r)
	}
}

// twoHeaders returns the path of a key that comes with an account: oneHeader with
// a second header line. It is written out again, since sharing code would take a
// call.
func (g *Gate) twoHeaders(s *scheme, names *safeNames, fallback func(http.ResponseWriter, *http.Request)) func(http.ResponseWriter, *http.Request) {
	name, key, account := s.header, s.header, "Authorization"
	next, start := g.next, g.start
	lock, secret, prebuilt := s.fastPath.Lock, s.fastPath.Secret, s.fastPath.Answers
	found, replay := s.fastPath.Tally.Found, replaying(s.fastPath.Tally, fallback)
	if g.credentials.Forward {
		key, account = "", "" // deletes nothing: no header has this name
	}
	var (
		refusing    = closedPipe()
		since       = reflect.ValueOf(g.since).Interface().(func(time.Time) time.Duration)
		sum         = sha256.Sum256
		itoa        = strconv.Itoa
		acquire     = compiled(lock, "Lock").(func(*sync.Mutex))
		release     = compiled(lock, "Unlock").(func(*sync.Mutex))
		moveToFront = compiled(list.New(), "MoveToFront").(func(*list.List, *list.Element))
		scan        = compiled(http.Header{}, "WriteSubset").(func(http.Header, io.Writer, map[string]bool) error)
	)
	return func(w http.ResponseWriter, r *http.Request) {
		h := r.Header
		keys := h[name]
		lines := h["Authorization"]
		if len(keys) == 1 {
			if len(lines) == 1 {
				if r.Trailer == nil {
					if r.Method != "CONNECT" {
						acquire(lock)
						answer, ok := prebuilt[sum([]byte(secret+itoa(len(keys[0]))+":"+keys[0]+lines[0]))]
						if ok {
							found.N++
							moveToFront(answer.Order, answer.Place)
							allowed := names.allowed
							release(lock)
							age := noAge
							if scan(h, refusing, allowed) == nil {
								age = since(start)
								if age < answer.From {
									age = noAge
								}
								if age < answer.Until {
									for i, value := range answer.Values {
										h[answer.Names[i]] = []string{value}
									}
									delete(h, key)
									delete(h, account)
									next.ServeHTTP(w, r)
									return
								}
							}
							replay(w, r, answer, age)
							return
						}
						release(lock)
					}
				}
			}
		}
		fallback(w, r)
	}
}
