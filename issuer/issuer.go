// Package issuer answers one question: which tokens does the API issue, and which
// does it end, in the logins that pass through Traefik?
//
// It handles mode: issuer, on a route that leads to an API's own login. A response
// is read by a teeWriter while it passes; what it issues goes to the logins that the
// protecting routes with the same secret share. The package protects nothing and
// changes nothing: requests and responses pass byte for byte. It reads no request
// body, where passwords are, and does not know which clients use the tokens.
package issuer

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/upstreamauth/upstreamauth/cache/logins"
	"github.com/upstreamauth/upstreamauth/cache/shared"
	"github.com/upstreamauth/upstreamauth/credential"
	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
)

// issuer handles the requests of one route that leads to an API's own login.
type issuer struct {
	next   http.Handler
	api    *apis.API
	base   string // path of the API's address, before the documented paths
	logins *logins.Logins
	log    *telemetry.Log
}

// Options is the configuration of mode: issuer, checked. All fields but Shared are required.
type Options struct {
	API         *apis.API // documents a login
	URL         string    // the API's address, in canonical spelling
	LoginSecret string    // shared with the protecting blocks; at least 16 bytes

	// Shared is the memory that is shared with other Traefiks; nil: none.
	Shared *shared.Options
}

// New makes the handler of mode: issuer. The tokens that it sees go to seen. It
// panics if the options have not been checked.
func New(next http.Handler, o *Options, seen *logins.Logins, log *telemetry.Log) http.Handler {
	address, err := url.Parse(o.URL)
	if err != nil {
		panic("the address does not parse")
	}
	i := &issuer{next: next, api: o.API, base: address.Path, logins: seen, log: log}
	return http.HandlerFunc(i.serve)
}

// serve passes a request on. Only if it is exactly a documented call, the writer is
// wrapped: a wrapped writer loses Flusher and Hijacker, which streams and web sockets
// need.
func (i *issuer) serve(w http.ResponseWriter, r *http.Request) {
	delete(r.Header, telemetry.TraceHeader) // its value is a secret of the operator's
	path := i.loginPath(r)
	if path == "" {
		i.next.ServeHTTP(w, r)
		return
	}
	if path == i.api.Login.Logout {
		i.serveLogout(w, r)
		return
	}
	t := newTeeWriter(w, i.record)
	i.next.ServeHTTP(t, r)
	t.end()
}

// loginPath returns the path, below the API's address, of the documented login or
// logout that a request calls; empty if it calls none. A path with escapes (RawPath)
// is none, since the API could read it differently.
func (i *issuer) loginPath(r *http.Request) string {
	if r.Method != http.MethodPost || r.URL.RawPath != "" || !strings.HasPrefix(r.URL.Path, i.base) {
		return ""
	}
	path := strings.TrimPrefix(r.URL.Path, i.base)
	for _, documented := range i.api.Login.Paths {
		if path == documented {
			return path
		}
	}
	if path == i.api.Login.Logout {
		return path
	}
	return ""
}

// record adds what the response of a login issues to the logins. A refresh token is
// no credential, and is blocked: some check of the API could accept one.
func (i *issuer) record(status int, body []byte) {
	defer i.logPanic()
	token, refresh := i.api.Login.Read(status, body)
	if refresh != "" && i.logins.Bar(refresh, token) {
		i.log.Note(telemetry.LevelError, "barred", "100,000 refresh tokens are barred: the oldest are dropped before their end")
	}
	if token != "" {
		i.logins.Add(token)
	}
}

// serveLogout passes a logout on, and revokes its token before the client receives
// the status of success: afterwards the token must not be allowed any more. A panic
// while it is revoked becomes an error for the client, who must not take the token
// for ended, so it is not recovered here.
func (i *issuer) serveLogout(w http.ResponseWriter, r *http.Request) {
	accepts := credential.Accepts{Bearer: true, BareToken: i.api.BareToken}
	c, denial := credential.FromHeader(r.Header, accepts)
	if denial.Reason != "" {
		i.next.ServeHTTP(w, r)
		return
	}
	t := newTeeWriter(w, nil)
	t.success = func() {
		i.logins.Forget(c.Token)
	}
	i.next.ServeHTTP(t, r)
}

// logPanic recovers from a panic in plugin code, and logs it: the response that
// passes must not be harmed.
func (i *issuer) logPanic() {
	if recover() != nil {
		i.log.Panic("a panic while a login was read")
	}
}
