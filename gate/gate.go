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

// Gate protects one route. It is safe for concurrent use, and nothing in it but
// the sets of header names changes after New.
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
	log         *telemetry.Log

	start time.Time // the hit path measures ages from here
	since func(time.Time) time.Duration
}

// Accepts says which credentials the route takes.
func (g *Gate) Accepts() credential.Accepts {
	return g.accepts
}

// Forwards says whether the backend sees the credential too.
func (g *Gate) Forwards() bool {
	return g.credentials.Forward
}

// ServeHTTP serves any request. Requests whose answer is prebuilt do not come
// here (hit.go); those for which anything is unusual do.
func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.serve(w, r, verifier.Credential{}, g.preflight)
}

// ServeAs is ServeHTTP for a request that came with more than its headers show, such as
// a session's bearer token: so it is no preflight. The credential counts only where no
// header carries one; without a token it is none.
func (g *Gate) ServeAs(w http.ResponseWriter, r *http.Request, supplied verifier.Credential) {
	g.serve(w, r, supplied, false)
}

// serve serves a request; as a preflight, if it is one and these may pass.
func (g *Gate) serve(w http.ResponseWriter, r *http.Request, supplied verifier.Credential, preflights bool) {
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
	outcome := g.decide(r, supplied)
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
	if supplied.Token != "" && g.credentials.Forward {
		r = withBearer(r, g.accepts.Source(verifier.Bearer), supplied.Token)
	}
	g.removed.serve(g.next, w, r, removedNote(outcome, g.accepts, g.credentials, g.log.Name()))
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

// Check verifies a credential of a kind that the route takes, and checks the
// route's requirements. The credential is allowed only if the denial has no
// reason.
func (g *Gate) Check(r *http.Request, c verifier.Credential) (verifier.Decision, verifier.Denial) {
	return g.verify(r, c, g.scheme(c.Kind))
}

// Deny answers a request with a denial and logs it at debug, with a fingerprint
// of the credential if it has a token. Without one, its kind may be empty. It removes
// what strip does, since a middleware may pass the request on.
func (g *Gate) Deny(w http.ResponseWriter, r *http.Request, c verifier.Credential, denial verifier.Denial) {
	g.identity.strip(r)
	g.credentials.RemoveElsewhere(r)
	g.logDenied(c, denial)
	g.refusal.write(w, r, c.Kind, denial)
}

// logDenied is the part of Deny that logs. A panic there does not cost the client
// the response.
func (g *Gate) logDenied(c verifier.Credential, denial verifier.Denial) {
	defer g.logPanic()
	var s *scheme
	if c.Token != "" {
		s = g.scheme(c.Kind)
	}
	g.logDenial(denial, s, c)
}

// Bar ends a bearer token here, until its own end and whatever its upstream says, on all
// routes with the same API and address. The result is false where it was barred already.
func (g *Gate) Bar(c verifier.Credential) bool {
	return g.scheme(c.Kind).cache.Bar(c)
}

// decide reads the credential of a request and verifies it. The result is set to
// unavailable first: that is what remains after a panic in the plugin's code.
func (g *Gate) decide(r *http.Request, supplied verifier.Credential) (o *outcome) {
	o = &outcome{denial: verifier.Denial{Reason: verifier.Unavailable}}
	defer g.logPanic()
	c, denial := credential.FromRequest(r, g.accepts)
	useSupplied := denial.Reason == verifier.Missing && c.Kind == "" && supplied.Token != ""
	if useSupplied {
		c = supplied
		denial = verifier.Denial{}
	}
	o.kind = c.Kind
	if denial.Reason == verifier.Missing {
		g.removed.note(r, g.accepts, g.optional, g.log)
	}
	if denial.Reason == verifier.Missing && g.optional {
		o.denial = verifier.Denial{}
		return o
	}
	if denial.Reason != "" {
		o.denial = denial
		g.logDenial(denial, nil, c)
		return o
	}
	s := g.scheme(c.Kind)
	decision, denial := g.verify(r, c, s)
	// Of a credential that came elsewhere, the header lines say nothing: an answer that is
	// prebuilt for them would be given to every request that has the same ones.
	elsewhere := useSupplied || g.accepts.Elsewhere(r)
	if denial.Reason != "" {
		o.denial = denial
		g.logDenial(denial, s, c)
		if decision.Answer != 0 && !elsewhere {
			g.prebuildRefusal(r.Header, c, s, decision, denial)
		}
		return o
	}
	if elsewhere {
		o.allowed = s.render(decision)
	} else {
		o.allowed = s.headersFor(r.Header, c, decision)
	}
	o.denial = verifier.Denial{}
	return o
}

// verify asks the cache about a credential, and checks the route's requirements.
func (g *Gate) verify(r *http.Request, c verifier.Credential, s *scheme) (verifier.Decision, verifier.Denial) {
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

// logDenial logs a denial at debug; with a fingerprint of the credential where a
// scheme verified it, nil where none did.
func (g *Gate) logDenial(denial verifier.Denial, s *scheme, c verifier.Credential) {
	if !g.log.AllowDebug() {
		return
	}
	fingerprint := ""
	if s != nil {
		fingerprint = s.cache.Fingerprint(c)
	}
	g.log.Refused(denial.Reason, fingerprint)
}

// prebuildRefusal stores the response to a cached denial for the hit path, unless
// each denial is logged: the hit path does not log.
func (g *Gate) prebuildRefusal(h http.Header, c verifier.Credential, s *scheme, decision verifier.Decision, denial verifier.Denial) {
	digest, plain := s.headerDigest(h)
	if plain && !g.log.Debug() {
		s.cache.Prebuild(c, decision, digest, g.refusal.response(c.Kind, denial))
	}
}

// scheme returns the route's scheme for a kind. It has one for each kind that it
// accepts, and credentials of other kinds are not read.
func (g *Gate) scheme(kind verifier.Kind) *scheme {
	for _, s := range g.schemes {
		if s.kind == kind {
			return s
		}
	}
	return nil
}

// logPanic recovers a panic in the plugin's code and logs it. It is deferred
// where one request, and nothing else, is lost by that.
func (g *Gate) logPanic() {
	if recover() != nil {
		g.log.Panic("a panic while a request was decided")
	}
}
