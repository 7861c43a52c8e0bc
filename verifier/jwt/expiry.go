package jwt

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// leeway is how long after a JWT's exp the upstream is still asked: clocks
// differ. A yes in that time passes, and is not kept.
const leeway = 30 * time.Second

// Expiry reads a JWT's own instants as hints that only shorten: a token whose
// exp is over is refused without a call, and none is remembered beyond it.
// Nothing else of a token is believed before its upstream has vouched for it.
type Expiry struct {
	next   verifier.Verifier
	refuse bool // refuse ended tokens; the API says that its tokens are JWTs
	now    func() time.Time
}

// NewExpiry puts Expiry before next; refuse is true where all tokens are JWTs, so
// that one whose exp is over is refused without a call.
func NewExpiry(next verifier.Verifier, refuse bool, now func() time.Time) *Expiry {
	return &Expiry{next: next, refuse: refuse, now: now}
}

// Verify passes on what next says, with the token's instants added to a yes.
func (e *Expiry) Verify(ctx context.Context, c verifier.Credential) (verifier.Decision, error) {
	if c.Kind != verifier.Bearer || strings.Count(c.Token, ".") != 2 {
		return e.next.Verify(ctx, c) // no JWT
	}
	if e.refuse && e.ended(c.Token) {
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

// ended: the token's exp is an integer and over for longer than the leeway.
// Anybody may send such tokens, so this is read in compiled code alone.
func (e *Expiry) ended(token string) bool {
	claims := map[string]json.RawMessage{}
	err := json.Unmarshal(payload(token), &claims)
	seconds, none := strconv.ParseInt(string(claims["exp"]), 10, 64)
	if err != nil || none != nil || seconds > farAway {
		return false
	}
	return seconds < -farAway || e.now().Sub(time.Unix(seconds, 0)) > leeway
}
