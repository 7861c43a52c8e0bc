package session

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// leave ends a session, if the request comes from a page of this site.
func (s *session) leave(w http.ResponseWriter, r *http.Request, token string) {
	denial := s.part(r, token)
	if denial.Reason != "" {
		s.gate.Deny(w, r, bearer(""), denial)
		return
	}
	s.lead(w, s.line(r, "", -1))
}

// part ends what is known of a token that a request of this site brings. A panic
// of ours is a denial.
func (s *session) part(r *http.Request, token string) (denial verifier.Denial) {
	denial = verifier.Denial{Reason: verifier.Unavailable}
	defer s.recovered()
	if !sameOrigin(r) {
		return verifier.Denial{Reason: verifier.Forbidden}
	}
	if token != "" {
		s.forget(r, bearer(token))
	}
	return verifier.Denial{}
}

// forget ends what is known of a token, before and after the upstream's own
// logout, so that nothing that was asked meanwhile brings it back. There is nothing
// to forget, and the upstream is not called, where the token is not called good: a
// copied cookie, sent again and again, costs the upstream nothing.
func (s *session) forget(r *http.Request, c verifier.Credential) {
	decision, _ := s.gate.Check(r, c)
	if !decision.Allowed {
		return
	}
	s.gate.Forget(c)
	s.end(c.Token)
	s.gate.Forget(c)
}

// end has the upstream end a token, as far as it can be reached.
func (s *session) end(token string) {
	if s.quit == nil {
		return
	}
	// Not the request's context: the browser may leave, the token is to end.
	ctx, cancel := context.WithTimeout(context.Background(), s.patience)
	defer cancel()
	err := s.quit(ctx, token)
	if err != nil {
		s.journal.Note(telemetry.LevelError, telemetry.EventOutage, "its logout could not be called: "+err.Error())
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
