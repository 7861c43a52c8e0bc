package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// logout ends the token of a session: here, and at the upstream if its API documents a
// logout.
type logout struct {
	gate     *gate.Gate
	origins  *origins
	upstream func(ctx context.Context, token string) error // nil: the API documents no logout
	timeout  time.Duration                                 // of one call of upstream
	log      *telemetry.Log
}

// newLogout makes the logout of a block of bearer tokens.
func newLogout(g *gate.Gate, block *gate.Block, site *origins, now func() time.Time, log *telemetry.Log) *logout {
	return &logout{gate: g, origins: site, upstream: upstreamLogout(block, now), timeout: block.Timeout, log: log}
}

// upstreamLogout returns the call that ends a token at the upstream, with an error unless
// the response says that it has ended; nil if the API documents none. It panics if the settings have not been checked.
func upstreamLogout(block *gate.Block, now func() time.Time) func(ctx context.Context, token string) error {
	login := block.API.Login
	if login == nil || login.Logout == "" {
		return nil
	}
	name := string(block.Upstream.Kind) + " (" + block.API.Name + ")"
	target := block.Upstream.Target
	target.Path, target.Method = login.Logout, http.MethodPost
	client, err := transport.NewClient(target, now)
	if err != nil {
		panic(err.Error())
	}
	return func(ctx context.Context, token string) error {
		response, err := client.Do(ctx, login.LogoutRequest(token))
		if err == nil && !login.LoggedOut(response) {
			err = fmt.Errorf("an undocumented response (HTTP %d)", response.Status)
		}
		if err != nil {
			err = errors.New(name + ", " + target.Address() + ": " + err.Error())
		}
		return err
	}
}

// end ends a session. c is the credential of its cookie, with an empty token if there
// is none. The request must come from a page of this site, else any site could log
// its visitors out here. A panic in plugin code is a denial (Unavailable).
func (l *logout) end(r *http.Request, c verifier.Credential) (denial verifier.Denial) {
	denial = verifier.Denial{Reason: verifier.Unavailable}
	defer l.logPanic()
	if !l.origins.isOwnPage(r) {
		return verifier.Denial{Reason: verifier.Forbidden}
	}
	if c.Token != "" { // an account is not barred: its user may sign in again
		l.revoke(c)
	}
	return verifier.Denial{}
}

// revoke bars a token here, and then ends it at the upstream. The cookie was sealed here,
// so that its token is barred whatever is known of it now. One that was barred before is
// left alone: a copied cookie must not cost the upstream a call each time.
func (l *logout) revoke(c verifier.Credential) {
	if l.gate.Bar(c) {
		l.callUpstream(c.Token)
	}
}

// callUpstream ends a token at the upstream. That it could not be told is logged, and no
// denial: here the session has ended in any case.
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

// logPanic recovers from a panic in plugin code, and logs it.
func (l *logout) logPanic() {
	if recover() != nil {
		l.log.Panic("a panic in a logout")
	}
}
