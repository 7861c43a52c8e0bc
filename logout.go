package upstreamauth

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// leave ends a session, if the request comes from a page of this site.
func (s *session) leave(w http.ResponseWriter, r *http.Request, token string) {
	o := &outcome{kind: verifier.Bearer, denial: verifier.Denial{Reason: verifier.Unavailable}}
	s.part(r, token, o)
	if o.denial.Reason != "" {
		s.gate.refusal.write(w, r, o.kind, o.denial)
		return
	}
	s.lead(w, s.line(r, "", -1))
}

// part forgets a token, before and after the upstream's own logout, so that
// nothing that was asked meanwhile brings it back. The upstream is told only of
// one that it calls good: a copied cookie, sent again and again, costs it
// nothing. A panic of ours leaves o as it was.
func (s *session) part(r *http.Request, token string, o *outcome) {
	defer s.gate.recovered()
	if !sameOrigin(r) {
		s.gate.refuse(o, verifier.Denial{Reason: verifier.Forbidden}, nil, verifier.Credential{})
		return
	}
	if token != "" {
		s.forget(r, token)
	}
	o.denial = verifier.Denial{}
}

// forget ends what is known of a token; there is nothing to, where it is not
// called good.
func (s *session) forget(r *http.Request, token string) {
	decision, _ := s.gate.verify(r, bearer(token), s.scheme)
	if !decision.Allowed {
		return
	}
	s.scheme.cache.Forget(bearer(token))
	s.end(token)
	s.scheme.cache.Forget(bearer(token))
}

// end has the upstream end a token, as far as it can be reached.
func (s *session) end(token string) {
	if s.quit == nil {
		return
	}
	// Not the request's context: the browser may leave, the token is to end.
	ctx, cancel := context.WithTimeout(context.Background(), s.patience)
	defer cancel()
	_, err := s.quit.Do(ctx, s.scheme.api.Login.Quit(token))
	if err != nil {
		s.gate.journal.note(levelError, eventOutage, "its logout could not be called: "+err.Error())
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
