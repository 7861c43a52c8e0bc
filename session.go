package upstreamauth

import (
	"net/http"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// session carries a browser across from the upstream's own pages, and keeps it
// known: a token that comes in a link is exchanged for a cookie, which then
// stands for the token on every request that brings no credential of its own.
type session struct {
	gate     *gate
	hit      func(http.ResponseWriter, *http.Request)
	scheme   *scheme // of bearer
	say      *sessionSettings
	seal     *seal
	quit     *verifier.Exchange // the upstream's own logout; nil: it has none
	patience time.Duration      // for it
	now      func() time.Time
}

// session puts a session before the handler of a route.
func (p *Process) session(g *gate, s *settings, hit func(http.ResponseWriter, *http.Request)) func(http.ResponseWriter, *http.Request) {
	if s.session == nil {
		return hit
	}
	b := s.blocks[0] // the settings have been checked: it is bearer
	x := &session{
		gate: g, hit: hit, scheme: g.schemes[0], say: s.session, patience: b.timeout, now: p.now,
		seal: newSeal(s.session.cookie, s.session.secret, append(scopeOf(b), s.epoch)...),
	}
	if b.api.Login != nil && b.api.Login.Logout != "" {
		u := b.upstream
		u.Path, u.Method = b.api.Login.Logout, http.MethodPost
		quit, err := verifier.NewExchange(u, p.now)
		if err != nil {
			panic(err.Error()) // the settings have been checked
		}
		x.quit = quit
	}
	return x.serve
}

// serve knows three requests: a hand-off, a logout, and any other, which the
// cookie may stand for. The cookie goes from all of them.
func (s *session) serve(w http.ResponseWriter, r *http.Request) {
	token := s.seal.take(r.Header, s.now())
	post := r.Method == http.MethodPost
	if r.URL.Path == s.say.path && (post || r.Method == http.MethodGet) {
		s.arrive(w, r, token)
		return
	}
	if post && s.say.logout != "" && r.URL.Path == s.say.logout {
		s.leave(w, r, token)
		return
	}
	if token == "" {
		s.hit(w, r)
		return
	}
	s.stand(w, r, token)
}

// stand has a token stand for a request, unless a credential does that ranks
// higher: one in a header, of a kind that the route takes, whether good or not.
func (s *session) stand(w http.ResponseWriter, r *http.Request, token string) {
	h := r.Header
	sent, denial := verifier.FromHeader(h, s.gate.accepts)
	if denial.Reason != verifier.Missing || sent.Kind != "" {
		s.hit(w, r)
		return
	}
	line, _ := verifier.Single(h["Authorization"])
	if line == "" {
		h["Authorization"] = []string{"Bearer " + token}
		s.hit(w, r)
		delete(h, "Authorization") // the client sent none: the access log is not to have one
		return
	}
	s.gate.serve(w, r, bearer(token)) // the line is of a scheme that is none of ours, and stays
}

func bearer(token string) verifier.Credential {
	return verifier.Credential{Kind: verifier.Bearer, Token: token}
}

// lead answers 303 to the page behind, with a Set-Cookie line if there is one.
func (s *session) lead(w http.ResponseWriter, cookie string) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Location", s.say.redirect)
	if cookie != "" {
		h.Set("Set-Cookie", cookie)
	}
	w.WriteHeader(http.StatusSeeOther)
}
