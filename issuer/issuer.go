package issuer

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/upstreamauth/upstreamauth/cache"
	"github.com/upstreamauth/upstreamauth/credential"
	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
)

// issuer stands on a route that leads to an upstream's own login. It changes
// nothing of what passes, and learns the tokens that are given out.
type issuer struct {
	next   http.Handler
	api    *apis.API
	base   string // of the API's paths
	logins *cache.Logins
	log    *telemetry.Log
}

// Options is what a route to an upstream's own login needs to know.
type Options struct {
	API         *apis.API
	URL         string // of the API
	LoginSecret string
}

// New makes the handler of mode: issuer. What it learns goes to logins.
func New(next http.Handler, o *Options, logins *cache.Logins, j *telemetry.Log) http.Handler {
	address, err := url.Parse(o.URL)
	if err != nil {
		panic("the address does not parse") // the settings have been checked
	}
	g := &issuer{next: next, api: o.API, base: address.Path, logins: logins, log: j}
	return http.HandlerFunc(g.serve)
}

// serve passes a request on. Where it is exactly a documented call, the reply
// is read on its way.
func (g *issuer) serve(w http.ResponseWriter, r *http.Request) {
	path := g.loginPath(r)
	if path == "" {
		g.next.ServeHTTP(w, r)
		return
	}
	if path == g.api.Login.Logout {
		g.serveLogout(w, r)
		return
	}
	t := newTeeWriter(w, g.learn)
	g.next.ServeHTTP(t, r)
	t.end()
}

// loginPath returns the path of the documented login or logout that a request
// is, below the API's address; empty if it is none.
func (g *issuer) loginPath(r *http.Request) string {
	if r.Method != http.MethodPost || r.URL.RawPath != "" || !strings.HasPrefix(r.URL.Path, g.base) {
		return ""
	}
	path := strings.TrimPrefix(r.URL.Path, g.base)
	for _, known := range g.api.Login.Paths {
		if path == known {
			return path
		}
	}
	if path == g.api.Login.Logout {
		return path
	}
	return ""
}

// learn takes in what a login's reply gives out.
func (g *issuer) learn(status int, body []byte) {
	defer g.logPanic()
	token, refresh := g.api.Login.Read(status, body)
	if token != "" {
		g.logins.Add(token)
	}
	if refresh != "" {
		g.logins.Block(refresh)
	}
}

// serveLogout forgets the token that a logout was sent with, before its client hears
// that it has succeeded.
func (g *issuer) serveLogout(w http.ResponseWriter, r *http.Request) {
	accepts := credential.Accepts{Bearer: true, BareToken: g.api.BareToken}
	c, denial := credential.FromHeader(r.Header, accepts)
	if denial.Reason != "" {
		g.next.ServeHTTP(w, r)
		return
	}
	t := newTeeWriter(w, nil)
	t.success = func() {
		g.logins.Forget(c.Token) // a panic here is an error for the client, who must not believe it
	}
	g.next.ServeHTTP(t, r)
}

// logPanic ends a panic of ours where it happens: what passes is not to suffer.
func (g *issuer) logPanic() {
	if recover() != nil {
		g.log.Panic("a panic while a login was read")
	}
}
