// Package shared answers one question: what do other Traefiks know of a credential?
//
// Several Traefiks that guard the same backends share a memory in Redis. A Store is one
// process's view of it. What an upstream has allowed is kept there, so that another
// Traefik need not ask again; what one of them forgets is forgotten by all:
//
//	found := store.Look(names, credential)      // before the upstream is asked
//	store.Keep(names, credential, entry, end)   // after it has allowed the credential
//	store.Forget(names, credential)             // after it has denied it
//
// What lies in Redis tells nothing and forges nothing. Names are keyed digests, and values
// are encrypted under the operator's secret; those of entries under the credential as well,
// so that nobody reads whom it is for who does not have the credential. A value that was
// moved, changed, or written under another secret does not open, and is as if it were not
// there. Whoever writes to Redis can make it forget, and so cause questions to an upstream;
// whoever writes there cannot have a credential allowed that no upstream has allowed.
//
// Redis is never waited for longer than two of its time limits, and nothing is denied
// because it is away.
package shared

import (
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/redis"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// Options say which memory is shared, and how. All but TLSKey and Budget are required.
type Options struct {
	// Redis says where it is. Its Timeout bounds one batch. A Store sets Now itself.
	Redis redis.Options

	// TLSKey is the text that Redis.TLS was made of, and tells two of them apart.
	TLSKey string

	Secret string        // of at least 32 bytes; the same in all Traefiks that share
	Local  time.Duration // how long an entry may be used while what others forget is not heard
	Prefix string        // of all keys: letters, digits, "-" and "_"
	Budget bool          // calls to an upstream are counted together as well
}

// Key tells Options apart: stores of equal keys do the same. It is a digest.
func (o Options) Key() string {
	return digestOf(o.World(), o.Redis.Username, o.Redis.Password, o.TLSKey,
		o.Redis.Timeout.String(), o.Local.String(), fmt.Sprint(o.Budget))
}

// World tells memories apart: stores of equal worlds see each other's entries, though
// they may be reached by other means or other time limits. It is a digest.
func (o Options) World() string {
	return digestOf(o.Secret, o.Prefix, o.Redis.Master, fmt.Sprint(o.Redis.DB), verifier.JoinParts(o.Redis.Endpoints))
}

// place tells where a memory lies, without what it is reached by.
func (o Options) place() string {
	return digestOf(o.Redis.Master, fmt.Sprint(o.Redis.DB), verifier.JoinParts(o.Redis.Endpoints))
}

func digestOf(parts ...string) string {
	sum := sha256.Sum256([]byte(verifier.JoinParts(parts)))
	return string(sum[:])
}

// Scope is what names are made for: one upstream, asked in one manner.
type Scope struct {
	// Parts are everything that changes the upstream's answers, the epoch included; the same
	// in all Traefiks. Some of it is secret.
	Parts []string

	// The API at an Address is whose tokens are barred. LoginSecret is shared with routes
	// that see its logins; empty: logins do not count.
	API, Address, LoginSecret string
}

const (
	// margin is by how much the clocks of two Traefiks may differ. What is closer to a
	// logout than that is taken for older than the logout.
	margin = 2 * time.Second

	maxValue   = 16 << 10                   // bytes of one entry before it is encrypted
	maxQueue   = 10000                      // entries that wait to be written; likewise what is forgotten
	maxBatch   = 64                         // of them in one batch
	keepWithin = 2 * time.Minute            // an entry that could not be written within this is dropped
	proven     = time.Minute                // how long an entry lasts that was not found to be still true
	endedFor   = 11 * time.Minute           // how long a tombstone lasts: the longest call, keepWithin and more
	longest    = 720 * time.Hour            // the longest that a token may be honoured
	retryAfter = time.Second                // after a failure, as long as Redis is left alone
	maxStream  = "10000"                    // messages that the stream holds, about
	maxMarks   = 100000                     // bars and logins of others that are remembered, of each
	farthest   = 100 * 365 * 24 * time.Hour // the longest that anything lasts
	windowEnds = 10 * time.Second           // how near its end a budget's window is not corrected any more
	lingers    = 10 * time.Second           // how long a store listens on without a live instance
)
