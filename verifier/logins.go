package verifier

import "context"

// LoginTrust takes the word of a login that was seen on its way: its token is good
// because the upstream has just given it out.
type LoginTrust struct {
	next     Verifier
	identify func(c Credential) Identity // nil: tokens do not tell whose they are
}

// NewLoginTrust puts Learned before next. identify reads the identity that a token
// carries itself, so that nobody has to be asked; it is nil where tokens carry none.
func NewLoginTrust(next Verifier, identify func(c Credential) Identity) *LoginTrust {
	return &LoginTrust{next: next, identify: identify}
}

// Verify asks next about whoever was not seen to log in. For others next is asked
// only where the token does not tell whose it is: its no counts, and where it
// can say nothing now, the token passes without an identity.
func (l *LoginTrust) Verify(ctx context.Context, c Credential) (Decision, error) {
	if c.Issued.IsZero() {
		return l.next.Verify(ctx, c)
	}
	good := Decision{Allowed: true, Issued: c.Issued}
	if l.identify != nil {
		id := l.identify(c)
		good.Identity = id
		return good, nil
	}
	d, err := l.next.Verify(ctx, c)
	if d.Refused() {
		return d, err
	}
	good.Identity = d.Identity
	return good, nil
}
