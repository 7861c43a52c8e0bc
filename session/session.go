// Package session answers one question: how does a browser that comes from the
// API's own pages stay logged in?
//
// A hand-off is a request that brings a token in a link or a form; it gets a cookie
// in exchange. On every later request the token of the cookie takes the place of the
// credential that browsers cannot send. A logout ends the token and deletes the
// cookie. The server keeps no state: a seal encrypts the token into the cookie.
//
// The package stands before a gate, and uses five of its methods (Accepts, Check,
// Deny, ServeAs, Forget). It knows neither caches nor APIs, except for the call by
// which an API ends a token.
package session

import (
	"net/http"
	"time"

	"github.com/upstreamauth/upstreamauth/credential"
	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// session handles the requests of one route. It only decides and answers; what a
// hand-off and a logout do is in the files of their names.
type session struct {
	gate    *gate.Gate
	hit     func(http.ResponseWriter, *http.Request)
	options *Options
	seal    *seal
	handoff *handoff
	logout  *logout
	now     func() time.Time
}

// New puts a session in front of hit, which is g.Handler(). block is the gate's block
// of bearer tokens. Cookies are bound to the block's scope and to the epoch: tokens
// that another upstream verified, or that were given up with an epoch, are not
// accepted. It panics if options and block have not been checked.
func New(g *gate.Gate, hit func(http.ResponseWriter, *http.Request), o *Options, block *gate.Block, epoch string, now func() time.Time, log *telemetry.Log) http.Handler {
	cookies := newSeal(o.Cookie, o.Secret, append(block.Scope(), epoch)...)
	s := &session{
		gate: g, hit: hit, options: o, seal: cookies, now: now,
		handoff: &handoff{gate: g, options: o, seal: cookies, now: now, log: log},
		logout:  newLogout(g, block, now, log),
	}
	return http.HandlerFunc(s.serve)
}

// serve handles three kinds of requests: a hand-off, a logout, and any other. It
// removes the cookie from all of them, so that no backend sees it.
func (s *session) serve(w http.ResponseWriter, r *http.Request) {
	token := s.seal.extract(r.Header, s.now())
	post := r.Method == http.MethodPost
	if r.URL.Path == s.options.Path && (post || r.Method == http.MethodGet) {
		s.serveHandoff(w, r, token)
		return
	}
	if post && s.options.Logout != "" && r.URL.Path == s.options.Logout {
		s.serveLogout(w, r, token)
		return
	}
	if token == "" {
		s.hit(w, r)
		return
	}
	s.serveWithToken(w, r, token)
}

// serveHandoff answers a hand-off: a denial, or a redirect to a page without the
// token in its address. token is that of the cookie.
func (s *session) serveHandoff(w http.ResponseWriter, r *http.Request, token string) {
	line, sent, denial := s.handoff.exchange(r, token)
	w.Header().Set("Referrer-Policy", "no-referrer") // also on denials: the address holds the token
	if denial.Reason != "" {
		s.gate.Deny(w, r, sent, denial)
		return
	}
	s.redirect(w, line)
}

// serveLogout answers a logout. A browser without a session gets the same redirect.
func (s *session) serveLogout(w http.ResponseWriter, r *http.Request, token string) {
	denial := s.logout.end(r, bearer(token))
	if denial.Reason != "" {
		s.gate.Deny(w, r, bearer(""), denial)
		return
	}
	s.redirect(w, setCookie(s.options, r, "", -1))
}

// serveWithToken serves a request as the caller of the cookie's token. A header with
// a credential of a configured kind takes precedence, even a denied one: a client that
// presents a credential must not be served as another caller.
func (s *session) serveWithToken(w http.ResponseWriter, r *http.Request, token string) {
	h := r.Header
	sent, denial := credential.FromHeader(h, s.gate.Accepts())
	if denial.Reason != verifier.Missing || sent.Kind != "" {
		s.hit(w, r)
		return
	}
	line, _ := credential.SingleValue(h["Authorization"])
	if line == "" {
		h["Authorization"] = []string{"Bearer " + token} // the hit path reads headers alone
		s.hit(w, r)
		delete(h, "Authorization") // Traefik's access log may hold headers, and shows them as they are now
		return
	}
	s.gate.ServeAs(w, r, bearer(token)) // Authorization has another scheme, which is the backend's
}

// redirect sends the browser to the configured page (303), with a Set-Cookie line
// unless that is empty.
func (s *session) redirect(w http.ResponseWriter, line string) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Location", s.options.Redirect)
	if line != "" {
		h.Set("Set-Cookie", line)
	}
	w.WriteHeader(http.StatusSeeOther)
}
