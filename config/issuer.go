package config

import (
	"strings"

	"github.com/upstreamauth/upstreamauth/issuer"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// issuer reads the settings of mode: issuer, a route that leads to the API's own
// login.
func (s *section) issuer(into *Settings) {
	into.Issuer = &issuer.Options{}
	s.only("mode", "bearer", "log")
	if !s.isWritten("bearer") {
		s.fault("bearer", "required in mode: issuer; it names the API whose logins pass here")
		return
	}
	inner := s.block("bearer", credentialKeys(verifier.Bearer))
	if inner == nil {
		return
	}
	inner.only("api", "url", "loginSecret")
	read := into.Issuer
	read.API = inner.api(verifier.Bearer)
	read.URL = inner.address("url")
	if !inner.isWritten("loginSecret") {
		inner.fault("loginSecret", "required in mode: issuer; the same secret as in the protecting blocks")
	}
	read.LoginSecret = inner.loginSecret("loginSecret", read.API)
}

// only adds a fault for every key beside those that mode: issuer uses. Ignoring one
// would let an operator rely on a protection that this mode does not give.
func (s *section) only(keys ...string) {
	for _, name := range s.names {
		if s.isWritten(name) && match(name, keys) == "" {
			s.fault(name, "means nothing in mode: issuer; allowed there: "+strings.Join(keys, ", "))
		}
	}
}
