package config

import (
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
)

// The keys of every credential block, and the ranges of its durations.
var (
	blockKeys = []string{"api", "url", "path", "method", "lifetime", "revalidate", "timeout", "budget", "tls"}
	probeKeys = []string{"username", "password"}

	lifetimeRange = durationRange{low: 1, high: 720 * time.Hour, words: "more than 0s, at most 720h"}
	timeoutRange  = durationRange{low: 100 * time.Millisecond, high: time.Minute, words: "100ms to 60s"}
)

// defaultTimeout is for one verification as a whole, from connecting to the last
// byte of the response.
const defaultTimeout = 5 * time.Second

// minLoginSecret is the least length of loginSecret, in bytes. Anyone who can guess
// it and write a middleware could make tokens pass as issued by a login.
const minLoginSecret = 16

// credentialKeys is the key set of the block of one kind.
func credentialKeys(kind verifier.Kind) keySet {
	set := keySet{}
	set.keys = append(set.keys, blockKeys...)
	if kind == verifier.Bearer {
		set.keys = append(set.keys, "loginSecret")
		set.old = append(set.old, renamed{key: "learn", name: "loginSecret"})
	} else {
		set.other = append(set.other, misplacedKey{key: "loginSecret", home: "bearer"})
	}
	if kind == verifier.Basic {
		set.keys = append(set.keys, "applicationKey")
	} else {
		set.other = append(set.other, misplacedKey{key: "applicationKey", home: "basic"})
	}
	if kind == verifier.ApplicationKey {
		set.keys = append(set.keys, "account", "probe")
	} else {
		set.other = append(set.other, misplacedKey{key: "account", home: "applicationKey"}, misplacedKey{key: "probe", home: "applicationKey"})
	}
	return set
}

// credential reads the block of one kind; nil if it is absent. The API of the result
// is nil after a fault of the key api.
func (s *section) credential(kind verifier.Kind, canary bool) *gate.Block {
	if !s.isWritten(string(kind)) {
		return nil
	}
	block := &gate.Block{Upstream: apis.Settings{Kind: kind, Canary: canary}}
	inner := s.block(string(kind), credentialKeys(kind))
	if inner == nil {
		return block
	}
	block.API = inner.api(kind)
	api := block.API
	if api == nil {
		api = &apis.API{} // without defaults, so that the faults of the other keys are found too
	}
	block.Upstream.Target.URL = inner.address("url")
	block.Upstream.Target.Path = inner.target("path", api.Path)
	if block.API != nil && api.Path == "" && !inner.has("path") {
		inner.fault("path", "required for "+api.Name+": a path of the API that only a valid credential may call; it "+allowedPath)
	}
	block.Upstream.Target.Method = inner.choice("method", api.Method, []string{"GET", "POST"})
	block.Lifetime = inner.duration("lifetime", api.Lifetime, lifetimeRange)
	block.Revalidate = inner.duration("revalidate", 0, lifetimeRange)
	block.Budget = inner.rate("budget", api.Quota)
	block.Timeout = inner.duration("timeout", defaultTimeout, timeoutRange)
	if kind == verifier.Bearer {
		block.Upstream.LoginSecret = inner.loginSecret("loginSecret", block.API)
	}
	if kind == verifier.Basic {
		block.Upstream.Key = inner.operatorKey("applicationKey")
	}
	if kind == verifier.ApplicationKey {
		block.Upstream.Account = inner.boolean("account", false)
		block.Upstream.Probe = inner.probe("probe", block.Upstream.Account)
	}
	block.Upstream.Target.TLS = inner.tls("tls", block.Upstream.Target.URL)
	return block
}

// api returns the dialect that the block names; nil after a fault. Only APIs that
// issue credentials of the block's kind are allowed.
func (s *section) api(kind verifier.Kind) *apis.API {
	var issuing []*apis.API
	var names []string
	for _, api := range apis.All() {
		for _, issued := range api.Kinds {
			if issued == kind {
				issuing = append(issuing, api)
				names = append(names, api.Name)
			}
		}
	}
	if !s.has("api") {
		s.fault("api", "required; allowed: "+strings.Join(names, ", "))
		return nil
	}
	name := s.choice("api", "", names)
	for _, api := range issuing {
		if api.Name == name {
			return api
		}
	}
	return nil
}

// operatorKey reads the operator's own application key, under which accounts are
// checked. It is sent in a header, so it must be one line without blanks.
func (s *section) operatorKey(key string) string {
	if !s.isWritten(key) {
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

// probe reads the operator's account that is sent with every application key to be
// checked. It returns an account wherever one was written, even a faulty one: checks
// that need to know if there is one must not add a fault of their own.
func (s *section) probe(key string, account bool) *apis.Account {
	if !s.isWritten(key) {
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
	if !inner.isWritten("password") {
		inner.fault("password", "required: a value, env:NAME or file:/path")
	}
	read.Password = inner.secret("password")
	return read
}

// loginSecret reads the secret that an issuer block shares with the protecting
// blocks which trust the logins that it sees.
func (s *section) loginSecret(key string, api *apis.API) string {
	if !s.isWritten(key) {
		return ""
	}
	if api != nil && api.Login == nil {
		s.fault(key, api.Name+" documents no login; leave it out")
		return ""
	}
	secret := s.secret(key)
	if secret != "" && len(secret) < minLoginSecret {
		s.fault(key, "must have at least 16 bytes")
		return ""
	}
	return secret
}
