package config

import (
	"reflect"
	"strconv"
	"time"

	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// What the top of a configuration and its plain blocks may hold.
var (
	topKeys = keySet{
		keys: []string{
			"mode", "bearer", "applicationKey", "basic", "cache", "identity",
			"forwardCredential", "optional", "preflight", "errors", "canary", "log", "limits", "session",
		},
		later: []string{"shared"},
		old:   []renamed{{key: "unknown", name: "limits"}},
	}
	cacheKeys = keySet{
		keys: []string{"size", "negativeLifetime", "negativeSize", "epoch"},
		old:  []renamed{{key: "negative", name: "negativeLifetime"}},
	}
	errorsKeys = keySet{keys: []string{"format", "statuses", "unavailable"}}

	negativeSpan = durationRange{low: 0, high: time.Hour, words: "0s to 1h"}
)

const (
	defaultSize        = 10000 // good credentials held, and in room of their own as many refusals
	maxSize            = 10000000
	defaultNegative    = 30 * time.Second // how long a refusal is remembered
	defaultUnavailable = 500              // the status when the upstream could not be asked
)

// Read reads a plugin block, as Traefik's providers deliver it, into
// typed settings, or into every fault that it holds, in an order that depends
// on the block alone. With a fault the settings are not to be used. It reads
// env, and the files that secrets refer to; never the network.
func Read(raw map[string]any, env func(string) (string, bool)) (*Settings, []Fault) {
	r := &reader{env: env}
	top := r.enter("", reflect.ValueOf(raw))
	top.matchKeys(topKeys)

	read := &Settings{}
	if top.choice("mode", "protect", []string{"protect", "issuer"}) == "issuer" {
		top.issuer(read)
	} else {
		top.protect(read)
	}
	read.Log = top.choice("log", "info", []string{"error", "info", "debug"})
	faults := r.all()
	return read, faults
}

// protect reads the settings of a route that is guarded.
func (s *section) protect(into *Settings) {
	s.credentials(into)
	s.session("session", into)
	s.cache("cache", into)
	s.limits("limits", into)
	s.identity("identity", into)
	into.Gate.ForwardCredential = s.boolean("forwardCredential", false)
	into.Gate.Optional = s.boolean("optional", false)
	into.Gate.Preflight = s.boolean("preflight", false)
	s.errors("errors", into)
}

// credentials reads the blocks that are on, in the order in which the gate
// names them, and what they may not be beside each other.
func (s *section) credentials(into *Settings) {
	canary := s.boolean("canary", true)
	for _, kind := range []verifier.Kind{verifier.Bearer, verifier.ApplicationKey, verifier.Basic} {
		b := s.credential(kind, canary)
		if b != nil {
			into.Gate.Blocks = append(into.Gate.Blocks, b)
		}
	}
	if len(into.Gate.Blocks) == 0 {
		s.r.fault("bearer, applicationKey, basic", "at least one of these blocks is required; it says which credentials are checked, and where")
	}
	keyed := false // a key that comes with an account has been read before
	for _, b := range into.Gate.Blocks {
		if b.Upstream.Account {
			keyed = true
		}
		if keyed && b.Upstream.Kind == verifier.Basic {
			s.fault("basic", "not beside applicationKey.account: true, which reads the same account; keep one")
		}
		if lacksCanary(b) {
			s.fault("canary", "false is not allowed with "+string(b.Upstream.Kind)+" of "+b.API.Name+
				" as it is set up here: its yes means something only where the canary is refused; allowed: true")
		}
	}
}

// lacksCanary says whether the block would believe an upstream whose yes needs
// the canary's proof, with the canary turned off.
func lacksCanary(b *gate.Block) bool {
	if b.API == nil || b.Upstream.Canary {
		return false
	}
	needed := b.API.NeedsCanary
	if needed == nil {
		return false
	}
	answer := needed(b.Upstream)
	return answer
}

// cache reads how much is remembered; how long a good credential is, is its
// block's lifetime.
func (s *section) cache(key string, into *Settings) {
	into.Gate.CacheSize = defaultSize
	into.Gate.NegativeLifetime = defaultNegative
	into.Gate.NegativeSize = defaultSize
	inner := s.block(key, cacheKeys)
	if inner == nil {
		return
	}
	into.Gate.CacheSize = inner.integer("size", defaultSize, 1, maxSize)
	into.Gate.NegativeLifetime = inner.duration("negativeLifetime", defaultNegative, negativeSpan)
	into.Gate.NegativeSize = inner.integer("negativeSize", defaultSize, 1, maxSize)
	into.Gate.Epoch = inner.text("epoch")
}

// errors reads how refusals look, but for their texts: those are the api's.
func (s *section) errors(key string, into *Settings) {
	into.Gate.Unavailable = defaultUnavailable
	inner := s.block(key, errorsKeys)
	if inner == nil {
		return
	}
	into.Gate.Problem = inner.choice("format", "upstream", []string{"upstream", "problem"}) == "problem"
	statuses := inner.table("statuses")
	if statuses != nil {
		into.Gate.Statuses = statuses.statuses(into.Gate.Blocks)
	}
	into.Gate.Unavailable = inner.integer("unavailable", defaultUnavailable, 500, 599)
}

// statuses reads code: status, where a code is one that a configured API
// documents, or the HTTP status of an upstream.
func (s *section) statuses(blocks []*gate.Block) map[string]int {
	read := map[string]int{}
	for _, code := range s.names {
		if unquotedKey(code) {
			s.fault(code, quoteTheCode)
			continue
		}
		if !isStatus(code) && !documented(code, blocks) {
			s.fault(code, "no code that a configured api documents; allowed: those, and an HTTP status from 200 to 599")
			continue
		}
		if !s.has(code) {
			s.fault(code, "name the status that clients get, from 400 to 599")
			continue
		}
		read[code] = s.integer(code, 0, 400, 599)
	}
	return read
}

// isStatus says whether an upstream can have answered with it: informational
// ones never reach us.
func isStatus(code string) bool {
	status, err := strconv.Atoi(code)
	return err == nil && len(code) == 3 && status >= 200 && status <= 599
}

// documented says whether an API of the blocks documents the code. Where an
// api is missing or could not be read, that alone is the fault.
func documented(code string, blocks []*gate.Block) bool {
	if code == "" {
		return false
	}
	if len(blocks) == 0 {
		return true
	}
	for _, b := range blocks {
		if b.API == nil {
			return true
		}
		known := b.API.Documented
		if known != nil && known(code) {
			return true
		}
	}
	return false
}
