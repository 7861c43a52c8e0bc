package upstreamauth

import (
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// minLearn is the least length of learn, in bytes: whoever guesses it could
// teach tokens.
const minLearn = 16

// issuer reads the settings of a route that leads to an upstream's own login.
func (s *section) issuer(into *settings) {
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
	b := &block{upstream: verifier.Settings{Kind: verifier.Bearer}}
	b.api = inner.api(verifier.Bearer)
	b.upstream.URL = inner.address("url")
	if inner.values["loginSecret"].shape == "" {
		inner.fault("loginSecret", "required in mode: issuer; the word that the protecting blocks have too")
	}
	b.learn = inner.learn("loginSecret", b.api)
	into.blocks = append(into.blocks, b)
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

// learn is the word between an issuer block and those that may believe it.
func (s *section) learn(key string, api *verifier.API) string {
	if s.values[key].shape == "" {
		return ""
	}
	if api != nil && api.Login == nil {
		s.fault(key, api.Name+" documents no login to learn from; leave it out")
		return ""
	}
	word := s.secret(key)
	if word != "" && len(word) < minLearn {
		s.fault(key, "must have at least 16 bytes")
		return ""
	}
	return word
}
