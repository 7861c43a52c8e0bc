package config

import (
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
)

// kinds are those of the credential blocks, in the order in which the gate takes them.
var kinds = []verifier.Kind{verifier.Bearer, verifier.ApplicationKey, verifier.Basic}

// The keys of every credential block, and the ranges of its durations.
var (
	blockKeys = []string{
		"api", "url", "path", "method", "lifetime", "revalidate", "timeout", "budget", "tls", "keepAlive", "custom",
		"header", "scheme", "cookie", "query", "pattern", "headers", "host", "proxy",
	}
	probeKeys = []string{"username", "password"}

	lifetimeRange = durationRange{low: time.Second, high: 720 * time.Hour, words: "1s to 720h"}
	timeoutRange  = durationRange{low: 100 * time.Millisecond, high: time.Minute, words: "100ms to 60s"}
)

// defaultTimeout is for one verification as a whole, from connecting to the last
// byte of the response.
const defaultTimeout = 5 * time.Second

// The least length of loginSecret, and how many of its bytes differ at least. Anyone
// who can guess it and write a middleware could make tokens pass as issued by a login.
const (
	minLoginSecret = 16
	minLoginBytes  = 6

	minStatusToken = 16 // likewise
	minStatusBytes = 6
)

// credentialKeys is the key set of the block of one kind.
func credentialKeys(kind verifier.Kind) keySet {
	set := keySet{}
	set.keys = append(set.keys, blockKeys...)
	switch kind {
	case verifier.Bearer:
		set.keys = append(set.keys, "loginSecret")
		set.old = append(set.old, renamed{key: "learn", name: "loginSecret"})
	case verifier.Basic:
		set.keys = append(set.keys, "applicationKey")
	case verifier.ApplicationKey:
		set.keys = append(set.keys, "account", "probe")
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
	block.API = inner.api(kind, true)
	api := block.API
	if api == nil {
		api = &apis.API{} // without defaults, so that the faults of the other keys are found too
	}
	isDescribed := api.Name == described
	block.Upstream.Target.URL = inner.address("url")
	block.Upstream.Target.Path = inner.target("path", api.Path)
	if block.API != nil && api.Path == "" && !inner.has("path") {
		inner.fault("path", "required for "+api.Name+": a path of the API that only a valid credential may call; it "+allowedPath)
	}
	block.Upstream.Target.Method = inner.choice("method", api.Method, []string{"GET", "POST"})
	inner.checkCall(block.Upstream.Target.URL, block.Upstream.Target.Path, api)
	inner.ages(block, api)
	block.Budget = inner.rate("budget", api.Quota)
	block.Timeout = inner.duration("timeout", defaultTimeout, timeoutRange)
	if kind == verifier.Bearer {
		block.Upstream.LoginSecret = inner.loginSecret("loginSecret", block.API)
	}
	if kind == verifier.Basic {
		block.Upstream.Key = inner.operatorKey("applicationKey", isDescribed)
	}
	if kind == verifier.ApplicationKey {
		block.Upstream.Account = inner.boolean("account", false)
		block.Upstream.Probe = inner.probe("probe", block.Upstream.Account, isDescribed)
	}
	block.Upstream.Target.TLS = inner.tls("tls", block.Upstream.Target.URL, keySet{keys: tlsKeys})
	inner.way(&block.Upstream.Target)
	inner.place(block)
	block.Upstream.Target.SingleUse = !inner.boolean("keepAlive", true)
	inner.custom(block, canary, s)
	return block
}

// ages reads how long a credential is accepted, and from which age on it is asked about
// again. The latter has to come first: at the end of the lifetime there is nothing left
// to ask about.
func (s *section) ages(block *gate.Block, api *apis.API) {
	before := s.reader.count()
	block.Lifetime = s.duration("lifetime", api.Lifetime, lifetimeRange)
	block.Revalidate = s.duration("revalidate", 0, lifetimeRange)
	if s.reader.count() == before && block.Lifetime > 0 && block.Revalidate >= block.Lifetime {
		s.notAllowed("revalidate", s.text("revalidate"), "less than lifetime, which is "+block.Lifetime.String()+", or it would never come")
	}
}

// api returns the dialect that the block names; nil after a fault. Only APIs that
// issue credentials of the block's kind are allowed.
func (s *section) api(kind verifier.Kind, mayDescribe bool) *apis.API {
	name := s.text("api")
	if name == described && mayDescribe {
		return provisional()
	}
	var names []string // that are allowed
	for _, api := range apis.All() {
		if !issues(api, kind) {
			continue
		}
		if api.Name == name {
			return api
		}
		names = append(names, api.Name)
	}
	if mayDescribe {
		names = append(names, described)
	}
	allowed := strings.Join(names, ", ")
	if !s.has("api") {
		s.fault("api", "required; allowed: "+allowed)
	} else if name != "" {
		s.notAllowed("api", name, allowed+s.otherAPI(name, names))
	}
	return nil
}

// issues says whether the API issues credentials of this kind.
func issues(api *apis.API, kind verifier.Kind) bool {
	for _, issued := range api.Kinds {
		if issued == kind {
			return true
		}
	}
	return false
}

// otherAPI returns the end of a fault's text that names the API which was meant, and
// where it goes if that is not here; empty if none is near.
func (s *section) otherAPI(name string, allowed []string) string {
	here := s.reader.suggest(name, allowed)
	if here != "" || s.reader.count() >= maxSuggestions {
		return here
	}
	for _, api := range apis.All() {
		if nearest(name, []string{api.Name}) == "" {
			continue
		}
		var blocks []string
		for _, kind := range kinds {
			if issues(api, kind) {
				blocks = append(blocks, string(kind))
			}
		}
		return "; " + api.Name + " goes under " + strings.Join(blocks, " or ")
	}
	return ""
}

// operatorKey reads the operator's own application key, under which accounts are
// checked. It is sent in a header, so it must be one line without blanks.
func (s *section) operatorKey(key string, isDescribed bool) string {
	if isDescribed {
		if s.isWritten(key) {
			s.fault(key, "not with api: custom; who the gate is there stands in custom.request.client")
		}
		return ""
	}
	if !s.isWritten(key) {
		s.fault(key, "required: the operator's own key, as a value, env:NAME or file:/path")
		return ""
	}
	value := s.secret(key)
	if value != "" && !verifier.IsVisibleASCII(value) {
		s.secretFault(key, "must be visible ASCII without blanks, at most 8 KiB")
		return ""
	}
	return value
}

// probe reads the operator's account that is sent with every application key to be
// checked. It returns an account wherever one was written, even a faulty one: checks
// that need to know if there is one must not add a fault of their own.
func (s *section) probe(key string, account, isDescribed bool) *apis.Account {
	if !s.isWritten(key) {
		return nil
	}
	read := &apis.Account{}
	if isDescribed {
		s.fault(key, "not with api: custom, which says what is sent in custom.request")
	}
	if account {
		s.fault(key, "not beside account: true, where each request brings its own account")
	}
	inner := s.block(key, keySet{keys: probeKeys})
	if inner == nil {
		return read
	}
	read.User = inner.literal("username")
	if !inner.has("username") {
		inner.fault("username", "required")
	}
	if !inner.isWritten("password") {
		inner.fault("password", "required: a value, env:NAME or file:/path")
	}
	read.Password = inner.line("password")
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
	if s.guessable(key, secret, minLoginSecret, minLoginBytes) {
		return ""
	}
	return secret
}
