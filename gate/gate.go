package gate

import (
	"errors"
	"net/http"
	"time"

	"github.com/upstreamauth/upstreamauth/cache"
	"github.com/upstreamauth/upstreamauth/credential"
	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// Gate protects one route. It is safe for concurrent use; after New only the sets of header names change.
type Gate struct {
	next        http.Handler
	accepts     credential.Accepts
	identity    *identityHeaders
	schemes     []*scheme // in the order bearer, applicationKey, basic
	refusal     *refusal
	optional    bool
	preflight   bool
	depth       int // which address a client is counted by
	credentials *credential.Remover
	headers     []string // that credentials are read in
	removed     *Removed
	socketsEnd  bool // a web socket is closed when its credential ends
	log         *telemetry.Log
	requests    *requestLog
	tracing     bool      // some of them are traced
	start       time.Time // the hit path measures ages from here
	since       func(time.Time) time.Duration
}

// Accepts says which credentials the route takes.
func (g *Gate) Accepts() credential.Accepts {
	return g.accepts
}

// Forwards says whether the backend sees the credential too.
func (g *Gate) Forwards() bool {
	return g.credentials.Forward
}

// ForBrowsers returns the gate, with the same memory, for requests of browsers without a
// credential in a header. A page load that would be a 401 is led to what lead returns,
// unless that is empty, and no browser is asked for an account by a dialog of its own.
func (g *Gate) ForBrowsers(lead func(*http.Request) string) *Gate {
	led := *g
	led.refusal = g.refusal.leading(lead)
	return &led
}

// ServeHTTP serves any request. Requests whose answer is prebuilt do not come
// here (hit.go); those for which anything is unusual do.
func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.serve(w, r, verifier.Credential{}, g.preflight, nil)
}

// ServeAs is ServeHTTP for a request that came with more than its headers show, such as a session's
// token: so it is no preflight. The credential counts only where no header carries one.
func (g *Gate) ServeAs(w http.ResponseWriter, r *http.Request, supplied verifier.Credential) {
	var t *trace
	if g.tracing {
		t = g.requests.begin(r)
	}
	g.serve(w, r, supplied, false, t)
}

// serve serves a request; as a preflight, if it is one and these may pass. t is nil for
// all requests but those that are traced.
func (g *Gate) serve(w http.ResponseWriter, r *http.Request, supplied verifier.Credential, preflights bool, t *trace) {
	if g.RefuseUnread(w, r) {
		return
	}
	preflight := preflights && isPreflight(r, g.headers)
	newNames := g.identity.strip(r)
	if preflight {
		g.credentials.RemoveFrom(r)
		g.next.ServeHTTP(w, r)
		return
	}
	outcome := g.decide(r, supplied, t)
	if t != nil {
		g.requests.end(t, r, outcome)
	}
	if outcome.denial.Reason != "" {
		g.credentials.RemoveElsewhere(r) // a middleware may ask another server for the page of an error
		g.refusal.write(w, r, outcome.kind, outcome.denial)
		return
	}
	g.credentials.RemoveFrom(r)
	if outcome.allowed != nil {
		if len(newNames) > 0 {
			rememberHeaderNames(g.identity, g.schemes, newNames)
		}
		setHeaders(r.Header, outcome.allowed)
	}
	if isSet(supplied) && g.credentials.Forward {
		r = withSupplied(r, g.accepts, supplied)
	}
	note := removedNote(outcome, g.accepts, g.credentials, g.log.Name())
	if g.socketsEnd && isWebSocket(r) {
		g.removed.serveUntil(outcome.ends, g.start.Add(g.since(g.start)), g.next, w, r, note)
		return
	}
	g.removed.serve(g.next, w, r, note)
}

// RefuseUnread answers a request that is too large to be looked at (431), or a CONNECT
// (405), and tells whether it did. It comes before everything else on a route.
func (g *Gate) RefuseUnread(w http.ResponseWriter, r *http.Request) bool {
	denial := unread(r, g.accepts, g.headers)
	if denial.Reason == "" {
		return false
	}
	g.Deny(w, r, verifier.Credential{}, denial)
	return true
}

// Check verifies a credential of a kind that the route takes, and checks the route's
// requirements. The credential is allowed only if the denial has no reason.
func (g *Gate) Check(r *http.Request, c verifier.Credential) (verifier.Decision, verifier.Denial) {
	return g.verify(r, c, schemeOf(g.schemes, c.Kind))
}

// Recall is Check for a credential that the request is not about, and is not counted by.
func (g *Gate) Recall(r *http.Request, c verifier.Credential) (verifier.Decision, verifier.Denial) {
	return g.ask(r, c, schemeOf(g.schemes, c.Kind))
}

// Deny answers a request with a denial and logs it at debug, with a fingerprint of the credential
// if it has one. It removes what strip does, since a middleware may pass the request on.
func (g *Gate) Deny(w http.ResponseWriter, r *http.Request, c verifier.Credential, denial verifier.Denial) {
	g.identity.strip(r)
	g.credentials.RemoveElsewhere(r)
	g.requests.denied(r, c, denial)
	g.refusal.write(w, r, c.Kind, denial)
}

// Explain is Deny for a caller that answers with a page of its own: it returns the denial
// with its status, its message, and what the client has to wait.
func (g *Gate) Explain(r *http.Request, c verifier.Credential, denial verifier.Denial) verifier.Denial {
	g.identity.strip(r)
	g.requests.denied(r, c, denial)
	return g.refusal.fillDefaults(denial, g.refusal.shape(c.Kind))
}

// Bar ends a bearer token here, until its own end and whatever its upstream says, on all
// routes with the same API and address. The result is false where it was barred already.
func (g *Gate) Bar(c verifier.Credential) bool {
	return schemeOf(g.schemes, c.Kind).cache.Bar(c)
}

// decide reads the credential of a request and verifies it. The result is set to
// unavailable first: that is what remains after a panic in the plugin's code.
func (g *Gate) decide(r *http.Request, supplied verifier.Credential, t *trace) (o *outcome) {
	o = &outcome{denial: verifier.Denial{Reason: verifier.Unavailable}}
	defer g.logPanic()
	c, denial := credential.FromRequest(r, g.accepts)
	useSupplied := denial.Reason == verifier.Missing && c.Kind == "" && isSet(supplied)
	if useSupplied {
		c = supplied
		denial = verifier.Denial{}
	}
	o.kind = c.Kind
	if denial.Reason == verifier.Missing {
		g.removed.note(r, g.accepts, g.optional, g.log)
	}
	if denial.Reason == verifier.Missing && g.optional {
		g.schemes[0].countAnonymous()
		o.denial = verifier.Denial{}
		return o
	}
	if denial.Reason != "" {
		o.denial = denial
		g.requests.denial(r, denial, nil, c)
		return o
	}
	s := schemeOf(g.schemes, c.Kind)
	if t != nil {
		t.look(r, c, s, g.depth)
	}
	decision, denial := g.verify(r, c, s)
	if t != nil {
		t.decision = decision
	}
	// Of a credential that came elsewhere, the header lines say nothing: an answer that is
	// prebuilt for them would be given to every request that has the same ones.
	elsewhere := useSupplied || g.accepts.Elsewhere(r)
	if denial.Reason != "" {
		o.denial = denial
		g.requests.denial(r, denial, s, c)
		if decision.Answer != 0 && !elsewhere && !g.log.Debug() { // the hit path does not log
			g.refusal.prebuild(r.Header, c, s, decision, denial)
		}
		return o
	}
	if elsewhere {
		o.allowed = s.render(decision)
	} else {
		o.allowed = s.headersFor(r.Header, c, decision)
	}
	o.ends = decision.Expires
	o.denial = verifier.Denial{}
	return o
}

// verify is ask, and counts the outcome.
func (g *Gate) verify(r *http.Request, c verifier.Credential, s *scheme) (verifier.Decision, verifier.Denial) {
	decision, denial := g.ask(r, c, s)
	s.count(decision, denial)
	return decision, denial
}

// ask asks the cache about a credential, and checks the route's requirements.
func (g *Gate) ask(r *http.Request, c verifier.Credential, s *scheme) (verifier.Decision, verifier.Denial) {
	c, denial := s.complete(r, c, g.depth)
	if denial.Reason != "" {
		return verifier.Decision{}, denial
	}
	decision, err := s.cache.Verify(r.Context(), c, func() string {
		return clientName(r, g.depth)
	})
	if errors.Is(err, cache.ErrPanic) {
		g.log.Panic("a panic while a credential was verified")
	}
	if !decision.Allowed {
		denial = decision.Denial
		if denial.Reason == "" {
			denial.Reason = verifier.Unavailable // an empty reason would mean allowed
		}
		if err != nil && denial.Reason == verifier.Unavailable && hasLeft(r) {
			denial = verifier.Denial{Reason: verifier.Cancelled} // nothing is wrong with the upstream
		}
		return decision, denial
	}
	s.watch.note(decision, g.log)
	if !g.identity.satisfies(decision.Identity, s.api.Name) {
		return unmet(decision)
	}
	return decision, verifier.Denial{}
}

// logPanic recovers a panic in the plugin's code, by which one request is lost, and logs it.
func (g *Gate) logPanic() {
	if recover() != nil {
		g.log.Panic("a panic while a request was decided")
	}
}
