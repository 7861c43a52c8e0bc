package jwt

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// leeway is how long after a JWT's exp the upstream is still called: clocks differ. A
// token that it allows in that time passes, and is not cached.
const leeway = 30 * time.Second

// Expiry takes a JWT's own instants as hints that only shorten: a token whose exp is
// over is denied without a call, and none is cached beyond it. Nothing else of a
// token is used before its upstream has confirmed the token.
type Expiry struct {
	next verifier.Verifier
	deny bool // deny expired tokens: the API's documents say that its tokens are JWTs
	now  func() time.Time
}

// NewExpiry puts Expiry before next; deny is true where all tokens are JWTs, so that
// one whose exp is over is denied without a call.
func NewExpiry(next verifier.Verifier, deny bool, now func() time.Time) *Expiry {
	return &Expiry{next: next, deny: deny, now: now}
}

// Verify returns what next does, with the token's instants added where it allows.
func (e *Expiry) Verify(ctx context.Context, c verifier.Credential) (verifier.Decision, error) {
	if c.Kind != verifier.Bearer || strings.Count(c.Token, ".") != 2 {
		return e.next.Verify(ctx, c) // no JWT
	}
	if e.deny && e.expired(c.Token) {
		return verifier.Decision{Denial: verifier.Denial{Reason: verifier.Expired}}, nil
	}
	d, err := e.next.Verify(ctx, c)
	if err != nil || !d.Allowed {
		return d, err
	}
	claims := Claims(c.Token)
	issued := instant(claims.Field("iat"))
	if c.Issued.IsZero() && issued.Before(e.now()) {
		d.Issued = issued
	}
	d.Expires = instant(claims.Field("exp"))
	return d, nil
}

// expired tells whether the token's exp is an integer and over for longer than the
// leeway. Unauthenticated clients may send such tokens in any number, so this is read
// in compiled code alone.
func (e *Expiry) expired(token string) bool {
	claims := map[string]json.RawMessage{}
	err := json.Unmarshal(payload(token), &claims)
	seconds, notInteger := strconv.ParseInt(string(claims["exp"]), 10, 64)
	if err != nil || notInteger != nil || seconds > maxInstant {
		return false
	}
	return seconds < -maxInstant || e.now().Sub(time.Unix(seconds, 0)) > leeway
}
