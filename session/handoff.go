package session

import (
	"net/http"
	"time"

	"github.com/upstreamauth/upstreamauth/credential"
	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// handoff exchanges the token of a link or a form for a cookie.
type handoff struct {
	gate    *gate.Gate
	options *Options
	carrier *carrier
	origins *origins
	back    *back
	pages   *pages
	token   *parameter
	step    *parameter
	log     *telemetry.Log
}

// newHandoff makes the hand-off of a route with these options.
func newHandoff(g *gate.Gate, o *Options, c *carrier, site *origins, b *back, log *telemetry.Log) *handoff {
	p := newPages(o.Parameter, o.Return)
	return &handoff{
		gate: g, options: o, carrier: c, origins: site, back: b, pages: p,
		token: newParameter(p.token), step: newParameter(p.step), log: log,
	}
}

// answer is what a browser gets for a hand-off or a login: a denial if it has a reason,
// else a page if there is one, else a redirect. A redirect without a cookie keeps the
// session that the browser has.
type answer struct {
	denial  verifier.Denial
	sent    verifier.Credential // that was checked, for the log, as far as one could be read
	page    string              // HTML
	policy  string              // of the page
	status  int                 // of the page; 0: 200
	wait    time.Duration       // of Retry-After; 0: none
	cookies []string            // the Set-Cookie lines
	to      string              // where the redirect leads; empty: to the configured page
}

// arrival is what a request for the hand-off brings.
type arrival struct {
	token string
	step  string // that a form of one of our pages takes
	back  string // the page that was asked for; empty: none, or none that is allowed
}

// exchange answers a hand-off. current is the token of the browser's session; empty if
// there is none, or if the browser did not bring it. A panic in plugin code is a denial
// (Unavailable).
func (h *handoff) exchange(r *http.Request, current string) (a *answer) {
	a = &answer{sent: bearer(""), denial: verifier.Denial{Reason: verifier.Unavailable}}
	defer h.logPanic()
	came, denial := h.read(r)
	if denial.Reason == "" && came.step != "" && !h.origins.isOwnPage(r) {
		denial = verifier.Denial{Reason: verifier.Forbidden, Message: "The request comes from another site."}
	}
	if denial.Reason != "" {
		return &answer{sent: a.sent, denial: denial}
	}
	if came.step == stepKeep {
		return &answer{to: came.back}
	}
	if came.step == "" && h.mayLackSession(r) {
		return &answer{page: h.pages.continuing(came.token, came.back), policy: pagePolicy}
	}
	decided := h.decide(r, came, current)
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
func (h *handoff) decide(r *http.Request, came arrival, current string) *answer {
	sent := bearer(came.token)
	decision, denied := h.gate.Check(r, sent)
	if denied.Reason == verifier.Invalid || denied.Reason == verifier.Expired {
		_, live := h.userOf(r, current)
		if live && current != came.token {
			return &answer{to: came.back} // an old link leads the reader on
		}
	}
	if denied.Reason != "" {
		return &answer{sent: sent, denial: denied}
	}
	if came.step != stepReplace && current != came.token {
		user, live := h.userOf(r, current)
		other := decision.Identity.Get("user")
		if live && (user == "" || user != other) {
			return &answer{page: h.pages.choosing(came.token, came.back, user, other), policy: pagePolicy}
		}
	}
	lines, tooLong := h.carrier.issue(r, sent, decision)
	return &answer{sent: sent, denial: tooLong, cookies: lines, to: came.back}
}

// read returns the one token of a hand-off, in the query or in a form, and the step of
// a form that one of our pages posts; with stepKeep there is no token. A second token,
// also in a header, is a denial: the request would be checked as one caller and the
// session opened as another.
func (h *handoff) read(r *http.Request) (arrival, verifier.Denial) {
	form, unreadable := postedForm(r)
	inQuery, denied := h.token.read(r.URL.RawQuery)
	inForm, deniedForm := h.token.read(form)
	step, deniedStep := h.step.read(form)
	for _, found := range []verifier.Denial{unreadable, denied, deniedForm, deniedStep} {
		if found.Reason != "" {
			return arrival{}, found
		}
	}
	if step != "" && step != stepContinue && step != stepKeep && step != stepReplace {
		return arrival{}, verifier.Denial{Reason: verifier.Malformed}
	}
	came := arrival{step: step, back: h.back.brought(r.URL.RawQuery, form)}
	if step == stepKeep {
		return came, verifier.Denial{}
	}
	came.token = inQuery + inForm
	inHeader, absent := credential.FromRequest(r, h.gate.Accepts())
	twice := inQuery != "" && inForm != ""
	if twice || (came.token != "" && (absent.Reason != verifier.Missing || inHeader.Kind != "")) {
		return arrival{}, verifier.Denial{Reason: verifier.Ambiguous}
	}
	if came.token == "" {
		return arrival{}, verifier.Denial{Reason: verifier.Missing}
	}
	if !verifier.IsVisibleASCII(came.token) {
		return arrival{}, verifier.Denial{Reason: verifier.Malformed}
	}
	return came, verifier.Denial{}
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
	decision, denial := h.gate.Recall(r, bearer(current))
	switch denial.Reason {
	case "", verifier.Requirement: // a token that lacks a required value is valid all the same
		user = decision.Identity.Get("user")
		return user, true
	case verifier.Unavailable, verifier.Distrusted, verifier.Throttled, verifier.Cancelled:
		return "", true
	}
	return "", false
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
