package config

import (
	"time"

	"github.com/upstreamauth/upstreamauth/cache/shared"
	"github.com/upstreamauth/upstreamauth/config/replicas"
	"github.com/upstreamauth/upstreamauth/telemetry/status"
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// The keys of cache and limits, and their defaults.
var (
	cacheKeys = keySet{
		keys: []string{"size", "negativeLifetime", "negativeSize", "epoch"},
		old:  []renamed{{key: "negative", name: "negativeLifetime"}},
	}
	limitsKeys = keySet{
		keys: []string{"perClient", "clientDepth"},
		old:  []renamed{{key: "depth", name: "clientDepth"}},
	}

	negativeRange = durationRange{low: 0, high: time.Hour, words: "0s to 1h"}

	// defaultPerClient is enough for an office behind one address, whose people
	// mistype passwords.
	defaultPerClient = verifier.Rate{Calls: 300, Period: time.Minute}
)

const (
	defaultSize     = 10000 // cached credentials that were allowed; denied ones have as much space of their own
	maxSize         = 10000000
	defaultNegative = 30 * time.Second // how long a denial is cached
	maxDepth        = 100              // entries of X-Forwarded-For
)

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
	if into.Gate.NegativeLifetime > 0 && into.Gate.NegativeLifetime < time.Second {
		inner.notAllowed("negativeLifetime", inner.text("negativeLifetime"), "0s, with which no denial is remembered, or 1s to 1h")
	}
	into.Gate.NegativeSize = inner.integer("negativeSize", defaultSize, 1, maxSize)
	into.Gate.Epoch = inner.literal("epoch")
}

// limits reads how many denied calls one client may cause, and which address
// identifies a client.
func (s *section) limits(key string, into *Settings) {
	into.Gate.PerClient = defaultPerClient
	inner := s.block(key, limitsKeys)
	if inner == nil {
		return
	}
	into.Gate.PerClient = inner.rate("perClient", defaultPerClient)
	into.Gate.ClientDepth = inner.integer("clientDepth", 0, 0, maxDepth)
}

// shared reads the block shared; nil: there is none, or it is a fault.
func (s *section) shared(key string) *shared.Options {
	inner := s.block(key, keySet{keys: replicas.Keys, foreign: replicas.Foreign})
	if inner == nil {
		return nil
	}
	return replicas.Read(inner.forReplicas())
}

// forReplicas hands a section over.
func (s *section) forReplicas() *replicas.Section {
	return &replicas.Section{
		Written: s.isWritten, Text: s.literal, Secret: s.secret, Line: s.line, Name: s.name, List: s.list, Boolean: s.boolean, Integer: s.integer,
		Guessable: s.guessable, Fault: s.fault,
		Duration: func(key string, fallback, low, high time.Duration, words string) time.Duration {
			return s.duration(key, fallback, durationRange{low: low, high: high, words: words})
		},
		Block: func(key string, keys []string) *replicas.Section {
			inner := s.block(key, keySet{keys: keys, foreign: replicas.Foreign})
			if inner == nil {
				return nil
			}
			return inner.forReplicas()
		},
		TLS: func(key string, keys []string) transport.TLS {
			read := s.tls(key, "", keySet{keys: keys, foreign: replicas.Foreign})
			return read
		},
		Refuse: func(key, value, text string) { s.fault(key, quoteForLog(value)+" "+text) },
		Redact: redacted,
	}
}

// settleShared notes where the keys of the block shared belong.
func (s *section) settleShared(path string) {
	r := s.reader
	written := match(path, s.names) != ""
	r.settle(path, written, replicas.Keys)
	r.settle(path+".redis", written, replicas.RedisKeys)
	r.settle(path+".redis.tls", written, replicas.TLSKeys)
}

var websocketKeys = keySet{keys: []string{"maxAge"}}

// websocket reads how long a web socket stays open.
func (s *section) websocket(key string, into *Settings) {
	inner := s.block(key, websocketKeys)
	if inner == nil {
		return
	}
	into.Gate.SocketsEnd = inner.choice("maxAge", "none", []string{"none", "token"}) == "token"
}

var statusKeys = []string{"token", "secure"}

// status reads the settings of mode: status, a route of the operator's own.
func (s *section) status(into *Settings) {
	s.only("status", "mode", "status", "limits", "log")
	s.limits("limits", into)
	into.Status = &status.Options{PerClient: into.Gate.PerClient, ClientDepth: into.Gate.ClientDepth}
	inner := s.block("status", keySet{keys: statusKeys})
	if inner == nil {
		if !s.isWritten("status") {
			s.fault("status", "required in mode: status; it holds the token that opens it")
		}
		return
	}
	into.Status.Token = inner.secret("token")
	into.Status.SecureAlways = inner.choice("secure", "auto", []string{"auto", "always"}) == "always"
	if !inner.isWritten("token") {
		inner.fault("token", "required: at least 16 bytes, as a value, env:NAME or file:/path")
	}
	inner.guessable("token", into.Status.Token, minStatusToken, minStatusBytes)
}
