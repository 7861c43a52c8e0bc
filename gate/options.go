// Package gate answers: may this request pass to the backend, and which identity
// headers does it carry there? It is the plugin's mode: protect.
//
// Its nouns are the Options of one route, a Block of them for each kind of
// credential, and the Gate, which serves the requests:
//
//	g := gate.New(ctx, next, &options, shared, log)
//	handler := http.HandlerFunc(g.Handler())
//
// Handler serves requests whose answer is prebuilt in one flat function, and
// hands every other request to the gate's ServeHTTP. A caller that serves
// requests of its own on the same route, as sessions do, uses Accepts, Check,
// Deny, ServeAs and Forget.
//
// The package does not know how options are written in a configuration, how an
// upstream is called, or what a session is.
package gate

import (
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
)

// Options says what one protected route does. New does not check them: a
// configuration with a fault never becomes options.
type Options struct {
	Blocks []*Block // at least one, in the order bearer, applicationKey, basic

	CacheSize        int           // allowed credentials held, at least 1
	NegativeLifetime time.Duration // how long a denial is cached; 0: not at all
	NegativeSize     int           // denials held
	Epoch            string        // another one starts with an empty cache

	PerClient   verifier.Rate // denied upstream calls that one client may cause
	ClientDepth int           // the client is: 0 the peer, n the n-th of X-Forwarded-For from the right

	Prefix            string             // of identity headers: "X-Auth-", in canonical spelling
	Headers           []apis.HeaderField // nil: each API's own set, under the prefix
	Require           []Requirement      // in the order of their fields' names
	ForwardCredential bool               // the backend sees the credential too
	Optional          bool               // a request without a credential passes, without identity
	Preflight         bool               // a CORS preflight passes, without identity

	Problem     bool           // bodies of denials as RFC 9457 describes them; else the API's own
	Statuses    map[string]int // the operator's, by documented code or HTTP status of the upstream; nil: none
	Unavailable int            // the status when the upstream could not be asked, 500–599
}

// Block is one kind of credential and the upstream that issued it.
type Block struct {
	API      *apis.API
	Upstream apis.Settings
	Lifetime time.Duration // how long a credential is allowed after it was issued, at most
	Timeout  time.Duration // of one verification, everything in it

	Revalidate time.Duration // the age from which a cached answer is confirmed in the background; 0: never
	Budget     verifier.Rate // calls to the upstream, at most; zero: no limit
}

// Scope lists everything in a block that changes its upstream's answers; some of
// it is secret. With the epoch it is the block's scope: gates whose scopes are
// equal share one cache, also across reloads.
func (b *Block) Scope() []string {
	return append([]string{b.API.Name}, b.Upstream.Scope()...)
}

// Requirement is an entry of identity.require: the values of a field with which
// an identity is allowed on this route.
type Requirement struct {
	Field   string
	Allowed []string
}
