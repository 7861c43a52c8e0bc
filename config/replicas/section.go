// Package replicas answers one question: which memory do several Traefiks share, and how is
// it reached?
//
// Read takes the block shared, which package config hands over as a Section, and returns
// the options of package shared, or adds every fault to the Section. It opens no connection.
package replicas

import (
	"time"

	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// Section is a block of keys while it is read, as package config hands it over. Each
// function that reads a key returns its default after a fault too, so that reading goes on
// and finds every other fault.
type Section struct {
	Written func(key string) bool // the key is there, even without a value
	Text    func(key string) string
	Secret  func(key string) string // resolved
	Line    func(key string) string // the same, without control characters
	Name    func(key, fallback string) string
	List    func(key string) []string // nil: absent, or a fault
	Boolean func(key string, fallback bool) bool
	Integer func(key string, fallback, low, high int) int

	// Duration reads one from low to high; words name that range.
	Duration func(key string, fallback, low, high time.Duration, words string) time.Duration

	// Guessable adds a fault for a secret of fewer bytes, or fewer different ones.
	Guessable func(key, secret string, length, different int) bool

	Block func(key string, keys []string) *Section // nil: absent, or a fault
	TLS   func(key string, keys []string) transport.TLS

	Fault  func(key, text string)
	Refuse func(key, value, text string) // a fault that names the value
	Redact func(address string) string   // without what may be a password in it
}

// The keys of the block shared and of the blocks in it. Those of redis are named as in
// Traefik's own rateLimit.redis.
var (
	Keys      = []string{"redis", "secret", "timeout", "local", "prefix", "budget"}
	RedisKeys = []string{"endpoints", "master", "username", "password", "db", "tls"}
	TLSKeys   = []string{"ca", "cert", "key", "serverName"}
)

// Foreign are keys that other programs have in such blocks, in lower case, and what is said
// of them.
var Foreign = map[string]string{
	"poolsize":           onePool,
	"minidleconns":       onePool,
	"maxactiveconns":     onePool,
	"readtimeout":        oneTimeout,
	"writetimeout":       oneTimeout,
	"dialtimeout":        oneTimeout,
	"insecureskipverify": "a server that is not authenticated could be anyone's, and would get the password; write its authority under ca, and maybe its name under serverName",
	"address":            oneEndpoint,
	"addr":               oneEndpoint,
	"host":               oneEndpoint,
	"port":               oneEndpoint,
	"url":                oneEndpoint,
	"mastername":         "the name by which Sentinels know the server is shared.redis.master",
	"sentinel":           "write the Sentinels' addresses under shared.redis.endpoints, and beside it the name of their server as master",
	"cluster":            "several shared.redis.endpoints without master are a cluster",
}

const (
	onePool     = "there is no pool: one connection to an address carries all"
	oneTimeout  = "the time limit of a batch, connecting included, is shared.timeout"
	oneEndpoint = "addresses are written as a list, host:port, under shared.redis.endpoints"
)
