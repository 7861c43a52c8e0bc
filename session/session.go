// Package session answers one question: how does a browser that comes from the
// API's own pages, or from a login page of this site, stay logged in?
//
// A hand-off is a request that brings a token in a link or a form, and a login one that
// brings an account in a form; it gets a cookie in exchange. On every later request the
// credential of the cookie takes the place of the one that browsers cannot send. A logout
// ends the token and deletes the cookie. The server keeps no state: a seal encrypts the
// credential into the cookie.
//
// The package stands before a gate, and uses its methods Handler, ForBrowsers, Accepts,
// Check, Recall, Deny, Explain, ServeAs, Forwards, Bar and RefuseUnread. It knows neither caches
// nor APIs, except for the call by which an API ends a token.
package session

import (
	"net/http"
	"strconv"
	"time"

	"github.com/upstreamauth/upstreamauth/credential"
	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/gate/page"
	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// session handles the requests of one route. It only decides and answers; what a
// hand-off, a login and a logout do is in the files of their names.
type session struct {
	plain   *entrance
	browser *entrance // for a browser's requests without a credential in a header
	options *Options
	path    *handoffPath
	carrier *carrier
	origins *origins
	back    *back
	handoff *handoff
	login   *login // nil: there is no login page
	logout  *logout
}

// New puts a session in front of g. Cookies are bound to the scope of the block whose
// credentials they carry, and to the epoch: what another upstream verified, or was given
// up with an epoch, is not accepted. It panics if options and blocks have not been
// checked.
func New(g *gate.Gate, o *Options, blocks []*gate.Block, epoch string, now func() time.Time, log *telemetry.Log) http.Handler {
	block := blockOf(blocks, o.Kind)
	log = log.About(block.API.Name, block.Upstream.Target.Address())
	site := newOrigins(o.Origins)
	at := newHandoffPath(o.Path)
	way := newBack(o, at)
	carrier := newCarrier(g, o, newSeal(o.Cookie, o.Secrets, append(block.Scope(), epoch)...), now, log)
	s := &session{
		plain: &entrance{gate: g, hit: g.Handler()}, options: o, path: at, carrier: carrier, origins: site, back: way,
		handoff: newHandoff(g, o, carrier, site, way, log),
		logout:  newLogout(g, block, site, now, log),
	}
	s.browser = s.plain
	if o.Kind == verifier.Basic {
		s.login = newLogin(g, carrier, site, way, log)
	}
	if s.login != nil || o.Login != "" {
		led := g.ForBrowsers(way.address)
		s.browser = &entrance{gate: led, hit: led.Handler()}
	}
	return http.HandlerFunc(s.serve)
}

// serve handles three kinds of requests: a hand-off (or the login page), a logout, and
// any other. It removes the cookie from all of them, so that no backend sees it; and no
// service that a middleware shows for a denial.
func (s *session) serve(w http.ResponseWriter, r *http.Request) {
	g := s.plain.gate
	// A cookie is none of a preflight's, also one that is removed here.
	ordinary := r.Method == http.MethodOptions && len(r.Header["Cookie"]) > 0
	text, tooMany := s.carrier.seal.extract(r.Header, s.carrier.now())
	if g.RefuseUnread(w, r) {
		return
	}
	if tooMany {
		g.Deny(w, r, bearer(""), gate.TooLarge())
		return
	}
	if s.path.mayLead(r.URL.Path) { // nearly never
		same, like := s.path.compare(r.URL.Path)
		if same {
			s.serveHandoff(w, r, text)
			return
		}
		if like && s.login == nil && s.holdsToken(r) {
			s.denyMisspelled(w, r)
			return
		}
	}
	if r.Method == http.MethodPost && s.options.Logout != "" && r.URL.Path == s.options.Logout {
		s.serveLogout(w, r, text)
		return
	}
	if ordinary {
		g.ServeAs(w, r, s.carrier.credential(text))
		return
	}
	if text == "" {
		s.entrance(r).hit(w, r)
		return
	}
	s.serveAs(w, r, text)
}

// entrance is the one for a request without a session.
func (s *session) entrance(r *http.Request) *entrance {
	if s.browser == s.plain || !page.FromBrowser(r) || s.inHeader(r) {
		return s.plain
	}
	return s.browser
}

// inHeader tells whether a request has a credential, or a part of one, of a kind that the
// route takes.
func (s *session) inHeader(r *http.Request) bool {
	sent, denial := credential.FromRequest(r, s.plain.gate.Accepts())
	return denial.Reason != verifier.Missing || sent.Kind != ""
}

// serveHandoff answers a hand-off or a login: a denial, a page, or a redirect to a page
// without the token in its address. No method's request goes on to the backend, since its
// address may hold a token, or its body a password. text is that of the cookie.
func (s *session) serveHandoff(w http.ResponseWriter, r *http.Request, text string) {
	h := w.Header()
	g := s.plain.gate
	h.Set("Referrer-Policy", "no-referrer") // also on denials: the address holds the token
	head := s.login != nil && r.Method == http.MethodHead
	if r.Method != http.MethodGet && r.Method != http.MethodPost && !head {
		h.Set("Allow", "GET, POST")
		g.Deny(w, r, bearer(""), verifier.Denial{
			Reason: verifier.Malformed, Status: http.StatusMethodNotAllowed, Message: "Only GET and POST are allowed here.",
		})
		return
	}
	var a *answer
	if s.login != nil {
		a = s.login.exchange(r, text)
	} else {
		a = s.handoff.exchange(r, text)
	}
	if a.denial.Reason != "" {
		g.Deny(w, r, a.sent, a.denial)
		return
	}
	if a.page != "" {
		s.show(w, r, a)
		return
	}
	s.redirect(w, s.back.or(a.to), a.cookies)
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
	s.plain.gate.Deny(w, r, bearer(""), verifier.Denial{Reason: verifier.Malformed, Message: "The path of the hand-off is written in another case."})
}

// serveLogout answers a logout. A browser without a session gets the same redirect.
func (s *session) serveLogout(w http.ResponseWriter, r *http.Request, text string) {
	denial := s.logout.end(r, s.carrier.credential(text))
	if denial.Reason != "" {
		s.plain.gate.Deny(w, r, bearer(""), denial)
		return
	}
	s.redirect(w, s.options.LogoutRedirect, s.carrier.setCookie(r, "", -1))
}

// serveAs serves a request as the caller of the cookie. A header with a credential of a
// configured kind takes precedence, even a denied one: a client that presents a
// credential must not be served as another caller.
func (s *session) serveAs(w http.ResponseWriter, r *http.Request, text string) {
	h := r.Header
	if s.inHeader(r) {
		s.plain.hit(w, r)
		return
	}
	to := s.plain
	if page.FromBrowser(r) {
		to = s.browser
	}
	if !s.origins.maySocket(r) {
		to.gate.Deny(w, r, bearer(""), verifier.Denial{Reason: verifier.Forbidden, Message: "The WebSocket is opened by a page of another site."})
		return
	}
	name := s.carrier.header
	line, _ := credential.SingleValue(h[name])
	if line != "" || to.gate.Forwards() {
		// The header has another scheme, which is the backend's; or the backend's copy
		// of the credential has to be in headers of its own.
		to.gate.ServeAs(w, r, s.carrier.credential(text))
		return
	}
	own := []string{s.carrier.line(text)}
	h[name] = own // the hit path reads headers alone
	to.hit(w, r)
	// The gate has removed it if the request went on, and after that these headers are
	// the backend's: a mirror of Traefik may still be reading them, so they are not
	// written any more. After a denial they are ours.
	left := h[name]
	if len(left) == 1 && left[0] == own[0] {
		delete(h, name) // Traefik's access log may hold headers, and shows them as they are now
	}
}

// show answers with a page.
func (s *session) show(w http.ResponseWriter, r *http.Request, a *answer) {
	h := w.Header()
	for i, name := range page.Headers {
		h.Set(name, page.Values[i])
	}
	h.Set("Content-Security-Policy", a.policy)
	if a.wait > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((a.wait+time.Second-1)/time.Second), 10))
	}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(a.page))
	}
}

// redirect sends the browser to a page (303), with Set-Cookie lines if there are any.
func (s *session) redirect(w http.ResponseWriter, to string, cookies []string) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Location", to)
	if len(cookies) > 0 {
		h["Set-Cookie"] = cookies
	}
	w.WriteHeader(http.StatusSeeOther)
}
