// Package session answers one question: how does a browser that comes from the
// API's own pages stay logged in?
//
// A hand-off is a request that brings a token in a link or a form; it gets a cookie
// in exchange. On every later request the token of the cookie takes the place of the
// credential that browsers cannot send. A logout ends the token and deletes the
// cookie. The server keeps no state: a seal encrypts the token into the cookie.
//
// The package stands before a gate, and uses seven of its methods (Accepts, Check,
// Deny, ServeAs, Forwards, Bar, RefuseUnread). It knows neither caches nor APIs, except
// for the call by which an API ends a token.
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
	path    *handoffPath
	seal    *seal
	source  *credential.Source // of bearer tokens
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
	site := newOrigins(o.Origins)
	s := &session{
		gate: g, hit: hit, options: o, path: newHandoffPath(o.Path), seal: cookies, now: now,
		source:  g.Accepts().Source(verifier.Bearer),
		handoff: newHandoff(g, o, cookies, site, now, log),
		logout:  newLogout(g, block, site, now, log),
	}
	return http.HandlerFunc(s.serve)
}

// serve handles three kinds of requests: a hand-off, a logout, and any other. It
// removes the cookie from all of them, so that no backend sees it; and no service that
// a middleware shows for a denial.
func (s *session) serve(w http.ResponseWriter, r *http.Request) {
	// A cookie is none of a preflight's, also one that is removed here.
	ordinary := r.Method == http.MethodOptions && len(r.Header["Cookie"]) > 0
	token, tooMany := s.seal.extract(r.Header, s.now())
	if s.gate.RefuseUnread(w, r) {
		return
	}
	if tooMany {
		s.gate.Deny(w, r, bearer(""), gate.TooLarge())
		return
	}
	if s.path.mayLead(r.URL.Path) { // nearly never
		same, like := s.path.compare(r.URL.Path)
		if same {
			s.serveHandoff(w, r, token)
			return
		}
		if like && s.holdsToken(r) {
			s.denyMisspelled(w, r)
			return
		}
	}
	if r.Method == http.MethodPost && s.options.Logout != "" && r.URL.Path == s.options.Logout {
		s.serveLogout(w, r, token)
		return
	}
	if ordinary {
		s.gate.ServeAs(w, r, bearer(token))
		return
	}
	if token == "" {
		s.hit(w, r)
		return
	}
	s.serveWithToken(w, r, token)
}

// serveHandoff answers a hand-off: a denial, a page, or a redirect to a page without
// the token in its address. No method's request goes on to the backend, since its
// address may hold a token. token is that of the cookie.
func (s *session) serveHandoff(w http.ResponseWriter, r *http.Request, token string) {
	h := w.Header()
	h.Set("Referrer-Policy", "no-referrer") // also on denials: the address holds the token
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		h.Set("Allow", "GET, POST")
		s.gate.Deny(w, r, bearer(""), verifier.Denial{
			Reason: verifier.Malformed, Status: http.StatusMethodNotAllowed, Message: "Only GET and POST are allowed here.",
		})
		return
	}
	a := s.handoff.exchange(r, token)
	if a.denial.Reason != "" {
		s.gate.Deny(w, r, a.sent, a.denial)
		return
	}
	if a.page != "" {
		s.show(w, a.page)
		return
	}
	s.redirect(w, a.cookie)
}

// holdsToken tells whether the address of a request has a hand-off's token in it.
func (s *session) holdsToken(r *http.Request) bool {
	token, denial := s.handoff.token.read(r.URL.RawQuery)
	return token != "" || denial.Reason != ""
}

// denyMisspelled denies a request with a token whose path is that of the hand-off but for
// its case. On most sites that is no page at all; where it is one, the request without a
// token reaches it.
func (s *session) denyMisspelled(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Referrer-Policy", "no-referrer")
	s.gate.Deny(w, r, bearer(""), verifier.Denial{Reason: verifier.Malformed, Message: "The path of the hand-off is written in another case."})
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
	sent, denial := credential.FromRequest(r, s.gate.Accepts())
	if denial.Reason != verifier.Missing || sent.Kind != "" {
		s.hit(w, r)
		return
	}
	name := s.source.Header
	line, _ := credential.SingleValue(h[name])
	if line != "" || s.gate.Forwards() {
		// The header has another scheme, which is the backend's; or the backend's copy
		// of the token has to be in headers of its own.
		s.gate.ServeAs(w, r, bearer(token))
		return
	}
	own := []string{s.source.Line(token)}
	h[name] = own // the hit path reads headers alone
	s.hit(w, r)
	// The gate has removed it if the request went on, and after that these headers are
	// the backend's: a mirror of Traefik may still be reading them, so they are not
	// written any more. After a denial they are ours.
	left := h[name]
	if len(left) == 1 && left[0] == own[0] {
		delete(h, name) // Traefik's access log may hold headers, and shows them as they are now
	}
}

// show answers with a page (200).
func (s *session) show(w http.ResponseWriter, page string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY") // for browsers that do not know frame-ancestors
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write([]byte(page))
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
