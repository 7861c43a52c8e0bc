// Package redis answers one question: what does the memory that several Traefiks share
// say? It is a small client for Redis 6 and later, and for what speaks as it does (RESP2).
//
//	client := redis.New(redis.Options{Endpoints: []string{"redis:6379"}, Now: time.Now})
//	replies, err := client.Do([][]string{{"SET", "ua:{3f}:k", "v", "PX", "60000"}, {"GET", "ua:{3f}:k"}})
//
// An address has one connection. What callers want to send meanwhile goes out together,
// in one write: a pool of connections ran into time limits without any fault.
//
// The order of the replies alone says whose they are. So every batch ends with a text that
// no server knows before, and that has to come back, every reply has to be of a type that its command can have, and
// whatever else is odd closes the connection and fails the whole batch: there is no reply
// that might be another one's.
//
// The package trusts no server: lengths, depths and numbers are bounded before anything
// is allocated, and errors hold no text of a server, which may repeat what it was sent.
// It does not check what values say; who needs that encrypts them.
package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"
)

// Options say where Redis is, and how it is asked.
type Options struct {
	// Endpoints are addresses, host:port: of a server; of several nodes of a cluster, any
	// of which is asked where a key lies; or, with Master, of Sentinels.
	Endpoints []string
	Master    string // the name by which the Sentinels know the server; empty: no Sentinels

	// The Username and Password are sent to servers, and to Sentinels that ask for them. An
	// empty Username is the server's default user; an empty Password sends neither.
	Username, Password string

	DB  int         // the database; 0 with a cluster
	TLS *tls.Config // nil: no TLS. An empty ServerName is the host of the address

	// Timeout bounds one batch: connecting, sending and reading. Zero: 100ms.
	Timeout time.Duration

	// Now is the clock for pauses. It is not used for time limits, which need the real one.
	Now func() time.Time

	// Dial opens a connection; nil: over TCP.
	Dial func(ctx context.Context, address string) (net.Conn, error)
}

// What a call ends with when nothing was sent.
var (
	ErrClosed  = errors.New("redis: the client is closed")
	ErrPaused  = errors.New("redis: not asked for a second after two failures")
	ErrBusy    = errors.New("redis: too many commands wait")
	ErrCommand = errors.New("redis: not a command of this client")
)

// Causes of failure that are no error of the network.
var (
	errNoAuth   = errors.New("redis: NOAUTH: it requires a password")
	errLate     = errors.New("redis: no reply in time")
	errPanicked = errors.New("redis: a panic in the client")
)

const (
	defaultTimeout = 100 * time.Millisecond
	maxIdle        = time.Minute // a connection that was not used for longer is not used again
	checkAfter     = time.Second // how often Sentinels are asked whether the master is the same
	pause          = time.Second // how long an address is left alone after failures
	maxFailures    = 2           // in a row, before that
	maxWaiting     = 4096        // commands that wait at one address
)
