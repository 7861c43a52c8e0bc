package jwt

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// leeway is how long after a JWT's exp the upstream is still called, since clocks
// differ. A token that it allows in that time is allowed, and not remembered.
const leeway = 30 * time.Second

// Expiry takes a JWT's own instants as hints that only shorten: a token whose exp is
// over is denied without a call, and none is remembered beyond it. One whose instants
// cannot be read is not remembered at all. Nothing else of a token is used before its
// upstream has confirmed the token.
type Expiry struct {
	next verifier.Verifier
	deny bool // expired tokens, since the API's documents say that its tokens are JWTs
	keys bool // application keys may be JWTs as well
	now  func() time.Time
}

// NewExpiry puts Expiry before next. deny is true where the API's documents say that
// all its tokens are JWTs: only then may one be denied without a call.
func NewExpiry(next verifier.Verifier, deny bool, now func() time.Time) *Expiry {
	return &Expiry{next: next, deny: deny, now: now}
}

// OfKeys reads application keys as well: those of an API that the operator describes may be
// JWTs, which come in a header of its own.
func (e *Expiry) OfKeys(may bool) *Expiry {
	e.keys = may
	return e
}

// Verify returns what next does, with the token's instants added where it allows.
func (e *Expiry) Verify(ctx context.Context, c verifier.Credential) (verifier.Decision, error) {
	if c.Kind != verifier.Bearer && !(e.keys && c.Kind == verifier.ApplicationKey) || strings.Count(c.Token, ".") != 2 {
		return e.next.Verify(ctx, c) // no JWT
	}
	if e.deny && e.expired(c.Token) {
		return verifier.Decision{Denial: verifier.Denial{Reason: verifier.Expired}}, nil
	}
	d, err := e.next.Verify(ctx, c)
	if err != nil || !d.Allowed {
		return d, err
	}
	t := timesOf(c.Token, e.deny)
	now := e.now()
	if t.unreadable || !t.expires.IsZero() && !now.Before(t.expires) {
		d.Once = true
		return d, nil
	}
	if c.Issued.IsZero() && t.issued.Before(now) {
		d.Issued = earlier(d.Issued, t.issued)
	}
	d.Expires = earlier(d.Expires, t.expires)
	return d, nil
}

// earlier is the earlier of what a response says and what its token says; zero says
// nothing.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// expired tells whether the token's exp is over for longer than the leeway.
// Unauthenticated clients may send such tokens in any number, so this is read in
// compiled code alone, and no stricter than that allows: a token with a second exp is
// left to the upstream.
func (e *Expiry) expired(token string) bool {
	text := payload(token)
	claims := map[string]json.RawMessage{}
	err := json.Unmarshal(text, &claims)
	if err != nil || bytes.Count(text, []byte(`"exp"`)) > 1 {
		return false
	}
	raw := string(claims["exp"])
	if strings.HasPrefix(raw, `"`) {
		err = json.Unmarshal(claims["exp"], &raw)
	}
	seconds, ok := numericDate(raw)
	if err != nil || !ok {
		return false
	}
	whole := math.Floor(seconds)
	end := time.Unix(int64(whole), int64((seconds-whole)*1e9))
	return e.now().Sub(end) > leeway
}
