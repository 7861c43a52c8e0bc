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

// Gate guards one route.
type Gate struct {
	next        http.Handler
	accepts     credential.Accepts
	identity    *identityHeaders
	schemes     []*scheme // in the order bearer, applicationKey, basic
	refusal     *refusal
	optional    bool
	preflight   bool
	depth       int // which address a client is known by
	credentials *credential.Remover
	log         *telemetry.Log

	start time.Time // by which the hit path knows the time
	since func(time.Time) time.Duration
}

// Accepts says which credentials the route takes.
func (g *Gate) Accepts() credential.Accepts {
	return g.accepts
}

// ServeHTTP is a request's whole way, unless it is a hit: those have a way of
// their own (hit.go), and come here whenever anything about them is unusual.
func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.ServeAs(w, r, verifier.Credential{})
}

// ServeAs is ServeHTTP of a request that may carry a credential which is in none
// of its headers: a session's. It counts where no header brings one.
func (g *Gate) ServeAs(w http.ResponseWriter, r *http.Request, carried verifier.Credential) {
	judged := g.identity.strip(r)
	if g.preflight && isPreflight(r) {
		g.credentials.Remove(r.Header)
		g.next.ServeHTTP(w, r)
		return
	}
	outcome := g.decide(r, carried)
	if outcome.denial.Reason != "" {
		g.refusal.write(w, r, outcome.kind, outcome.denial)
		return
	}
	g.credentials.Remove(r.Header)
	if outcome.allowed != nil {
		if len(judged) > 0 {
			g.rememberHeaderNames(judged)
		}
		enrich(r.Header, outcome.allowed)
	}
	g.next.ServeHTTP(w, r)
}

// outcome is what was decided about a request: a denial, or the headers that
// tell the backend who is calling (none for an anonymous one).
type outcome struct {
	kind    verifier.Kind
	denial  verifier.Denial
	allowed *cache.Prebuilt
}

func enrich(h http.Header, yes *cache.Prebuilt) {
	for i, name := range yes.Names {
		h[name] = yes.Values[i]
	}
}

// rememberHeaderNames has the hit path know names that were judged harmless. Only those of
// requests that were let in are learned, so that no stranger fills the room.
func (g *Gate) rememberHeaderNames(judged []string) {
	if !g.identity.remember(judged) {
		return
	}
	for _, d := range g.schemes {
		d.refreshSafeNames(g.identity)
	}
}

// decide reads the credential and asks about it. A panic of ours on the way is
// "could not tell".
func (g *Gate) decide(r *http.Request, carried verifier.Credential) (o *outcome) {
	o = &outcome{denial: verifier.Denial{Reason: verifier.Unavailable}}
	defer g.logPanic()
	c, denial := credential.FromHeader(r.Header, g.accepts)
	alone := denial.Reason == verifier.Missing && c.Kind == "" && carried.Token != ""
	if alone {
		c = carried
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
	d := g.scheme(c.Kind)
	decision, denial := g.verify(r, c, d)
	if denial.Reason != "" {
		o.denial = denial
		g.logDenial(denial, d, c)
		if decision.Answer != 0 && !alone {
			g.prebuildRefusal(r.Header, c, d, decision, denial)
		}
		return o
	}
	if alone {
		o.allowed = d.render(decision) // no header line stands for this credential
	} else {
		o.allowed = d.headersFor(r.Header, c, decision)
	}
	o.denial = verifier.Denial{}
	return o
}

// Check asks about a credential of a kind that the route takes, and whether its
// identity is let in here. Only a denial without a reason is a yes.
func (g *Gate) Check(r *http.Request, c verifier.Credential) (verifier.Decision, verifier.Denial) {
	return g.verify(r, c, g.scheme(c.Kind))
}

// Deny answers a request with a denial, and notes it at debug. A credential with a
// token is noted by its mark.
func (g *Gate) Deny(w http.ResponseWriter, r *http.Request, c verifier.Credential, denial verifier.Denial) {
	var d *scheme
	if c.Token != "" {
		d = g.scheme(c.Kind)
	}
	g.logDenial(denial, d, c)
	g.refusal.write(w, r, c.Kind, denial)
}

// Forget drops what is known of a credential.
func (g *Gate) Forget(c verifier.Credential) {
	g.scheme(c.Kind).cache.Forget(c)
}

// verify asks about a credential, and whether its identity is let in here. Only
// a denial without a reason is a yes.
func (g *Gate) verify(r *http.Request, c verifier.Credential, d *scheme) (verifier.Decision, verifier.Denial) {
	decision, err := d.cache.Verify(r.Context(), c, func() string {
		return clientOf(r, g.depth)
	})
	if errors.Is(err, cache.ErrPanic) {
		g.log.Panic("a panic while a credential was verified")
	}
	if !decision.Allowed {
		denial := decision.Denial
		if denial.Reason == "" {
			denial.Reason = verifier.Unavailable // a no without a reason is no yes
		}
		return decision, denial
	}
	if !g.identity.satisfies(decision.Identity, d.api.Name) {
		return decision, verifier.Denial{Reason: verifier.Requirement}
	}
	return decision, verifier.Denial{}
}

// logDenial notes a denial at debug, with a mark of the credential where d is the
// scheme that asked about it.
func (g *Gate) logDenial(denial verifier.Denial, d *scheme, c verifier.Credential) {
	if !g.log.AllowDebug() {
		return
	}
	mark := ""
	if d != nil {
		mark = d.cache.Fingerprint(c)
	}
	g.log.Refused(denial.Reason, mark)
}

// prebuildRefusal makes a remembered refusal ready for the hit path, but not where each
// is to be noted.
func (g *Gate) prebuildRefusal(h http.Header, c verifier.Credential, d *scheme, decision verifier.Decision, denial verifier.Denial) {
	line, plain := d.headerDigest(h)
	if plain && !g.log.Debug() {
		d.cache.Prebuild(c, decision, line, g.refusal.response(c.Kind, denial))
	}
}

func (g *Gate) scheme(kind verifier.Kind) *scheme {
	for _, d := range g.schemes {
		if d.kind == kind {
			return d
		}
	}
	return nil // unreachable: only configured kinds are read
}

// isPreflight tells a CORS preflight (Fetch standard, 4.8) by its three marks.
func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Origin") != "" &&
		r.Header.Get("Access-Control-Request-Method") != ""
}

// logPanic ends a panic of ours where it happens, and says so.
func (g *Gate) logPanic() {
	if recover() != nil {
		g.log.Panic("a panic while a request was decided")
	}
}
