package config

import (
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
)

// The keys of a credential block, and the ranges of its durations.
var (
	blockKeys = []string{"api", "url", "path", "method", "lifetime", "revalidate", "timeout", "budget", "tls"}
	probeKeys = []string{"username", "password"}

	lifetimeSpan = durationRange{low: 1, high: 720 * time.Hour, words: "more than 0s, at most 720h"}
	timeoutSpan  = durationRange{low: 100 * time.Millisecond, high: time.Minute, words: "100ms to 60s"}
)

// defaultTimeout is for one verification, everything in it.
const defaultTimeout = 5 * time.Second

// minLoginSecret is the least length of learn, in bytes: whoever guesses it could
// teach tokens.
const minLoginSecret = 16

// credentialKeys is what the block of one kind may hold.
func credentialKeys(kind verifier.Kind) keySet {
	v := keySet{}
	v.keys = append(v.keys, blockKeys...)
	if kind == verifier.Bearer {
		v.keys = append(v.keys, "loginSecret")
		v.old = append(v.old, renamed{key: "learn", name: "loginSecret"})
	} else {
		v.other = append(v.other, misplacedKey{key: "loginSecret", home: "bearer"})
	}
	if kind == verifier.Basic {
		v.keys = append(v.keys, "applicationKey")
	} else {
		v.other = append(v.other, misplacedKey{key: "applicationKey", home: "basic"})
	}
	if kind == verifier.ApplicationKey {
		v.keys = append(v.keys, "account", "probe")
	} else {
		v.other = append(v.other, misplacedKey{key: "account", home: "applicationKey"}, misplacedKey{key: "probe", home: "applicationKey"})
	}
	return v
}

// credential reads the block of one kind; nil if it is off. Its api is nil
// where that could not be read, which is a fault.
func (s *section) credential(kind verifier.Kind, canary bool) *gate.Block {
	if s.values[string(kind)].shape == "" {
		return nil
	}
	b := &gate.Block{Upstream: apis.Settings{Kind: kind, Canary: canary}}
	inner := s.block(string(kind), credentialKeys(kind))
	if inner == nil {
		return b
	}
	b.API = inner.api(kind)
	known := b.API
	if known == nil {
		known = &apis.API{} // no defaults; the other keys' faults are wanted too
	}
	b.Upstream.Target.URL = inner.address("url")
	b.Upstream.Target.Path = inner.target("path", known.Path)
	if b.API != nil && known.Path == "" && !inner.has("path") {
		inner.fault("path", "required for "+known.Name+": a path of the API that only a good credential may call; it "+allowedPath)
	}
	b.Upstream.Target.Method = inner.choice("method", known.Method, []string{"GET", "POST"})
	b.Lifetime = inner.duration("lifetime", known.Lifetime, lifetimeSpan)
	b.Revalidate = inner.duration("revalidate", 0, lifetimeSpan)
	b.Budget = inner.rate("budget", known.Quota)
	b.Timeout = inner.duration("timeout", defaultTimeout, timeoutSpan)
	if kind == verifier.Bearer {
		b.Upstream.LoginSecret = inner.loginSecret("loginSecret", b.API)
	}
	if kind == verifier.Basic {
		b.Upstream.Key = inner.operatorKey("applicationKey")
	}
	if kind == verifier.ApplicationKey {
		b.Upstream.Account = inner.boolean("account", false)
		b.Upstream.Probe = inner.probe("probe", b.Upstream.Account)
	}
	b.Upstream.Target.TLS = inner.tls("tls", b.Upstream.Target.URL)
	return b
}

// api returns the dialect that the block names, if its upstream issues the
// block's kind; nil after a fault.
func (s *section) api(kind verifier.Kind) *apis.API {
	var serving []*apis.API
	var names []string
	for _, api := range apis.All() {
		for _, issued := range api.Kinds {
			if issued == kind {
				serving = append(serving, api)
				names = append(names, api.Name)
			}
		}
	}
	if !s.has("api") {
		s.fault("api", "required; allowed: "+strings.Join(names, ", "))
		return nil
	}
	name := s.choice("api", "", names)
	for _, api := range serving {
		if api.Name == name {
			return api
		}
	}
	return nil
}

// operatorKey is the key that accounts are checked under. It is sent in a
// header, so it has to be fit for one.
func (s *section) operatorKey(key string) string {
	if s.values[key].shape == "" {
		s.fault(key, "required: the operator's own key, as a value, env:NAME or file:/path")
		return ""
	}
	value := s.secret(key)
	if !verifier.IsVisibleASCII(value) {
		s.fault(key, "must be visible ASCII without blanks, at most 8 KiB")
		return ""
	}
	return value
}

// probe reads the account that is sent along with keys to be checked. It is
// never nil where one was written, so that a wrong one is one fault and not two.
func (s *section) probe(key string, account bool) *apis.Account {
	if s.values[key].shape == "" {
		return nil
	}
	read := &apis.Account{}
	if account {
		s.fault(key, "not beside account: true, where each request brings its own account")
	}
	inner := s.block(key, keySet{keys: probeKeys})
	if inner == nil {
		return read
	}
	read.User = inner.text("username")
	if !inner.has("username") {
		inner.fault("username", "required")
	}
	if inner.values["password"].shape == "" {
		inner.fault("password", "required: a value, env:NAME or file:/path")
	}
	read.Password = inner.secret("password")
	return read
}

// loginSecret is the word between an issuer block and those that may believe it.
func (s *section) loginSecret(key string, api *apis.API) string {
	if s.values[key].shape == "" {
		return ""
	}
	if api != nil && api.Login == nil {
		s.fault(key, api.Name+" documents no login to learn from; leave it out")
		return ""
	}
	word := s.secret(key)
	if word != "" && len(word) < minLoginSecret {
		s.fault(key, "must have at least 16 bytes")
		return ""
	}
	return word
}
