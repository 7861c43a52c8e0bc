package cache

import (
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// maxRevalidating bounds the flights under way beyond which none is started to
// revalidate: the others are for callers that wait.
const maxRevalidating = maxFlights / 2

// revalidate checks an allowed credential again, while requests go on with the
// entry: one flight at a time, and none before interval has passed since the last,
// with any result. A denial replaces the entry; an allow renews the identity,
// but not the end; anything else changes nothing. No client is charged. The
// caller holds the lock.
func (s *Scope) revalidate(key [32]byte, credential verifier.Credential, interval time.Duration, now time.Time) {
	e := s.answers.entry(key)
	if now.Sub(e.tried) < interval || s.flights.byKey[key] != nil || s.flights.pending >= maxRevalidating {
		return
	}
	e.tried = now
	if s.answers.rateLimit(s.keys.quotaOf(credential), now) != nil {
		return
	}
	credential.Known = true
	_, f := s.flights.start(key, "", verifier.Rate{}, maxFlights, s.members.timeout, now)
	if f != nil {
		go s.run(key, credential, f)
	}
}
