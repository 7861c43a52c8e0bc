package session

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"

	"github.com/upstreamauth/upstreamauth/credential"
	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// maxForm is the limit of the body of a hand-off by POST, in bytes.
const maxForm = 64 << 10

// handoff exchanges the token of a link or a form for a cookie.
type handoff struct {
	gate    *gate.Gate
	options *Options
	seal    *seal
	now     func() time.Time
	log     *telemetry.Log
}

// exchange returns the Set-Cookie line for the token that a request brings, or a
// denial. The line is empty where the browser keeps the session that it has. current
// is the token of that session; empty if there is none. sent is the credential that
// was checked, for the log, as far as one could be read.
//
// A panic in plugin code is a denial (Unavailable).
func (h *handoff) exchange(r *http.Request, current string) (line string, sent verifier.Credential, denial verifier.Denial) {
	sent = bearer("")
	denial = verifier.Denial{Reason: verifier.Unavailable}
	defer h.logPanic()
	token, unreadable := h.tokenFrom(r)
	if unreadable.Reason != "" {
		return "", sent, unreadable
	}
	sent = bearer(token)
	decision, denied := h.gate.Check(r, sent)
	if denied.Reason != "" {
		return "", sent, denied
	}
	if h.belongsToOther(r, current, token, decision) {
		return "", sent, verifier.Denial{}
	}
	made, tooLong := h.cookie(r, token, decision)
	return made, sent, tooLong
}

// tokenFrom reads the one token of a hand-off, in the query or in a form. A second
// one, also in a header, is a denial: the request would be checked as one caller and
// the session opened as another.
func (h *handoff) tokenFrom(r *http.Request) (string, verifier.Denial) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return "", verifier.Denial{Reason: verifier.Malformed}
	}
	form, ok := postForm(r)
	if !ok {
		return "", verifier.Denial{Reason: verifier.Malformed}
	}
	token, twice := credential.SingleValue(append(query[h.options.Parameter], form[h.options.Parameter]...))
	inHeader, absent := credential.FromHeader(r.Header, h.gate.Accepts())
	if twice || (token != "" && (absent.Reason != verifier.Missing || inHeader.Kind != "")) {
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

// postForm reads the fields of a form; none if the request has no form. ok is false
// if the form cannot be parsed, or is longer than maxForm.
func postForm(r *http.Request) (fields url.Values, ok bool) {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "application/x-www-form-urlencoded" || r.Method != http.MethodPost {
		return nil, true
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxForm+1))
	if err != nil || len(body) > maxForm {
		return nil, false
	}
	fields, err = url.ParseQuery(string(body))
	return fields, err == nil
}

// belongsToOther says whether the browser has a valid session of another user, or one
// that may be, where that cannot be found out now. That session stays (session
// fixation): an attacker who sends a link with a token of their own would make its
// reader act as the attacker, and type secrets into the attacker's account.
func (h *handoff) belongsToOther(r *http.Request, current, token string, decision verifier.Decision) bool {
	if current == "" || current == token {
		return false
	}
	before, denial := h.gate.Check(r, bearer(current))
	switch denial.Reason {
	case "", verifier.Requirement: // a token that lacks a required value is valid all the same
		user := before.Identity.Get("user")
		return user == "" || user != decision.Identity.Get("user")
	case verifier.Unavailable, verifier.Distrusted, verifier.Throttled:
		return true
	}
	return false
}

// cookie returns the Set-Cookie line of a token that was allowed; it ends with the
// decision. A denial if that is over, or if the token is too long for a cookie.
func (h *handoff) cookie(r *http.Request, token string, decision verifier.Decision) (string, verifier.Denial) {
	seconds := int(decision.Expires.Sub(h.now()) / time.Second)
	if seconds < 1 {
		return "", verifier.Denial{Reason: verifier.Expired}
	}
	value := h.seal.encrypt(token, decision.Expires)
	if value == "" {
		h.log.Note(telemetry.LevelError, telemetry.EventOutage, "a token is too long for a cookie: browsers take 4 KiB")
		return "", verifier.Denial{Reason: verifier.Unavailable}
	}
	line := setCookie(h.options, r, value, seconds)
	return line, verifier.Denial{}
}

// bearer is the credential of a token that is in no header.
func bearer(token string) verifier.Credential {
	return verifier.Credential{Kind: verifier.Bearer, Token: token}
}

// logPanic recovers from a panic in plugin code, and logs it.
func (h *handoff) logPanic() {
	if recover() != nil {
		h.log.Panic("a panic in a hand-off")
	}
}
