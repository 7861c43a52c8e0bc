package verifier

import (
	"context"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// leeway is how long after a JWT's exp the upstream is still asked: clocks
// differ. A yes in that time passes, and is not kept.
const leeway = 30 * time.Second

// Expiry reads a JWT's own instants as hints that only shorten: a token whose
// exp is over is refused without a call, and none is remembered beyond it.
// Nothing else of a token is believed before its upstream has vouched for it.
type Expiry struct {
	next   Verifier
	refuse bool // refuse ended tokens; the API says that its tokens are JWTs
	now    func() time.Time
}

// NewExpiry puts Expiry before next.
func NewExpiry(next Verifier, api *API, now func() time.Time) *Expiry {
	return &Expiry{next: next, refuse: api.JWT, now: now}
}

// Verify passes on what next says, with the token's instants added to a yes.
func (e *Expiry) Verify(ctx context.Context, c Credential) (Decision, error) {
	if c.Kind != Bearer {
		return e.next.Verify(ctx, c)
	}
	claims := readClaims(c.Token)
	expires := instant(claims.field("exp"))
	if e.refuse && !expires.IsZero() && e.now().Sub(expires) > leeway {
		return Decision{Denial: Denial{Reason: Expired}}, nil
	}
	d, err := e.next.Verify(ctx, c)
	if err != nil || !d.Allowed {
		return d, err
	}
	issued := instant(claims.field("iat"))
	if issued.Before(e.now()) {
		d.Issued = issued
	}
	d.Expires = expires
	return d, nil
}

// readClaims reads a JWT's payload; nil for what is not plainly a JWT. The
// signature is the upstream's business.
func readClaims(token string) *Value {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	encoding := base64.RawURLEncoding.Strict()
	payload, err := encoding.DecodeString(parts[1])
	if err != nil {
		return nil
	}
	return readObject(payload)
}

// farAway bounds an instant, in seconds: beyond it, it is not taken for one.
const farAway = 1 << 40

// instant reads a NumericDate that is an integer; zero for anything else.
func instant(v *Value) time.Time {
	seconds, err := strconv.ParseInt(v.text(jsonNumber), 10, 64)
	if err != nil || seconds < -farAway || seconds > farAway {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}
