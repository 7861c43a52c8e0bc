package session

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// logout ends the token of a session: in the cache, and at the upstream if its API
// documents a logout.
type logout struct {
	gate     *gate.Gate
	upstream func(ctx context.Context, token string) error // nil: the API documents no logout
	timeout  time.Duration                                 // of one call of upstream
	log      *telemetry.Log
}

// newLogout makes the logout of a block of bearer tokens.
func newLogout(g *gate.Gate, block *gate.Block, now func() time.Time, log *telemetry.Log) *logout {
	return &logout{gate: g, upstream: upstreamLogout(block, now), timeout: block.Timeout, log: log}
}

// upstreamLogout returns the call that ends a token at the upstream; nil if the API
// documents none. It panics if the settings have not been checked.
func upstreamLogout(block *gate.Block, now func() time.Time) func(ctx context.Context, token string) error {
	login := block.API.Login
	if login == nil || login.Logout == "" {
		return nil
	}
	target := block.Upstream.Target
	target.Path, target.Method = login.Logout, http.MethodPost
	client, err := transport.NewClient(target, now)
	if err != nil {
		panic(err.Error())
	}
	return func(ctx context.Context, token string) error {
		_, err := client.Do(ctx, login.LogoutRequest(token))
		return err
	}
}

// end ends a session. c is the credential of its cookie, with an empty token if there
// is none. The request must come from a page of this site, else any site could log
// its visitors out here. A panic in plugin code is a denial (Unavailable).
func (l *logout) end(r *http.Request, c verifier.Credential) (denial verifier.Denial) {
	denial = verifier.Denial{Reason: verifier.Unavailable}
	defer l.logPanic()
	if !sameOrigin(r) {
		return verifier.Denial{Reason: verifier.Forbidden}
	}
	if c.Token != "" {
		l.revoke(r, c)
	}
	return verifier.Denial{}
}

// revoke drops a token from the cache and ends it at the upstream. It is dropped a
// second time after the call, because a request in between may have verified it once
// more. A token that is not allowed is left alone: there is nothing to end, and
// replaying a copied cookie must not cost the upstream a call each time.
func (l *logout) revoke(r *http.Request, c verifier.Credential) {
	decision, _ := l.gate.Check(r, c)
	if !decision.Allowed {
		return
	}
	l.gate.Forget(c)
	l.callUpstream(c.Token)
	l.gate.Forget(c)
}

// callUpstream ends a token at the upstream. A failure is logged and no denial: the
// browser's session ends in any case.
func (l *logout) callUpstream(token string) {
	if l.upstream == nil {
		return
	}
	// Not the request's context: a browser that leaves must not keep its token alive.
	ctx, cancel := context.WithTimeout(context.Background(), l.timeout)
	defer cancel()
	err := l.upstream(ctx, token)
	if err != nil {
		l.log.Note(telemetry.LevelError, telemetry.EventOutage, "its logout could not be called: "+err.Error())
	}
}

// sameOrigin says whether a form was sent from a page of this host. Browsers add
// Origin to every POST, and pages cannot change it. Only the host is compared: behind
// a balancer that ends TLS, Traefik does not see the page's scheme.
func sameOrigin(r *http.Request) bool {
	lines := r.Header["Origin"]
	if len(lines) != 1 {
		return false
	}
	origin, err := url.Parse(lines[0])
	return err == nil && origin.Host != "" && strings.EqualFold(origin.Host, r.Host)
}

// logPanic recovers from a panic in plugin code, and logs it.
func (l *logout) logPanic() {
	if recover() != nil {
		l.log.Panic("a panic in a logout")
	}
}
