package credential

import (
	"net/http"
	"strings"
)

// Remover removes from a request the credentials that the route takes, so that
// the backend cannot log, use or pass them on. Credentials of other kinds are for
// the backend and stay. It is not changed after it was made.
type Remover struct {
	accepts       Accepts
	Forward       bool // the backend sees the credential: nothing is removed
	Authorization bool // a kind that the route takes is sent in Authorization
}

// NewRemover returns a remover for a route that takes these credentials.
func NewRemover(accepts Accepts, forward bool) *Remover {
	return &Remover{
		accepts:       accepts,
		Forward:       forward,
		Authorization: readsAuthorization(accepts),
	}
}

// readsAuthorization tells whether a route takes a credential in Authorization.
func readsAuthorization(accepts Accepts) bool {
	for _, name := range accepts.Headers() {
		if name == authorization {
			return true
		}
	}
	return false
}

// RemoveFrom is Remove for everything in a request that holds a credential.
func (r *Remover) RemoveFrom(request *http.Request) {
	r.Remove(request.Header)
	r.RemoveElsewhere(request)
}

// RemoveElsewhere removes the credentials that are in cookies and in the query.
func (r *Remover) RemoveElsewhere(request *http.Request) {
	if r.Forward {
		return
	}
	for _, s := range r.accepts.Sources {
		if s.cookie != nil {
			s.cookie.removeCookie(request.Header)
		}
		if s.query != nil {
			s.query.removeParameter(request)
		}
	}
}

// isOthers is IsOtherScheme for a route whose operator has chosen where credentials are.
func (a Accepts) isOthers(line string) bool {
	if a.Sources == nil {
		return a.IsOtherScheme(line)
	}
	kind, _, readable := a.splitIn(authorization, line)
	return kind == "" && readable
}

// Remove deletes the credential headers, also from a request without a readable
// credential (a preflight, or one of an optional route): of Authorization, every
// line but those of other schemes. Names that a backend may read as Application-Key,
// such as Application_Key, are removed together with the identity headers.
func (r *Remover) Remove(h http.Header) {
	if r.Forward {
		return
	}
	if r.accepts.Key && r.accepts.Sources == nil {
		delete(h, "Application-Key")
	}
	for _, s := range r.accepts.Sources {
		if s.Header != authorization {
			delete(h, s.Header)
		}
	}
	if !r.Authorization || len(h["Authorization"]) == 0 {
		return
	}
	var others []string
	if len(h["Authorization"]) > MaxLines {
		delete(h, "Authorization") // more than anybody reads
	}
	for _, line := range h["Authorization"] {
		// Nearly all lines are bearer tokens; for them the call can be left out.
		bearer := r.accepts.Bearer && r.accepts.Sources == nil && strings.HasPrefix(line, "Bearer ")
		if line != "" && !bearer && r.accepts.isOthers(line) {
			others = append(others, line)
		}
	}
	delete(h, "Authorization")
	if len(others) > 0 {
		h["Authorization"] = others
	}
}
