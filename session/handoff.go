package session

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"

	"github.com/upstreamauth/upstreamauth/credential"
	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// maxForm bounds the body of a hand-off by POST, in bytes.
const maxForm = 64 << 10

// serveHandoff exchanges a token for a cookie, and leads on to a page without it.
func (s *session) serveHandoff(w http.ResponseWriter, r *http.Request, old string) {
	cookie, c, denial := s.exchange(r, old)
	w.Header().Set("Referrer-Policy", "no-referrer") // not even a refusal tells the next page of the token
	if denial.Reason != "" {
		s.gate.Deny(w, r, c, denial)
		return
	}
	s.redirect(w, cookie)
}

// exchange returns the Set-Cookie line for the token that a hand-off brings; or
// none, with a denial, or where the session that the browser has stays. c is the
// token's credential, as far as it could be read. A panic of ours is a denial.
func (s *session) exchange(r *http.Request, old string) (cookie string, c verifier.Credential, denial verifier.Denial) {
	c = bearer("")
	denial = verifier.Denial{Reason: verifier.Unavailable}
	defer s.logPanic()
	token, wrong := s.tokenFrom(r)
	if wrong.Reason != "" {
		return "", c, wrong
	}
	c = bearer(token)
	decision, refused := s.gate.Check(r, c)
	if refused.Reason != "" {
		return "", c, refused
	}
	if s.belongsToOther(r, old, token, decision) {
		return "", c, verifier.Denial{}
	}
	line, refused := s.cookie(r, token, decision)
	return line, c, refused
}

// tokenFrom is the one token of a hand-off: in the query, or in a form.
func (s *session) tokenFrom(r *http.Request) (string, verifier.Denial) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return "", verifier.Denial{Reason: verifier.Malformed}
	}
	form, ok := postForm(r)
	if !ok {
		return "", verifier.Denial{Reason: verifier.Malformed}
	}
	token, twice := credential.SingleValue(append(query[s.options.Parameter], form[s.options.Parameter]...))
	sent, header := credential.FromHeader(r.Header, s.gate.Accepts())
	if twice || (token != "" && (header.Reason != verifier.Missing || sent.Kind != "")) {
		return "", verifier.Denial{Reason: verifier.Ambiguous}
	}
	if token == "" {
		return "", verifier.Denial{Reason: verifier.Missing}
	}
	if !verifier.IsVisibleASCII(token) {
		return "", verifier.Denial{Reason: verifier.Malformed}
	}
	return token, verifier.Denial{}
}

// postForm reads the fields of a form; none where there is no form. It is not ok
// where they do not parse, or are too long.
func postForm(r *http.Request) (fields url.Values, ok bool) {
	sort, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || sort != "application/x-www-form-urlencoded" || r.Method != http.MethodPost {
		return nil, true
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxForm+1))
	if err != nil || len(body) > maxForm {
		return nil, false
	}
	fields, err = url.ParseQuery(string(body))
	return fields, err == nil
}

// belongsToOther tells whether the session that the browser has is alive, and somebody
// else's, or may be: then it stays. A link that somebody sent is not to make its
// reader somebody else.
func (s *session) belongsToOther(r *http.Request, old, token string, decision verifier.Decision) bool {
	if old == "" || old == token {
		return false
	}
	before, denial := s.gate.Check(r, bearer(old))
	switch denial.Reason {
	case "", verifier.Requirement: // not wanted here, but alive
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
	value := s.seal.encrypt(token, decision.Expires)
	if value == "" {
		s.log.Note(telemetry.LevelError, telemetry.EventOutage, "a token is too long for a cookie: browsers take 4 KiB")
		return "", verifier.Denial{Reason: verifier.Unavailable}
	}
	return s.setCookie(r, value, left), verifier.Denial{}
}

func (s *session) setCookie(r *http.Request, value string, age int) string {
	c := &http.Cookie{
		Name: s.options.Cookie, Value: value, Path: "/", MaxAge: age,
		HttpOnly: true, Secure: s.options.SecureAlways || r.TLS != nil, SameSite: http.SameSiteLaxMode,
	}
	if s.options.SameSiteStrict {
		c.SameSite = http.SameSiteStrictMode
	}
	text := c.String()
	return text
}
