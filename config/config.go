// Package config answers one question: what did the operator write?
//
// Read takes the plugin's raw block as a provider of Traefik delivers it, and
// returns Settings, which are the options of the rooms that act on them (gate,
// session, issuer), or every Fault at once. A section is one block of keys while
// it is read; a rawValue is one value as it was delivered.
//
// The package may read the environment that it is handed and the files that
// secrets refer to. It opens no connection, keeps nothing between two calls but
// what a caller hands it to keep (ReadKnown), and does not know what the other rooms do with their options.
package config

import (
	"reflect"

	"github.com/upstreamauth/upstreamauth/config/dialect"
	"github.com/upstreamauth/upstreamauth/config/place"
	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/issuer"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// The keys at the top.
var topKeys = keySet{
	keys: []string{
		"mode", "bearer", "applicationKey", "basic", "cache", "identity",
		"forwardCredential", "optional", "preflight", "errors", "canary", "log", "limits", "session", "shared", "status", "websocket",
	},
	old: []renamed{{key: "unknown", name: "limits"}},
}

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
//     default directly in /run/secrets and below /etc/upstreamauth; at most 64 KiB)
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
	read, faults := ReadKnown(raw, env, nil)
	return read, faults
}

// ReadKnown is Read for a caller that keeps what is known of described APIs (api: custom)
// between two calls. memory may be nil.
func ReadKnown(raw map[string]any, env func(string) (string, bool), memory *dialect.Memory) (*Settings, []Fault) {
	r := &reader{env: env, homes: map[string][]home{}, memory: memory}
	return r.read(raw)
}

// ReadUnresolved is Read for programs that look at a configuration elsewhere than in
// Traefik: what env: and file: refer to is not read, and is empty in the settings.
func ReadUnresolved(raw map[string]any) (*Settings, []Fault) {
	r := &reader{unresolved: true, homes: map[string][]home{}}
	return r.read(raw)
}

// read reads a raw block.
func (r *reader) read(raw map[string]any) (*Settings, []Fault) {
	top := r.enter("", reflect.ValueOf(raw))
	top.settleKeys()
	top.matchKeys(topKeys)

	read := &Settings{}
	switch top.choice("mode", "protect", []string{"protect", "issuer", "status"}) {
	case "issuer":
		top.issuer(read)
	case "status":
		top.status(read)
	default:
		top.protect(read)
	}
	read.Log = top.choice("log", "info", []string{"error", "info", "debug", "trace"})
	faults := r.all()
	return read, faults
}

// settleKeys notes where each key belongs, for the faults of keys that are elsewhere.
func (s *section) settleKeys() {
	r := s.reader
	for _, kind := range kinds {
		path := string(kind)
		written := match(path, s.names) != ""
		r.settle(path, written, credentialKeys(kind).keys)
		r.settle(path+".tls", written, tlsKeys)
		if written {
			s.settleDescribed(path)
		}
	}
	r.settle("applicationKey.probe", false, probeKeys)
	r.settle("cache", match("cache", s.names) != "", cacheKeys.keys)
	r.settle("limits", match("limits", s.names) != "", limitsKeys.keys)
	r.settle("identity", match("identity", s.names) != "", identityKeys)
	r.settle("errors", match("errors", s.names) != "", errorsKeys.keys)
	r.settle("session", match("session", s.names) != "", sessionKeys.keys)
	r.settle("websocket", match("websocket", s.names) != "", websocketKeys.keys)
	s.settleShared("shared")
	r.settle("status", match("status", s.names) != "", statusKeys)
	r.settle("", true, topKeys.keys)
}

// Keys lists the keys of each block by its path; "" is the top, "bearer.tls" a block in
// a block. Blocks whose keys the operator invents are not in it.
func Keys() map[string][]string {
	r := &reader{homes: map[string][]home{}, keys: map[string][]string{}}
	r.enter("", reflect.ValueOf(map[string]any{})).settleKeys()
	for _, kind := range kinds {
		for _, place := range dialect.Places() {
			r.keys[string(kind)+".custom"+place.Path] = place.Keys
		}
	}
	return r.keys
}

// protect reads the settings of mode: protect.
func (s *section) protect(into *Settings) {
	s.credentials(into)
	s.session("session", into)
	s.cache("cache", into)
	s.limits("limits", into)
	s.identity("identity", into)
	taken := place.Session{}
	if into.Session != nil {
		taken = place.Session{Cookie: into.Session.Cookie, Parameter: into.Session.Parameter, Return: into.Session.Return}
	}
	for _, f := range place.Taken(&into.Gate, taken) {
		s.reader.fault(f.Key, f.Text)
	}
	into.Gate.ForwardCredential = s.boolean("forwardCredential", false)
	into.Gate.Optional = s.boolean("optional", false)
	into.Gate.Preflight = s.boolean("preflight", false)
	s.errors("errors", into)
	s.websocket("websocket", into)
	into.Gate.Shared = s.shared("shared")
	if s.isWritten("status") {
		s.fault("status", "means nothing in mode: protect; it is for a route of its own, with mode: status")
	}
}

// credentials reads the credential blocks that are present, in the gate's order, and adds a
// fault for blocks that exclude each other.
func (s *section) credentials(into *Settings) {
	canary := s.boolean("canary", true)
	for _, kind := range kinds {
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

// lacksCanary says whether the canary is turned off where any credential may be accepted.
func lacksCanary(block *gate.Block) bool {
	if block.API == nil || block.Upstream.Canary || block.API.Definition != "" { // the last has a fault of its own
		return false
	}
	needed := block.API.NeedsCanary(block.Upstream)
	return needed
}

// issuer reads the settings of mode: issuer, a route that leads to the API's own
// login.
func (s *section) issuer(into *Settings) {
	into.Issuer = &issuer.Options{}
	s.only("issuer", "mode", "bearer", "shared", "log")
	into.Issuer.Shared = s.shared("shared")
	if !s.isWritten("bearer") {
		s.fault("bearer", "required in mode: issuer; it names the API whose logins pass here")
		return
	}
	inner := s.block("bearer", credentialKeys(verifier.Bearer))
	if inner == nil {
		return
	}
	inner.only("issuer", "api", "url", "loginSecret")
	read := into.Issuer
	read.API = inner.api(verifier.Bearer, false)
	read.URL = inner.address("url")
	inner.checkBase("url", read.URL)
	if !inner.isWritten("loginSecret") {
		inner.fault("loginSecret", "required in mode: issuer; the same secret as in the protecting blocks")
	}
	read.LoginSecret = inner.loginSecret("loginSecret", read.API)
}
