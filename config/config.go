// Package config answers one question: what did the operator write?
//
// Read takes the plugin's raw block as a provider of Traefik delivers it, and
// returns Settings, which are the options of the rooms that act on them (gate,
// session, issuer), or every Fault at once. A section is one block of keys while
// it is read; a rawValue is one value as it was delivered.
//
// The package may read the environment that it is handed and the files that
// secrets refer to. It opens no connection, keeps nothing between two calls, and
// does not know what the other rooms do with their options.
package config

import (
	"reflect"
	"strconv"
	"time"

	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// The keys at the top, and those of the blocks that this file reads.
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

	negativeRange = durationRange{low: 0, high: time.Hour, words: "0s to 1h"}
)

const (
	defaultSize        = 10000 // cached credentials that were allowed; denied ones have as much space of their own
	maxSize            = 10000000
	defaultNegative    = 30 * time.Second // how long a denial is cached
	defaultUnavailable = 500              // the status when the upstream gave no answer
)

// Read turns a raw block of the dynamic configuration into settings.
//
// Raw values may have any shape in which a provider delivers them: nested maps
// with keys of any type, lists, and scalars as text, numbers or booleans. Read
// looks at what a scalar says and not at its type, because file providers and
// labels deliver every scalar as text, and Kubernetes delivers typed JSON:
//
//   - durations are written with a unit ("30s", "12h"); a number alone is a fault
//   - rates are calls per period ("1000/1h"), from 1 to 1000000000 calls in 1s to 720h
//   - booleans are true, false, 1 or 0
//   - lists are lists, or one text with commas
//   - secrets are the value itself, env:NAME (only names that begin with
//     UPSTREAMAUTH_) or file:/path (only below the folders of UPSTREAMAUTH_FILES, by
//     default /run/secrets and /etc/upstreamauth; at most 64 KiB)
//
// Keys match without regard to case, except those that the operator invents
// (identity.headers, identity.require, errors.statuses). A block has at most 1000
// keys.
//
// Faults are all that are wrong, in an order that depends on the block alone, at
// most 200 and one that counts the rest. No fault names a secret. If there is any,
// the settings must not be used: a route whose configuration is not understood has
// to stay closed.
//
// env looks up a variable, as os.LookupEnv does; nil means that no variable is
// set. Read may be called by several goroutines at once.
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

// protect reads the settings of mode: protect.
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

// credentials reads the credential blocks that are present, in the order in which
// the gate takes them, and adds a fault for blocks that exclude each other.
func (s *section) credentials(into *Settings) {
	canary := s.boolean("canary", true)
	for _, kind := range []verifier.Kind{verifier.Bearer, verifier.ApplicationKey, verifier.Basic} {
		block := s.credential(kind, canary)
		if block != nil {
			into.Gate.Blocks = append(into.Gate.Blocks, block)
		}
	}
	if len(into.Gate.Blocks) == 0 {
		s.reader.fault("bearer, applicationKey, basic", "at least one of these blocks is required; it says which credentials are checked, and where")
	}
	account := false // the applicationKey block, which comes before basic, reads the Basic account too
	for _, block := range into.Gate.Blocks {
		if block.Upstream.Account {
			account = true
		}
		if account && block.Upstream.Kind == verifier.Basic {
			s.fault("basic", "not beside applicationKey.account: true, which reads the same account; keep one")
		}
		if lacksCanary(block) {
			s.fault("canary", "false is not allowed with "+string(block.Upstream.Kind)+" of "+block.API.Name+
				" as it is set up here: an accepted credential proves nothing unless the canary is denied; allowed: true")
		}
	}
}

// lacksCanary says whether the canary is turned off for a block whose upstream
// may accept any credential: every client would be allowed.
func lacksCanary(block *gate.Block) bool {
	if block.API == nil || block.Upstream.Canary {
		return false
	}
	needed := block.API.NeedsCanary(block.Upstream)
	return needed
}

// cache reads how many credentials are cached, and how long denials are. How long
// allowed credentials are cached is the lifetime of their block.
func (s *section) cache(key string, into *Settings) {
	into.Gate.CacheSize = defaultSize
	into.Gate.NegativeLifetime = defaultNegative
	into.Gate.NegativeSize = defaultSize
	inner := s.block(key, cacheKeys)
	if inner == nil {
		return
	}
	into.Gate.CacheSize = inner.integer("size", defaultSize, 1, maxSize)
	into.Gate.NegativeLifetime = inner.duration("negativeLifetime", defaultNegative, negativeRange)
	into.Gate.NegativeSize = inner.integer("negativeSize", defaultSize, 1, maxSize)
	into.Gate.Epoch = inner.text("epoch")
}

// errors reads the format and the statuses of refusals. Their texts are not
// configurable: they are those of the API's documents.
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

// statuses reads pairs of code and status. A code is one that a configured API
// documents, or an HTTP status of the upstream.
func (s *section) statuses(blocks []*gate.Block) map[string]int {
	read := map[string]int{}
	for _, code := range s.names {
		if unquotedKey(code) {
			s.fault(code, quoteTheCode)
			continue
		}
		if !isStatus(code) && !isDocumented(code, blocks) {
			s.fault(code, "not a code that a configured api documents; allowed: those, and an HTTP status from 200 to 599")
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

// isStatus says whether code is an HTTP status that an upstream's response can
// have. The transport never hands on informational ones (1xx).
func isStatus(code string) bool {
	status, err := strconv.Atoi(code)
	return err == nil && len(code) == 3 && status >= 200 && status <= 599
}

// isDocumented says whether the API of one of the blocks documents the code. It
// is true where an api is missing or was not understood: that is a fault already,
// and a second one would blame a code that may be right.
func isDocumented(code string, blocks []*gate.Block) bool {
	if code == "" {
		return false
	}
	if len(blocks) == 0 {
		return true
	}
	for _, block := range blocks {
		if block.API == nil {
			return true
		}
		if block.API.Documented(code) {
			return true
		}
	}
	return false
}
