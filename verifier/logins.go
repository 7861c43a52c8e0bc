package verifier

import "context"

// LoginTrust allows tokens that an observed login gave out: the upstream has just
// issued them.
type LoginTrust struct {
	next     Verifier
	identify func(c Credential) Identity // nil: tokens carry no identity
}

// NewLoginTrust puts login trust before next. identify reads the identity that a
// token carries itself, so that no call is needed; it is nil where tokens carry none.
func NewLoginTrust(next Verifier, identify func(c Credential) Identity) *LoginTrust {
	return &LoginTrust{next: next, identify: identify}
}

// Verify asks next about a token of no observed login. About others, next is asked
// only where the token carries no identity: a refusal counts, and without an answer
// the token is allowed without an identity.
func (t *LoginTrust) Verify(ctx context.Context, c Credential) (Decision, error) {
	if c.Issued.IsZero() {
		return t.next.Verify(ctx, c)
	}
	allowed := Decision{Allowed: true, Issued: c.Issued}
	if t.identify != nil {
		id := t.identify(c)
		allowed.Identity = id
		return allowed, nil
	}
	d, err := t.next.Verify(ctx, c)
	if d.Refused() {
		return d, err
	}
	allowed.Identity = d.Identity
	return allowed, nil
}
