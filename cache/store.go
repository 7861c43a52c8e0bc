package cache

import (
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// store holds the answers of a scope, each sort with a bound of its own, so that
// a flood of fake credentials evicts no valid one. What has expired is found out
// when it is read. The scope's lock guards it.
type store struct {
	allowed *lru  // entries, by credential
	denied  *lru  // refusals, by credential
	limited *lru  // refusals with until, by quota
	last    int64 // the number of the last answer
}

func newStore(size, negativeSize int) *store {
	return &store{allowed: newLRU(size), denied: newLRU(negativeSize), limited: newLRU(negativeSize)}
}

// mayHold tells, more cheaply than the lookups do, whether any of them can find
// something for a credential. The key is its own, not its quota's.
func (s *store) mayHold(key [32]byte) bool {
	return s.allowed.items[key] != nil || s.denied.items[key] != nil || len(s.limited.items) > 0
}

func (s *store) entry(key [32]byte) *entry {
	found := s.allowed.find(key)
	if found == nil {
		return nil
	}
	return found.entry
}

func (s *store) refusal(key [32]byte) *refusal {
	found := s.denied.find(key)
	if found == nil {
		return nil
	}
	return found.refusal
}

// rateLimit returns the rate limit remembered of a quota, if it holds now. One
// from the future shows that the clock was set back: it counts as expired.
func (s *store) rateLimit(quota [32]byte, now time.Time) *refusal {
	found := s.limited.find(quota)
	if found == nil {
		return nil
	}
	r := found.refusal
	if now.Before(r.asked) || !now.Before(r.until) {
		return nil
	}
	return r
}

// allow replaces what is remembered of a credential by an entry and returns it.
// An entry that has expired already is returned, but not stored.
func (s *store) allow(key [32]byte, d verifier.Decision, now time.Time) *entry {
	e := &entry{identity: d.Identity, asked: now, tried: now, issued: d.Issued, expires: d.Expires}
	if d.Issued.IsZero() {
		e.issued = s.firstSeen(key, now)
	}
	if !d.Expires.IsZero() && !now.Before(d.Expires) {
		s.allowed.remove(key)
		return e
	}
	s.last++
	e.answer = s.last
	s.denied.remove(key)
	s.allowed.put(&item{key: key, entry: e})
	return e
}

// firstSeen is when a credential whose issue is unknown was seen first: checking
// it again does not make it younger.
func (s *store) firstSeen(key [32]byte, now time.Time) time.Time {
	place := s.allowed.items[key]
	if place == nil {
		return now
	}
	old := place.Value.(*item).entry
	if now.Before(old.issued) {
		return now
	}
	return old.issued
}

// deny replaces what is remembered of a credential by a denial.
func (s *store) deny(key [32]byte, denial verifier.Denial, now time.Time) {
	s.last++
	s.allowed.remove(key)
	s.denied.put(&item{key: key, refusal: &refusal{answer: s.last, denial: denial, asked: now}})
}

// limit remembers a rate limit for as long as the upstream asked to wait.
func (s *store) limit(quota [32]byte, denial verifier.Denial, now time.Time) {
	until := now.Add(denial.RetryAfter)
	s.limited.put(&item{key: quota, refusal: &refusal{denial: denial, asked: now, until: until}})
}

// forget drops what is remembered of a credential.
func (s *store) forget(key [32]byte) {
	s.allowed.remove(key)
	s.denied.remove(key)
}

// resize sets all bounds and drops at once what is beyond them.
func (s *store) resize(size, negativeSize int) {
	s.allowed.resize(size)
	s.denied.resize(negativeSize)
	s.limited.resize(negativeSize)
}

// end is when an entry ends for an instance: lifetime after the issue, but
// never after the credential's own expiry. A credential that the upstream allowed
// although its lifetime was over counts as first seen then: for one more lifetime.
func (e *entry) end(lifetime time.Duration) time.Time {
	end := e.issued.Add(lifetime)
	if !end.After(e.asked) {
		end = e.asked.Add(lifetime)
	}
	if !e.expires.IsZero() && e.expires.Before(end) {
		end = e.expires
	}
	return end
}
