package status

import (
	"crypto/sha256"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/telemetry"
)

// New returns the handler of a status route.
func New(o *Options, sources *Sources, attempts *Attempts, cookies *Cookies, log *telemetry.Log) http.Handler {
	s := &status{
		options: o, sources: sources, attempts: attempts, cookies: cookies, log: log,
		digest: sha256.Sum256([]byte(o.Token)), policy: pagePolicy(),
	}
	return http.HandlerFunc(s.serve)
}

// serve answers a request. It is the only function that writes.
func (s *status) serve(w http.ResponseWriter, r *http.Request) {
	a := s.answerTo(r)
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY") // for browsers that do not know frame-ancestors
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Content-Security-Policy", s.policy)
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if a.kind != "" {
		h.Set("Content-Type", a.kind)
	}
	if a.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="upstreamauth status"`)
	}
	if a.wait > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((a.wait+time.Second-1)/time.Second), 10))
	}
	if a.allow != "" {
		h.Set("Allow", a.allow)
	}
	if a.location != "" {
		h.Set("Location", a.location)
	}
	if a.cookie != "" {
		h.Set("Set-Cookie", a.cookie)
	}
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(a.body))
	}
}

// answerTo decides about a request. What remains after a panic is an error.
func (s *status) answerTo(r *http.Request) (a *answer) {
	a = failure(http.StatusInternalServerError, "an error of the plugin's own")
	defer s.logPanic()
	part := lastPart(r.URL.Path)
	if isTooLarge(r) {
		a = failure(http.StatusRequestHeaderFieldsTooLarge, "The address or the cookies are too long.")
		return a
	}
	if hasTokenInAddress(r) {
		a = failure(http.StatusBadRequest, "The token is not read from the address, where logs and browsers keep it: send Authorization: Bearer.")
		return a
	}
	if part == "" && r.Method == http.MethodPost {
		a = s.login(r)
		return a
	}
	if isRead(r) && !isPart(part) && wantsPage(r) {
		// Links and forms of the page are relative, so its address ends with a slash: also that
		// of the form for the token, whose cookie is for the folder that it was posted to.
		a = &answer{status: http.StatusSeeOther, location: "./" + url.PathEscape(part) + "/"}
		return a
	}
	admitted := s.admit(r)
	if !admitted.allowed {
		a = s.refuse(r, admitted, "")
		return a
	}
	a = s.route(r, part, admitted)
	return a
}

// route answers a request that may see everything.
func (s *status) route(r *http.Request, part string, admitted admission) *answer {
	changes := part == "forget" || part == "logout"
	if changes && r.Method != http.MethodPost {
		return notAllowed("POST")
	}
	if changes && admitted.byCookie && !s.sources.OwnPage(r) {
		return failure(http.StatusForbidden, "This was not sent by the status page.")
	}
	if !changes && !isRead(r) {
		return notAllowed("GET, HEAD")
	}
	switch part {
	case "":
		return &answer{status: http.StatusOK, kind: htmlType, body: page}
	case "metrics":
		return &answer{status: http.StatusOK, kind: textType, body: s.metrics()}
	case "status":
		return &answer{status: http.StatusOK, kind: jsonType, body: s.report()}
	case "forget":
		return s.forget(r)
	case "logout":
		return &answer{status: http.StatusSeeOther, location: "./", cookie: s.cookieLine(r, "", -1)}
	}
	return failure(http.StatusNotFound, "The last part of the path is one of: nothing (the page), metrics, status, forget.")
}

// isPart tells whether something is answered under a last part of the path.
func isPart(part string) bool {
	switch part {
	case "", "metrics", "status", "forget", "logout":
		return true
	}
	return false
}

func isRead(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead
}

// refuse answers a request without the token: by the form, where a browser asks for a page.
func (s *status) refuse(r *http.Request, refused admission, note string) *answer {
	code, text := http.StatusUnauthorized, "The token of the status route is required: Authorization: Bearer."
	if refused.wait > 0 {
		code, text = http.StatusTooManyRequests, "Too many requests without the token. Try again later."
		note = text
	}
	a := failure(code, text)
	a.wait = refused.wait
	if wantsPage(r) {
		a.kind = htmlType
		a.body = loginPage(note)
	}
	return a
}

// login answers the form: by a cookie, if the token is right.
func (s *status) login(r *http.Request) *answer {
	if !s.sources.OwnPage(r) {
		return failure(http.StatusForbidden, "This was not sent by the form of the status page.")
	}
	body, fits := readBody(r)
	if !fits {
		return failure(http.StatusRequestEntityTooLarge, "The form is too large.")
	}
	form, err := url.ParseQuery(body)
	tokens := form["token"]
	if err != nil || len(tokens) != 1 {
		return failure(http.StatusBadRequest, "The form has exactly one token.")
	}
	admitted := s.try(r, strings.TrimSpace(tokens[0]))
	if !admitted.allowed {
		return s.refuse(r, admitted, "That is not the token.")
	}
	now := s.sources.Now()
	value := s.cookies.Seal(sealedText, now.Add(sessionLasts))
	return &answer{status: http.StatusSeeOther, location: "./", cookie: s.cookieLine(r, value, int(sessionLasts/time.Second))}
}

// logPanic recovers a panic in the plugin's code and logs it.
func (s *status) logPanic() {
	if recover() != nil {
		s.log.Panic("a panic while the status was asked for")
	}
}
