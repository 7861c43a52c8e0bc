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
		Authorization: accepts.Bearer || accepts.Basic || accepts.Account,
	}
}

// Remove deletes the credential headers, also from a request without a readable
// credential (a preflight, or one of an optional route): of Authorization, every
// line but those of other schemes. Names that a backend may read as Application-Key,
// such as Application_Key, are removed together with the identity headers.
func (r *Remover) Remove(h http.Header) {
	if r.Forward {
		return
	}
	if r.accepts.Key {
		delete(h, "Application-Key")
	}
	if !r.Authorization || len(h["Authorization"]) == 0 {
		return
	}
	var others []string
	for _, line := range h["Authorization"] {
		// Nearly all lines are bearer tokens; for them the call can be left out.
		bearer := r.accepts.Bearer && strings.HasPrefix(line, "Bearer ")
		if line != "" && !bearer && r.accepts.IsOtherScheme(line) {
			others = append(others, line)
		}
	}
	delete(h, "Authorization")
	if len(others) > 0 {
		h["Authorization"] = others
	}
}
