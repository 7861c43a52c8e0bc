package verifier

import "context"

// LoginTrust allows tokens that an observed login issued (Credential.Issued) while their
// upstream gives no answer: it has just given them to the client itself.
type LoginTrust struct {
	next     Verifier
	identify func(c Credential) Identity // nil: tokens carry no identity
}

// NewLoginTrust puts login trust before next. identify reads the identity that a
// token carries itself; it is nil where tokens carry none.
func NewLoginTrust(next Verifier, identify func(c Credential) Identity) *LoginTrust {
	return &LoginTrust{next: next, identify: identify}
}

// Verify calls next about every token: that a login issued it does not say that it may
// call this path, nor for whom it is. About a token of an observed login an allow or a
// refusal counts as about any other; without an answer, also where it is rate-limited,
// the token is allowed provisionally.
func (t *LoginTrust) Verify(ctx context.Context, c Credential) (Decision, error) {
	d, err := t.next.Verify(ctx, c)
	if c.Issued.IsZero() || d.Refused() {
		return d, err
	}
	if d.Allowed && err == nil {
		d.Issued = c.Issued
		return d, nil
	}
	allowed := Decision{Allowed: true, Provisional: true, Issued: c.Issued}
	allowed.Denial.RetryAfter = d.Denial.RetryAfter
	if t.identify != nil {
		allowed.Identity = t.identify(c)
	}
	return allowed, nil
}
