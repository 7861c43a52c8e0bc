package config

import (
	"strings"

	"github.com/upstreamauth/upstreamauth/issuer"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// issuer reads the settings of a route that leads to an upstream's own login.
func (s *section) issuer(into *Settings) {
	into.Issuer = &issuer.Options{}
	s.only("mode", "bearer", "log")
	if s.values["bearer"].shape == "" {
		s.fault("bearer", "required in mode: issuer; it says whose logins pass here")
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
	if inner.values["loginSecret"].shape == "" {
		inner.fault("loginSecret", "required in mode: issuer; the word that the protecting blocks have too")
	}
	read.LoginSecret = inner.loginSecret("loginSecret", read.API)
}

// only adds a fault for every other key that was written: a policy that is not
// kept must not look as if it were.
func (s *section) only(keys ...string) {
	for _, name := range s.names {
		if s.values[name].shape != "" && match(name, keys) == "" {
			s.fault(name, "means nothing in mode: issuer; allowed there: "+strings.Join(keys, ", "))
		}
	}
}
