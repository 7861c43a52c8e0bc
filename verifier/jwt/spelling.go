package jwt

import (
	"context"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// Spelling denies a JWT in any spelling but the canonical one, without a call. Many
// upstreams decode leniently: one that is barred here would otherwise be accepted in
// another spelling, and each token would have as many entries as it has spellings. It
// checks nothing that a token says.
type Spelling struct {
	next   verifier.Verifier
	always bool
	keys   bool // application keys may be JWTs as well
}

// NewSpelling puts Spelling before next. always is true where the API's documents say
// that all its tokens are JWTs.
func NewSpelling(next verifier.Verifier, always bool) *Spelling {
	return &Spelling{next: next, always: always}
}

// OfKeys looks at application keys as well, as Expiry's does.
func (s *Spelling) OfKeys(may bool) *Spelling {
	s.keys = may
	return s
}

// Verify returns what next does about a token in its canonical spelling, and about
// anything that is no JWT.
func (s *Spelling) Verify(ctx context.Context, c verifier.Credential) (verifier.Decision, error) {
	if (c.Kind == verifier.Bearer || s.keys && c.Kind == verifier.ApplicationKey) && !IsCanonical(c.Token, s.always) {
		return verifier.Decision{Denial: verifier.Denial{Reason: verifier.Invalid}}, nil
	}
	return s.next.Verify(ctx, c)
}
