package session

import (
	"net/http"
	"time"

	"github.com/upstreamauth/upstreamauth/credential"
	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// unknownEnd is how long the cookie of a token lasts whose end two readers could read
// differently.
const unknownEnd = time.Hour

// handoff exchanges the token of a link or a form for a cookie.
type handoff struct {
	gate    *gate.Gate
	options *Options
	seal    *seal
	origins *origins
	pages   *pages
	token   *parameter
	step    *parameter
	now     func() time.Time
	log     *telemetry.Log
}

// newHandoff makes the hand-off of a route with these options.
func newHandoff(g *gate.Gate, o *Options, s *seal, site *origins, now func() time.Time, log *telemetry.Log) *handoff {
	p := newPages(o.Parameter)
	return &handoff{
		gate: g, options: o, seal: s, origins: site, pages: p,
		token: newParameter(p.token), step: newParameter(p.step), now: now, log: log,
	}
}

// answer is what a browser gets for a hand-off: a denial if it has a reason, else a
// page if there is one, else the redirect. A redirect without a cookie keeps the
// session that the browser has.
type answer struct {
	denial verifier.Denial
	sent   verifier.Credential // that was checked, for the log, as far as one could be read
	page   string              // HTML
	cookie string              // the Set-Cookie line
}

// exchange answers a hand-off. current is the token of the browser's session; empty if
// there is none, or if the browser did not bring it. A panic in plugin code is a denial
// (Unavailable).
func (h *handoff) exchange(r *http.Request, current string) (a *answer) {
	a = &answer{sent: bearer(""), denial: verifier.Denial{Reason: verifier.Unavailable}}
	defer h.logPanic()
	token, step, denial := h.read(r)
	if denial.Reason == "" && step != "" && !h.origins.isOwnPage(r) {
		denial = verifier.Denial{Reason: verifier.Forbidden, Message: "The request comes from another site."}
	}
	if denial.Reason != "" {
		return &answer{sent: a.sent, denial: denial}
	}
	if step == stepKeep {
		return &answer{}
	}
	if step == "" && h.mayLackSession(r) {
		return &answer{page: h.pages.continuing(token)}
	}
	decided := h.decide(r, token, current, step)
	return decided
}

// mayLackSession says whether the browser may have a session whose cookie it has left
// out. It is asked to come again then, from a page of this site. A strict cookie comes
// with nothing that leads here from elsewhere, and not every browser tells for each
// link where it stood.
func (h *handoff) mayLackSession(r *http.Request) bool {
	if h.options.SameSiteStrict {
		return r.Method != http.MethodPost || !h.origins.isOwnPage(r)
	}
	return h.origins.mayLackCookie(r)
}

// decide answers a hand-off whose browser has brought its session, if it has one.
func (h *handoff) decide(r *http.Request, token, current, step string) *answer {
	sent := bearer(token)
	decision, denied := h.gate.Check(r, sent)
	if denied.Reason == verifier.Invalid || denied.Reason == verifier.Expired {
		_, live := h.userOf(r, current)
		if live && current != token {
			return &answer{} // an old link leads the reader on
		}
	}
	if denied.Reason != "" {
		return &answer{sent: sent, denial: denied}
	}
	if step != stepReplace && current != token {
		user, live := h.userOf(r, current)
		other := decision.Identity.Get("user")
		if live && (user == "" || user != other) {
			return &answer{page: h.pages.choosing(token, user, other)}
		}
	}
	line, tooLong := h.cookie(r, token, decision)
	return &answer{sent: sent, denial: tooLong, cookie: line}
}

// read returns the one token of a hand-off, in the query or in a form, and the step of
// a form that one of our pages posts; with stepKeep there is no token. A second token,
// also in a header, is a denial: the request would be checked as one caller and the
// session opened as another.
func (h *handoff) read(r *http.Request) (token, step string, denial verifier.Denial) {
	form, unreadable := postedForm(r)
	inQuery, denied := h.token.read(r.URL.RawQuery)
	inForm, deniedForm := h.token.read(form)
	step, deniedStep := h.step.read(form)
	for _, found := range []verifier.Denial{unreadable, denied, deniedForm, deniedStep} {
		if found.Reason != "" {
			return "", "", found
		}
	}
	if step != "" && step != stepContinue && step != stepKeep && step != stepReplace {
		return "", "", verifier.Denial{Reason: verifier.Malformed}
	}
	if step == stepKeep {
		return "", step, verifier.Denial{}
	}
	token = inQuery + inForm
	inHeader, absent := credential.FromRequest(r, h.gate.Accepts())
	twice := inQuery != "" && inForm != ""
	if twice || (token != "" && (absent.Reason != verifier.Missing || inHeader.Kind != "")) {
		return "", "", verifier.Denial{Reason: verifier.Ambiguous}
	}
	if token == "" {
		return "", "", verifier.Denial{Reason: verifier.Missing}
	}
	if !verifier.IsVisibleASCII(token) {
		return "", "", verifier.Denial{Reason: verifier.Malformed}
	}
	return token, step, verifier.Denial{}
}

// userOf returns the user of the browser's session, and whether it is live: a token
// that is still valid, or whose validity cannot be found out now. A live session stays
// unless its reader says otherwise (session fixation): an attacker who sends a link
// with a token of their own would make its reader act as the attacker, and type secrets
// into the attacker's account. The user is empty where it is not known.
func (h *handoff) userOf(r *http.Request, current string) (user string, live bool) {
	if current == "" {
		return "", false
	}
	decision, denial := h.gate.Check(r, bearer(current))
	switch denial.Reason {
	case "", verifier.Requirement: // a token that lacks a required value is valid all the same
		user = decision.Identity.Get("user")
		return user, true
	case verifier.Unavailable, verifier.Distrusted, verifier.Throttled, verifier.Cancelled:
		return "", true
	}
	return "", false
}

// cookie returns the Set-Cookie line of a token that was allowed; it ends with the
// decision. A denial if that is over, or if the token is too long for a cookie.
func (h *handoff) cookie(r *http.Request, token string, decision verifier.Decision) (string, verifier.Denial) {
	end := decision.Expires
	if end.IsZero() { // the token is asked about with each request, which ends the session in time
		end = h.now().Add(unknownEnd)
	}
	seconds := int(end.Sub(h.now()) / time.Second)
	if seconds < 1 {
		return "", verifier.Denial{Reason: verifier.Expired}
	}
	value := h.seal.encrypt(token, end)
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
