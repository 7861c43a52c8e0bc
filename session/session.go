package session

import (
	"context"
	"net/http"
	"time"

	"github.com/upstreamauth/upstreamauth/credential"
	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// session carries a browser across from the upstream's own pages, and keeps it
// known: a token that comes in a link is exchanged for a cookie, which then
// stands for the token on every request that brings no credential of its own.
type session struct {
	gate           *gate.Gate
	hit            func(http.ResponseWriter, *http.Request)
	options        *Options
	seal           *seal
	upstreamLogout func(ctx context.Context, token string) error // the upstream's own logout; nil: it has none
	logoutTimeout  time.Duration                                 // for it
	now            func() time.Time
	log            *telemetry.Log
}

// New puts a session before hit, the handler of a gate. b is the gate's
// block of bearer tokens; the cookies are bound to what it asks, and to the epoch.
func New(g *gate.Gate, hit func(http.ResponseWriter, *http.Request), o *Options, b *gate.Block, epoch string, now func() time.Time, j *telemetry.Log) http.Handler {
	s := &session{
		gate: g, hit: hit, options: o, logoutTimeout: b.Timeout, now: now, log: j,
		seal:           newSeal(o.Cookie, o.Secret, append(b.Scope(), epoch)...),
		upstreamLogout: newUpstreamLogout(b, now),
	}
	return http.HandlerFunc(s.serve)
}

// newUpstreamLogout returns what ends a token at the upstream; nil where it documents no logout.
func newUpstreamLogout(b *gate.Block, now func() time.Time) func(ctx context.Context, token string) error {
	login := b.API.Login
	if login == nil || login.Logout == "" {
		return nil
	}
	target := b.Upstream.Target
	target.Path, target.Method = login.Logout, http.MethodPost
	exchange, err := transport.NewClient(target, now)
	if err != nil {
		panic(err.Error()) // the settings have been checked
	}
	return func(ctx context.Context, token string) error {
		_, err := exchange.Do(ctx, login.LogoutRequest(token))
		return err
	}
}

// serve knows three requests: a hand-off, a logout, and any other, which the
// cookie may stand for. The cookie goes from all of them.
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

// serveWithToken has a token stand for a request, unless a credential does that ranks
// higher: one in a header, of a kind that the route takes, whether good or not.
func (s *session) serveWithToken(w http.ResponseWriter, r *http.Request, token string) {
	h := r.Header
	sent, denial := credential.FromHeader(h, s.gate.Accepts())
	if denial.Reason != verifier.Missing || sent.Kind != "" {
		s.hit(w, r)
		return
	}
	line, _ := credential.SingleValue(h["Authorization"])
	if line == "" {
		h["Authorization"] = []string{"Bearer " + token}
		s.hit(w, r)
		delete(h, "Authorization") // the client sent none: the access log is not to have one
		return
	}
	s.gate.ServeAs(w, r, bearer(token)) // the line is of a scheme that is none of ours, and stays
}

func bearer(token string) verifier.Credential {
	return verifier.Credential{Kind: verifier.Bearer, Token: token}
}

// redirect answers 303 to the page behind, with a Set-Cookie line if there is one.
func (s *session) redirect(w http.ResponseWriter, cookie string) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Location", s.options.Redirect)
	if cookie != "" {
		h.Set("Set-Cookie", cookie)
	}
	w.WriteHeader(http.StatusSeeOther)
}

// logPanic ends a panic of ours where it happens, and says so.
func (s *session) logPanic() {
	if recover() != nil {
		s.log.Panic("a panic in a session")
	}
}
