package status

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// sessionLasts is how long a cookie stands for the token.
const sessionLasts = 8 * time.Hour

// sealedText is what a cookie holds: who has one could make it under the same token, and
// nothing of the token is in it.
const sealedText = "status"

// admission is whether a request may see anything, and by what.
type admission struct {
	allowed  bool
	byCookie bool
	wait     time.Duration // before the client may try again; 0: at once
}

// admit looks for the token, or the cookie, of a request. A token that is sent outranks a
// cookie; another scheme does not, since a browser that has logged in to something else here
// sends that with everything. While a client has to wait, no token of it is compared:
// otherwise it could go on guessing.
func (s *status) admit(r *http.Request) admission {
	lines := r.Header["Authorization"]
	token, sent := "", len(lines) > 1
	if len(lines) == 1 {
		token, sent = bearerOf(lines[0])
	}
	if !sent && s.hasCookie(r) {
		return admission{allowed: true, byCookie: true}
	}
	return s.try(r, token)
}

// try compares a token, and counts a wrong one.
func (s *status) try(r *http.Request, token string) admission {
	client := s.sources.Client(r, s.options.ClientDepth)
	wait := s.attempts.wait(client, s.options.PerClient)
	if wait > 0 {
		return admission{wait: wait}
	}
	if s.isToken(token) {
		return admission{allowed: true}
	}
	s.attempts.failed(client, s.options.PerClient)
	return admission{}
}

// bearerOf is the token of an Authorization line; false: it is of another scheme.
func bearerOf(line string) (string, bool) {
	scheme, token, _ := strings.Cut(line, " ")
	isBearer := strings.EqualFold(scheme, "Bearer")
	if !isBearer {
		return "", false
	}
	return token, true
}

// isToken compares a token with the operator's, in a time that says nothing of either.
func (s *status) isToken(token string) bool {
	sent := sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(sent[:], s.digest[:]) == 1 && token != ""
}

// hasCookie tells whether a request brings the cookie. Of two neither counts: one may be a
// sibling site's.
func (s *status) hasCookie(r *http.Request) bool {
	value := ""
	count := 0
	for _, cookie := range r.Cookies() {
		if cookie.Name == s.cookies.Name {
			value = cookie.Value
			count++
		}
	}
	if count != 1 {
		return false
	}
	return s.cookies.Open(value, s.sources.Now()) == sealedText
}

// Bounds of the query and of the cookies that are gone through: anyone may send a megabyte of
// them, which takes interpreted code a hundred times as long as compiled code.
const (
	maxQuery   = 2 << 10  // bytes
	maxCookies = 16 << 10 // bytes
	maxLines   = 16       // of Cookie
)

// isTooLarge tells whether a request brings more of that than any client needs.
func isTooLarge(r *http.Request) bool {
	lines := r.Header["Cookie"]
	if len(lines) > maxLines || len(r.URL.RawQuery) > maxQuery {
		return true
	}
	cookies := 0
	for _, line := range lines {
		cookies += len(line)
	}
	return cookies > maxCookies
}

// hasTokenInAddress tells whether the address of a request may hold the token: it stays in
// logs and in the history of browsers, so that none is read there.
func hasTokenInAddress(r *http.Request) bool {
	query, _ := url.ParseQuery(r.URL.RawQuery)
	for name := range query {
		switch strings.ToLower(name) {
		case "token", "access_token", "bearer":
			return true
		}
	}
	return false
}
