// Package status answers one question: what may an operator see of the gates of one
// Traefik, and what may they make them forget? It is the plugin's mode: status.
//
// Its nouns are the Options of one route, the Sources that it reads, and the Attempts to
// get in, which outlive reloads:
//
//	handler := status.New(&options, sources, attempts, cookies, log)
//
// The last part of the path says what is asked for: a page ("…/"), metrics for Prometheus,
// the same as JSON (status), or that something be forgotten (forget). Nothing is answered
// without the operator's token, or the cookie that the page's form gives for it; nothing
// of a credential, an identity or a response of an upstream is in any answer.
//
// The package knows no cache and no gate: what it shows comes in as numbers of package
// counters, and what it does goes out through functions.
package status

import (
	"net/http"
	"time"

	"github.com/upstreamauth/upstreamauth/telemetry/counters"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// Options says what one status route does. New does not check them.
type Options struct {
	Token        string        // that opens it, of at least 16 bytes
	SecureAlways bool          // the cookie is Secure also where TLS ends before Traefik
	PerClient    verifier.Rate // requests without the token that one client may send
	ClientDepth  int           // the client is: 0 the peer, n the n-th of X-Forwarded-For from the right
}

// Sources are what the route shows, and does. All are set. They are called without a lock.
type Sources struct {
	Now     func() time.Time
	Uptime  func() time.Duration // since the process began
	Version string

	// States is what there is to say of all scopes now, and what those have counted that are
	// gone.
	States func() ([]*counters.State, []*counters.Line)

	// Memory is what the memories have counted that are shared with other Traefiks; nil:
	// there is none.
	Memory func() *counters.MemoryState
	Gates  func() []counters.Gate

	// Forget forgets what is remembered by one of the words of Subjects, and returns how many
	// answers that were. second is the password of an account, else empty.
	Forget func(by, first, second string) int

	// Client names the client of a request; OwnPage tells whether a page of this site sent it.
	Client  func(r *http.Request, depth int) string
	OwnPage func(r *http.Request) bool
}

// What can be forgotten, as the keys of a request say it.
const (
	ByBearer  = "bearer"
	ByKey     = "applicationKey"
	ByBasic   = "basic"
	ByAccount = "account"
	ByAPI     = "api"
)

// Subjects lists what can be forgotten.
func Subjects() []string {
	return []string{ByBearer, ByKey, ByBasic, ByAccount, ByAPI}
}

// Cookies makes the cookie that stands for the token, and reads it. Its value is sealed.
type Cookies struct {
	Name string
	Seal func(text string, end time.Time) string         // the value; empty: no browser would keep it
	Open func(value string, now time.Time) (text string) // empty: it is none, or has ended
}
