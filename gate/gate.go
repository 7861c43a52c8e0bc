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
	log         *telemetry.Log

	start time.Time // the hit path measures ages from here
	since func(time.Time) time.Duration
}

// Accepts says which credentials the route takes.
func (g *Gate) Accepts() credential.Accepts {
	return g.accepts
}

// ServeHTTP serves any request. Requests whose answer is prebuilt do not come
// here (hit.go); those for which anything is unusual do.
func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.ServeAs(w, r, verifier.Credential{})
}

// ServeAs is ServeHTTP for a request with a credential that is in none of its
// headers, such as a session's. It is used only where no header carries one; the
// zero Credential is none.
func (g *Gate) ServeAs(w http.ResponseWriter, r *http.Request, supplied verifier.Credential) {
	newNames := g.identity.strip(r)
	if g.preflight && isPreflight(r) {
		g.credentials.Remove(r.Header)
		g.next.ServeHTTP(w, r)
		return
	}
	outcome := g.decide(r, supplied)
	if outcome.denial.Reason != "" {
		g.refusal.write(w, r, outcome.kind, outcome.denial)
		return
	}
	g.credentials.Remove(r.Header)
	if outcome.allowed != nil {
		if len(newNames) > 0 {
			g.rememberHeaderNames(newNames)
		}
		setHeaders(r.Header, outcome.allowed)
	}
	g.next.ServeHTTP(w, r)
}

// Check verifies a credential of a kind that the route takes, and checks the
// route's requirements. The credential is allowed only if the denial has no
// reason.
func (g *Gate) Check(r *http.Request, c verifier.Credential) (verifier.Decision, verifier.Denial) {
	return g.verify(r, c, g.scheme(c.Kind))
}

// Deny answers a request with a denial and logs it at debug, with a fingerprint
// of the credential if it has a token. Without one, its kind may be empty.
func (g *Gate) Deny(w http.ResponseWriter, r *http.Request, c verifier.Credential, denial verifier.Denial) {
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

// Forget drops a credential of a kind that the route takes from the cache.
func (g *Gate) Forget(c verifier.Credential) {
	g.scheme(c.Kind).cache.Forget(c)
}

// outcome is the decision about a request: a denial, or the identity headers for
// the backend. An anonymous request that is allowed has neither.
type outcome struct {
	kind    verifier.Kind // of the credential that was sent; it shapes the denial
	denial  verifier.Denial
	allowed *cache.Prebuilt
}

// decide reads the credential of a request and verifies it. The result is set to
// unavailable first: that is what remains after a panic in the plugin's code.
func (g *Gate) decide(r *http.Request, supplied verifier.Credential) (o *outcome) {
	o = &outcome{denial: verifier.Denial{Reason: verifier.Unavailable}}
	defer g.logPanic()
	c, denial := credential.FromHeader(r.Header, g.accepts)
	useSupplied := denial.Reason == verifier.Missing && c.Kind == "" && supplied.Token != ""
	if useSupplied {
		c = supplied
		denial = verifier.Denial{}
	}
	o.kind = c.Kind
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
	if denial.Reason != "" {
		o.denial = denial
		g.logDenial(denial, s, c)
		if decision.Answer != 0 && !useSupplied {
			g.prebuildRefusal(r.Header, c, s, decision, denial)
		}
		return o
	}
	if useSupplied {
		o.allowed = s.render(decision) // without a header line there is nothing to prebuild it for
	} else {
		o.allowed = s.headersFor(r.Header, c, decision)
	}
	o.denial = verifier.Denial{}
	return o
}

// verify asks the cache about a credential, and checks the route's requirements.
func (g *Gate) verify(r *http.Request, c verifier.Credential, s *scheme) (verifier.Decision, verifier.Denial) {
	decision, err := s.cache.Verify(r.Context(), c, func() string {
		return clientOf(r, g.depth)
	})
	if errors.Is(err, cache.ErrPanic) {
		g.log.Panic("a panic while a credential was verified")
	}
	if !decision.Allowed {
		denial := decision.Denial
		if denial.Reason == "" {
			denial.Reason = verifier.Unavailable // an empty reason would mean allowed
		}
		return decision, denial
	}
	if !g.identity.satisfies(decision.Identity, s.api.Name) {
		return decision, verifier.Denial{Reason: verifier.Requirement}
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

// rememberHeaderNames adds header names to the allowlists of the hit path. Only
// names of requests that were allowed are added, so that a client without a valid
// credential cannot fill them.
func (g *Gate) rememberHeaderNames(newNames []string) {
	if !g.identity.remember(newNames) {
		return
	}
	for _, s := range g.schemes {
		s.names.refresh(g.identity)
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

// setHeaders sets the identity headers on a request for the backend.
func setHeaders(h http.Header, identity *cache.Prebuilt) {
	for i, name := range identity.Names {
		h[name] = identity.Values[i]
	}
}

// isPreflight recognizes a CORS preflight (Fetch standard, 4.8) by its method and
// its two headers.
func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Origin") != "" &&
		r.Header.Get("Access-Control-Request-Method") != ""
}

// logPanic recovers a panic in the plugin's code and logs it. It is deferred
// where one request, and nothing else, is lost by that.
func (g *Gate) logPanic() {
	if recover() != nil {
		g.log.Panic("a panic while a request was decided")
	}
}
