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

// Handler returns the handler of the route: the way of requests whose answer is
// ready, with g for everything unusual. Where a route takes several kinds of
// credentials their ways are a chain: who carries none of the first kind, or one
// that is not ready, goes on to the next.
func (g *Gate) Handler() func(http.ResponseWriter, *http.Request) {
	further := g.ServeHTTP
	for i := len(g.schemes) - 1; i >= 0; i-- {
		further = g.hitPath(g.schemes[i], further)
		g.schemes[i].refreshSafeNames(g.identity)
	}
	return further
}

// hitPath returns the way of requests with one kind of credential.
//
// A Connection header may name others, which the proxy behind us then removes,
// ours too. Newer Traefiks have removed it before; a request that still has a
// usual one is found out on the first way, and goes a second.
func (g *Gate) hitPath(d *scheme, further func(http.ResponseWriter, *http.Request)) func(http.ResponseWriter, *http.Request) {
	usual := map[string]bool{
		"keep-alive": true, "Keep-Alive": true, "close": true,
		"Upgrade": true, "upgrade": true, "keep-alive, Upgrade": true,
	}
	odd := excludedNames(g, d)
	way := g.oneHeader
	if d.paired {
		way = g.twoHeaders
	}
	connected := way(d, d.newSafeNames(odd...), further)
	return way(d, d.newSafeNames(append(odd, "Connection")...), func(w http.ResponseWriter, r *http.Request) {
		connection := r.Header["Connection"]
		if len(connection) == 1 && usual[connection[0]] {
			connected(w, r)
			return
		}
		further(w, r)
	})
}

// excludedNames are headers that a request of this kind may not carry if its answer is
// to be the ready one: credentials of another kind, and the mark of a preflight,
// which passes without an identity.
func excludedNames(g *Gate, d *scheme) []string {
	var odd []string
	if g.preflight {
		odd = append(odd, "Access-Control-Request-Method")
	}
	if g.accepts.Key && d.kind != verifier.ApplicationKey {
		odd = append(odd, "Application-Key")
	}
	if g.credentials.Authorization && d.kind == verifier.ApplicationKey && !d.paired {
		odd = append(odd, "Authorization")
	}
	return odd
}

// compiled returns a method of a compiled type as a function that takes its
// receiver first: calling that costs less than binding the method each time.
func compiled(of interface{}, name string) interface{} {
	method, _ := reflect.TypeOf(of).MethodByName(name)
	return method.Func.Interface()
}

// oneHeader is the way of a credential that comes in one header line.
//
// This runs interpreted, on every request, so it is one flat closure, and its
// form is that of what is cheap (docs/speed.md): a call of a function of ours
// costs as much as five map reads; every expression takes room at entry, also
// one that never runs, and a variable twice as much; so conditions are nested, as
// && takes room too, and what is used once has no name. What it captures never
// changes, so that nothing of one request can show up in another.
//
// It keeps every promise that g keeps: the credential's line is compared by its
// keyed digest; scan looks, in compiled code, for header names that are not known
// to be harmless (it fails on writing the first, since the pipe is closed); the
// answer is used only before its end. (What is then refused for another reason has
// counted as a use; only who has the credential can have it so.) Nothing between
// acquire and release can panic; the digest is taken there too, since a variable
// for it would cost more than others wait.
func (g *Gate) oneHeader(d *scheme, glance *safeNames, otherwise func(http.ResponseWriter, *http.Request)) func(http.ResponseWriter, *http.Request) {
	name := "Authorization"
	if d.kind == verifier.ApplicationKey {
		name = "Application-Key"
	}
	gone := name
	if g.credentials.Forward {
		gone = "" // no header's name
	}
	_, closed := io.Pipe()
	_ = closed.Close()
	var (
		refusing io.Writer = closed // as what scan takes: turning it into that costs 300 ns
		lock               = d.fastPath.Lock
		secret             = d.fastPath.Secret
		ready              = d.fastPath.Answers
		next               = g.next
		start              = g.start
		since              = reflect.ValueOf(g.since).Interface().(func(time.Time) time.Duration)
		sum                = sha256.Sum256
		acquire            = compiled(lock, "Lock").(func(*sync.Mutex))
		release            = compiled(lock, "Unlock").(func(*sync.Mutex))
		touch              = compiled(list.New(), "MoveToFront").(func(*list.List, *list.Element))
		scan               = compiled(http.Header{}, "WriteSubset").(func(http.Header, io.Writer, map[string]bool) error)
	)
	return func(w http.ResponseWriter, r *http.Request) {
		h := r.Header
		lines := h[name]
		if len(lines) == 1 {
			if r.Trailer == nil {
				acquire(lock)
				x, ok := ready[sum([]byte(secret+lines[0]))]
				if ok {
					touch(x.Order, x.Place)
				}
				known := glance.allowed
				release(lock)
				if ok {
					if scan(h, refusing, known) == nil {
						age := since(start)
						if age >= x.From {
							if age < x.Until {
								for i, value := range x.Values {
									h[x.Names[i]] = value
								}
								delete(h, gone)
								next.ServeHTTP(w, r)
								return
							}
							replay(w, r, x, age, otherwise)
							return
						}
					}
				}
			}
		}
		otherwise(w, r)
	}
}

// twoHeaders is the way of a key that comes with an account: single, but for two lines. It
// is written out again, since what they have in common would be a call.
func (g *Gate) twoHeaders(d *scheme, glance *safeNames, otherwise func(http.ResponseWriter, *http.Request)) func(http.ResponseWriter, *http.Request) {
	key, account := "Application-Key", "Authorization"
	if g.credentials.Forward {
		key, account = "", "" // no header's names
	}
	_, closed := io.Pipe()
	_ = closed.Close()
	var (
		refusing io.Writer = closed
		lock               = d.fastPath.Lock
		secret             = d.fastPath.Secret
		ready              = d.fastPath.Answers
		next               = g.next
		start              = g.start
		since              = reflect.ValueOf(g.since).Interface().(func(time.Time) time.Duration)
		sum                = sha256.Sum256
		itoa               = strconv.Itoa
		acquire            = compiled(lock, "Lock").(func(*sync.Mutex))
		release            = compiled(lock, "Unlock").(func(*sync.Mutex))
		touch              = compiled(list.New(), "MoveToFront").(func(*list.List, *list.Element))
		scan               = compiled(http.Header{}, "WriteSubset").(func(http.Header, io.Writer, map[string]bool) error)
	)
	return func(w http.ResponseWriter, r *http.Request) {
		h := r.Header
		keys := h["Application-Key"]
		lines := h["Authorization"]
		if len(keys) == 1 {
			if len(lines) == 1 {
				if r.Trailer == nil {
					acquire(lock)
					x, ok := ready[sum([]byte(secret+itoa(len(keys[0]))+":"+keys[0]+lines[0]))]
					if ok {
						touch(x.Order, x.Place)
					}
					known := glance.allowed
					release(lock)
					if ok {
						if scan(h, refusing, known) == nil {
							age := since(start)
							if age >= x.From {
								if age < x.Until {
									for i, value := range x.Values {
										h[x.Names[i]] = value
									}
									delete(h, key)
									delete(h, account)
									next.ServeHTTP(w, r)
									return
								}
								replay(w, r, x, age, otherwise)
								return
							}
						}
					}
				}
			}
		}
		otherwise(w, r)
	}
}
