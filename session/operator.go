package session

import (
	"net/http"
	"time"
)

// Sealer makes the values of cookies for another part of the plugin, as sessions have them.
// Under the same secret, neither opens what the other has sealed.
type Sealer struct {
	seal *seal
}

// NewSealer makes the sealer of the cookies of one name. purpose is what they are for.
func NewSealer(name, secret, purpose string) *Sealer {
	return &Sealer{seal: newSeal(name, []string{secret}, "not a session", purpose)}
}

// Seal returns the value of a cookie that holds a text until its end.
func (s *Sealer) Seal(text string, end time.Time) string {
	return s.seal.encrypt(text, end)
}

// Open returns the text of a value; empty for one that Seal did not make, or whose end has
// come.
func (s *Sealer) Open(value string, now time.Time) string {
	return s.seal.decrypt(value, now)
}

// IsOwnPage tells whether a page of the same origin sent a request.
func IsOwnPage(r *http.Request) bool {
	return newOrigins(nil).isOwnPage(r)
}
