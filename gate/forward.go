package gate

import (
	"context"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/cache"
	"github.com/upstreamauth/upstreamauth/credential"
	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// outcome is the decision about a request: a denial, or the identity headers for
// the backend. An anonymous request that is allowed has neither.
type outcome struct {
	kind    verifier.Kind // of the credential that was sent; it shapes the denial
	denial  verifier.Denial
	allowed *cache.Prebuilt
	ends    time.Time // of the credential of an allowed request; zero: it is not known
}

// isSet tells whether a credential was supplied beside a request's headers.
func isSet(supplied verifier.Credential) bool {
	return supplied.Token != "" || supplied.User != ""
}

// setHeaders sets the identity headers on a request for the backend. What stands there
// may write into their values: the slices are the request's own.
func setHeaders(h http.Header, identity *cache.Prebuilt) {
	for i, name := range identity.Names {
		h.Set(name, identity.Values[i])
	}
}

// withSupplied returns the request that takes a supplied credential to the backend in the
// header of its kind, or r itself if another scheme is there.
//
// It is in a copy with headers of its own. The backend's side may read them
// after it has returned, as Traefik's mirroring does, so nothing can be taken out
// again; and Traefik's access log shows the headers of the request that came, which
// must not hold it, however the backend ends its response.
func withSupplied(r *http.Request, accepts credential.Accepts, supplied verifier.Credential) *http.Request {
	name := "Authorization"
	sent := ""
	if supplied.Kind == verifier.Basic {
		sent = credential.AccountLine(supplied.User, supplied.Password)
	} else {
		source := accepts.Source(verifier.Bearer)
		name = source.Header
		sent = source.Line(supplied.Token)
	}
	line, _ := credential.SingleValue(r.Header[name])
	if line != "" {
		return r
	}
	own := r.WithContext(r.Context())
	own.Header = r.Header.Clone()
	own.Header[name] = []string{sent}
	return own
}

// Removed remembers, while a request is under way, that a gate has removed its
// credential, for another gate behind it, which finds none. It stands beside the
// requests, so that nothing a client sends can look like it. It is safe for concurrent
// use.
type Removed struct {
	mu    sync.Mutex
	notes map[uintptr]string // by a request's headers: a line for each kind, with the gate's name
}

// NewRemoved returns an empty memory.
func NewRemoved() *Removed {
	return &Removed{notes: map[uintptr]string{}}
}

// removedNote is the note that a gate of that name removes the credential of an allowed
// request; empty where it removes none.
func removedNote(o *outcome, accepts credential.Accepts, credentials *credential.Remover, gate string) string {
	if o.allowed == nil || credentials.Forward {
		return ""
	}
	note := string(o.kind) + "\t" + gate + "\n"
	if accepts.Account && o.kind == verifier.ApplicationKey {
		note += string(verifier.Basic) + "\t" + gate + "\n"
	}
	return note
}

// serve calls next with a note about the request. The hit path leaves none: it costs too
// much there, and a gate's first request with a credential is rarely a hit.
func (n *Removed) serve(next http.Handler, w http.ResponseWriter, r *http.Request, note string) {
	if note == "" {
		next.ServeHTTP(w, r)
		return
	}
	key := reflect.ValueOf(r.Header).Pointer() // copies of a request share its headers
	before := n.of(key)
	n.set(key, before+note)
	defer n.set(key, before)
	next.ServeHTTP(w, r)
}

// serveUntil is serve for a web socket that is closed when its credential ends: what is
// said there later is checked by no gate. The proxy behind the gate closes the connection
// to the backend when the request's context ends, and with it the client's; so the
// ResponseWriter stays as it came. A zero end is not known, and closes nothing.
func (n *Removed) serveUntil(end, now time.Time, next http.Handler, w http.ResponseWriter, r *http.Request, note string) {
	if end.IsZero() {
		n.serve(next, w, r, note)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), end.Sub(now))
	defer cancel()
	n.serve(next, w, r.WithContext(ctx), note)
}

func (n *Removed) of(key uintptr) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.notes[key]
}

func (n *Removed) set(key uintptr, note string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if note == "" {
		delete(n.notes, key)
		return
	}
	n.notes[key] = note
}

// note logs, once, that a request has no credential since a gate before this one has
// removed it: here every such request is denied, or anonymous.
func (n *Removed) note(r *http.Request, accepts credential.Accepts, optional bool, log *telemetry.Log) {
	removed := n.of(reflect.ValueOf(r.Header).Pointer())
	for _, line := range strings.Split(removed, "\n") {
		kind, by, _ := strings.Cut(line, "\t")
		if !takes(accepts, verifier.Kind(kind)) {
			continue
		}
		effect := "denied"
		if optional {
			effect = "anonymous"
		}
		log.Once(telemetry.LevelError, telemetry.EventChain, "the gate before this one, "+by+", has removed the "+kind+" credential, so every request of its clients is "+effect+
			" here: set forwardCredential: true on "+by+", or keep one of the two")
		return
	}
}

// takes tells whether a credential of that kind is one for a route, or part of one.
func takes(accepts credential.Accepts, kind verifier.Kind) bool {
	switch kind {
	case verifier.Bearer:
		return accepts.Bearer
	case verifier.ApplicationKey:
		return accepts.Key
	case verifier.Basic:
		return accepts.Basic || accepts.Account
	}
	return false
}
