package session

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// serveLogout ends a session, if the request comes from a page of this site.
func (s *session) serveLogout(w http.ResponseWriter, r *http.Request, token string) {
	denial := s.logout(r, token)
	if denial.Reason != "" {
		s.gate.Deny(w, r, bearer(""), denial)
		return
	}
	s.redirect(w, s.setCookie(r, "", -1))
}

// logout ends what is known of a token that a request of this site brings. A panic
// of ours is a denial.
func (s *session) logout(r *http.Request, token string) (denial verifier.Denial) {
	denial = verifier.Denial{Reason: verifier.Unavailable}
	defer s.logPanic()
	if !sameOrigin(r) {
		return verifier.Denial{Reason: verifier.Forbidden}
	}
	if token != "" {
		s.revoke(r, bearer(token))
	}
	return verifier.Denial{}
}

// revoke ends what is known of a token, before and after the upstream's own
// logout, so that nothing that was asked meanwhile brings it back. There is nothing
// to forget, and the upstream is not called, where the token is not called good: a
// copied cookie, sent again and again, costs the upstream nothing.
func (s *session) revoke(r *http.Request, c verifier.Credential) {
	decision, _ := s.gate.Check(r, c)
	if !decision.Allowed {
		return
	}
	s.gate.Forget(c)
	s.callUpstreamLogout(c.Token)
	s.gate.Forget(c)
}

// callUpstreamLogout has the upstream end a token, as far as it can be reached.
func (s *session) callUpstreamLogout(token string) {
	if s.upstreamLogout == nil {
		return
	}
	// Not the request's context: the browser may leave, the token is to end.
	ctx, cancel := context.WithTimeout(context.Background(), s.logoutTimeout)
	defer cancel()
	err := s.upstreamLogout(ctx, token)
	if err != nil {
		s.log.Note(telemetry.LevelError, telemetry.EventOutage, "its logout could not be called: "+err.Error())
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
