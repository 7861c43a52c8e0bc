package cache

import "github.com/upstreamauth/upstreamauth/verifier"

// maxRevalidating bounds the flights that leave room for revalidation: the rest
// is for those who wait.
const maxRevalidating = maxFlights / 2

// revalidate asks again about a remembered yes of some age, while requests go
// on with it: one question at a time, and none before as long again has passed
// since the last, whatever came of that. A refusal takes the entry's place, a
// yes renews what it says but not its end, anything else changes nothing. It
// charges no client. The caller holds the lock.
func (c *Cache) revalidate(key [32]byte, credential verifier.Credential, known verifier.Decision) {
	if !known.Allowed || c.policy.Revalidate == 0 {
		return
	}
	s := c.scope
	now := s.now()
	e := s.store.entry(key)
	if now.Sub(e.tried) < c.policy.Revalidate || s.flying[key] != nil || s.inFlight >= maxRevalidating {
		return
	}
	e.tried = now
	if s.rateLimited(credential, now) != nil {
		return
	}
	credential.Known = true
	c.start(key, credential, "", maxFlights) // nobody waits at the other end, and nobody has to
}
