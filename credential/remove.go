package credential

import (
	"net/http"
	"strings"
)

// Remover takes away what the backend is not to see: the credentials of
// the configured kinds. Other kinds are none of our business.
type Remover struct {
	accepts       Accepts
	Forward       bool
	Authorization bool // a configured kind comes in Authorization
}

func NewRemover(accepts Accepts, forward bool) *Remover {
	return &Remover{
		accepts:       accepts,
		Forward:       forward,
		Authorization: accepts.Bearer || accepts.Basic || accepts.Account,
	}
}

// Remove deletes credential headers, unless they are to be forwarded. Their
// other spellings have gone with the identity headers (identity.ours).
func (c *Remover) Remove(h http.Header) {
	if c.Forward {
		return
	}
	if c.accepts.Key {
		delete(h, "Application-Key")
	}
	if !c.Authorization || len(h["Authorization"]) == 0 {
		return
	}
	var foreign []string
	for _, line := range h["Authorization"] {
		ours := c.accepts.Bearer && strings.HasPrefix(line, "Bearer ") // most are, which takes no call
		if line != "" && !ours && c.accepts.IsOtherScheme(line) {
			foreign = append(foreign, line)
		}
	}
	delete(h, "Authorization")
	if len(foreign) > 0 {
		h["Authorization"] = foreign
	}
}
