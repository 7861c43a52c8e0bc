package session

import (
	"net/http"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/credential"
	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// unknownEnd is how long the cookie of a credential lasts whose end two readers could
// read differently.
const unknownEnd = time.Hour

// carrier knows the kind of credential that cookies carry. A cookie holds a text: a
// bearer token, or an account as it stands behind "Basic ".
type carrier struct {
	kind    verifier.Kind
	header  string             // that clients send such a credential in
	source  *credential.Source // of bearer tokens
	options *Options
	seal    *seal
	now     func() time.Time
	log     *telemetry.Log
}

func newCarrier(g *gate.Gate, o *Options, s *seal, now func() time.Time, log *telemetry.Log) *carrier {
	c := &carrier{kind: o.Kind, header: "Authorization", options: o, seal: s, now: now, log: log}
	if o.Kind == verifier.Bearer {
		c.source = g.Accepts().Source(verifier.Bearer)
		c.header = c.source.Header
	}
	return c
}

// line is the header line in which clients send the credential of a cookie.
func (c *carrier) line(text string) string {
	if c.source != nil {
		return c.source.Line(text)
	}
	return "Basic " + text
}

// credential is that of a cookie; without a token and without a user if the text is empty.
func (c *carrier) credential(text string) verifier.Credential {
	if c.source != nil || text == "" {
		return verifier.Credential{Kind: c.kind, Token: text}
	}
	account, _ := credential.FromHeader(http.Header{"Authorization": {"Basic " + text}}, credential.Accepts{Basic: true})
	return account
}

// text is what a cookie holds of a credential.
func (c *carrier) text(sent verifier.Credential) string {
	if c.source != nil {
		return sent.Token
	}
	return strings.TrimPrefix(credential.AccountLine(sent.User, sent.Password), "Basic ")
}

// issue returns the Set-Cookie lines of a credential that was allowed; the cookie ends
// with the decision. A denial if that is over, or if it is too long for a cookie.
func (c *carrier) issue(r *http.Request, sent verifier.Credential, decision verifier.Decision) ([]string, verifier.Denial) {
	end := decision.Expires
	if end.IsZero() { // the credential is asked about with each request, which ends the session in time
		end = c.now().Add(unknownEnd)
	}
	seconds := int(end.Sub(c.now()) / time.Second)
	if seconds < 1 {
		return nil, verifier.Denial{Reason: verifier.Expired}
	}
	value := c.seal.encrypt(c.text(sent), end)
	if value == "" {
		c.log.Note(telemetry.LevelError, telemetry.EventOutage, "a token is too long for a cookie: browsers take 4 KiB")
		return nil, verifier.Denial{Reason: verifier.Unavailable}
	}
	lines := c.setCookie(r, value, seconds)
	return lines, verifier.Denial{}
}

// setCookie is the Set-Cookie lines of a value that a browser keeps for age seconds; a
// negative age deletes the cookie. With a domain, a cookie of the host alone is deleted
// as well: it would be a second one of the name, of which neither counts.
func (c *carrier) setCookie(r *http.Request, value string, age int) []string {
	if c.options.Domain == "" {
		return []string{c.cookieLine(r, value, "", age)}
	}
	return []string{c.cookieLine(r, "", "", -1), c.cookieLine(r, value, c.options.Domain, age)}
}

func (c *carrier) cookieLine(r *http.Request, value, domain string, age int) string {
	o := c.options
	cookie := &http.Cookie{
		Name: o.Cookie, Value: value, Domain: domain, Path: "/", MaxAge: age,
		HttpOnly: true, Secure: o.SecureAlways || r.TLS != nil, SameSite: http.SameSiteLaxMode,
	}
	if o.SameSiteStrict {
		cookie.SameSite = http.SameSiteStrictMode
	}
	line := cookie.String()
	return line
}

// entrance is a gate, and its handler.
type entrance struct {
	gate *gate.Gate
	hit  func(http.ResponseWriter, *http.Request)
}

// blockOf returns the block of a kind.
func blockOf(blocks []*gate.Block, kind verifier.Kind) *gate.Block {
	for _, b := range blocks {
		if b.Upstream.Kind == kind {
			return b
		}
	}
	panic("no block of the kind that a session carries") // unreachable: options and blocks have been checked
}
