package upstreamauth

import (
	"net/http"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// credentials takes away what the backend is not to see: the credentials of
// the configured kinds. Other kinds are none of our business.
type credentials struct {
	accepts       verifier.Accepts
	forward       bool
	authorization bool // a configured kind comes in Authorization
}

func newCredentials(accepts verifier.Accepts, forward bool) *credentials {
	return &credentials{
		accepts:       accepts,
		forward:       forward,
		authorization: accepts.Bearer || accepts.Basic || accepts.Account,
	}
}

// remove deletes credential headers, unless they are to be forwarded. Their
// other spellings have gone with the identity headers (identity.ours).
func (c *credentials) remove(h http.Header) {
	if c.forward {
		return
	}
	if c.accepts.Key {
		delete(h, "Application-Key")
	}
	if !c.authorization || len(h["Authorization"]) == 0 {
		return
	}
	var foreign []string
	for _, line := range h["Authorization"] {
		ours := c.accepts.Bearer && strings.HasPrefix(line, "Bearer ") // most are, which takes no call
		if line != "" && !ours && c.accepts.Foreign(line) {
			foreign = append(foreign, line)
		}
	}
	delete(h, "Authorization")
	if len(foreign) > 0 {
		h["Authorization"] = foreign
	}
}
