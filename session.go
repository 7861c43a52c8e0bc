package upstreamauth

import (
	"context"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// maxForm bounds the body of a hand-off by POST, in bytes.
const maxForm = 64 << 10

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
	u := b.upstream
	x := &session{
		gate: g, hit: hit, scheme: g.schemes[0], say: s.session, patience: b.timeout, now: p.now,
		seal: newSeal(s.session.cookie, s.session.secret, b.api.Name, u.URL, u.Path, u.Method),
	}
	if b.api.Login != nil && b.api.Login.Logout != "" {
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
	h := r.Header
	if token == "" {
		s.hit(w, r)
		return
	}
	if len(h["Authorization"]) == 0 && len(h["Application-Key"]) == 0 {
		h["Authorization"] = []string{"Bearer " + token}
		s.hit(w, r)
		return
	}
	s.gate.serve(w, r, bearer(token)) // which stands back behind a credential
}

func bearer(token string) verifier.Credential {
	return verifier.Credential{Kind: verifier.Bearer, Token: token}
}

// arrive exchanges a token for a cookie, and leads on to a page without it. The
// live session of another user stays: a link that somebody sent is not to make
// its reader somebody else.
func (s *session) arrive(w http.ResponseWriter, r *http.Request, old string) {
	w.Header().Set("Referrer-Policy", "no-referrer")
	token, denial := s.presented(r)
	decision := verifier.Decision{}
	if denial.Reason == "" {
		decision, denial = s.gate.verify(r, bearer(token), s.scheme)
	}
	cookie := ""
	if denial.Reason == "" && !s.another(r, old, token, decision) {
		cookie, denial = s.cookie(r, token, decision)
	}
	if denial.Reason != "" {
		s.gate.refusal.write(w, r, verifier.Bearer, denial)
		return
	}
	s.lead(w, cookie)
}

// presented is the one token of a hand-off: in the query, or in a form.
func (s *session) presented(r *http.Request) (string, verifier.Denial) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return "", verifier.Denial{Reason: verifier.Malformed}
	}
	form, err := postForm(r)
	if err != nil {
		return "", verifier.Denial{Reason: verifier.Malformed}
	}
	token, found := "", 0
	for _, value := range append(query[s.say.parameter], form[s.say.parameter]...) {
		if value != "" {
			token = value
			found++
		}
	}
	_, header := verifier.FromHeader(r.Header, s.gate.accepts)
	if found > 1 || (found == 1 && header.Reason != verifier.Missing) {
		return "", verifier.Denial{Reason: verifier.Ambiguous}
	}
	if found == 0 {
		return "", verifier.Denial{Reason: verifier.Missing}
	}
	if !verifier.Visible(token) {
		return "", verifier.Denial{Reason: verifier.Malformed}
	}
	return token, verifier.Denial{}
}

// postForm reads the fields of a form; none where there is no form.
func postForm(r *http.Request) (url.Values, error) {
	sort, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || sort != "application/x-www-form-urlencoded" || r.Method != http.MethodPost {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxForm))
	if err != nil {
		return nil, err
	}
	fields, err := url.ParseQuery(string(body))
	return fields, err
}

// another tells whether a live session is somebody else's, or may be.
func (s *session) another(r *http.Request, old, token string, decision verifier.Decision) bool {
	if old == "" || old == token {
		return false
	}
	before, denial := s.gate.verify(r, bearer(old), s.scheme)
	switch denial.Reason {
	case "":
		user := before.Identity.Get("user")
		return user == "" || user != decision.Identity.Get("user")
	case verifier.Unavailable, verifier.Distrusted, verifier.Throttled:
		return true
	}
	return false
}

// cookie is the Set-Cookie line of a token that was called good, until its end.
func (s *session) cookie(r *http.Request, token string, decision verifier.Decision) (string, verifier.Denial) {
	left := int(decision.Expires.Sub(s.now()) / time.Second)
	if left < 1 {
		return "", verifier.Denial{Reason: verifier.Expired}
	}
	value := s.seal.close(token, decision.Expires)
	if value == "" {
		s.gate.journal.bug("a token is too long for a cookie")
		return "", verifier.Denial{Reason: verifier.Unavailable}
	}
	return s.line(r, value, left), verifier.Denial{}
}

func (s *session) line(r *http.Request, value string, age int) string {
	c := &http.Cookie{
		Name: s.say.cookie, Value: value, Path: "/", MaxAge: age,
		HttpOnly: true, Secure: s.say.always || r.TLS != nil, SameSite: http.SameSiteLaxMode,
	}
	if s.say.strict {
		c.SameSite = http.SameSiteStrictMode
	}
	text := c.String()
	return text
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

// leave ends a session, if the request comes from a page of this site. The token
// is forgotten before and after the upstream's own logout, so that nothing that
// was asked meanwhile brings it back.
func (s *session) leave(w http.ResponseWriter, r *http.Request, token string) {
	if !sameOrigin(r) {
		s.gate.refusal.write(w, r, verifier.Bearer, verifier.Denial{Reason: verifier.Forbidden})
		return
	}
	if token != "" {
		s.scheme.cache.Forget(bearer(token))
		s.end(token)
		s.scheme.cache.Forget(bearer(token))
	}
	s.lead(w, s.line(r, "", -1))
}

// end has the upstream end a token, as far as it can be reached.
func (s *session) end(token string) {
	if s.quit == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.patience)
	defer cancel()
	_, err := s.quit.Do(ctx, s.scheme.api.Login.Quit(token))
	if err != nil && s.gate.journal.output.mayNote() {
		s.gate.journal.report(levelError, eventOutage, "its logout could not be called: "+err.Error())
	}
}

// sameOrigin: a browser says where the page is that a form was sent from.
func sameOrigin(r *http.Request) bool {
	lines := r.Header["Origin"]
	if len(lines) != 1 {
		return false
	}
	origin, err := url.Parse(lines[0])
	return err == nil && origin.Host != "" && strings.EqualFold(origin.Host, r.Host)
}
