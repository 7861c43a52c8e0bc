package cache

import (
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// entry is a remembered yes. It is replaced, never changed, but for the last try
// to confirm it.
type entry struct {
	answer   int64 // its number, from 1
	identity verifier.Identity
	asked    time.Time // when the upstream said yes
	tried    time.Time // when it was asked last, whatever it said
	issued   time.Time // when the credential was issued, else first seen
	expires  time.Time // the credential's own end; zero: it does not say
}

// refusal is a remembered no; or, with until set, a "not now".
type refusal struct {
	answer int64 // its number, as an entry's; 0: it is never ready
	denial verifier.Denial
	asked  time.Time
	until  time.Time
}

// end is when an instance stops to honour the entry: lifetime after the issue,
// and never beyond the credential's own end. A yes that came when the lifetime
// was over already counts as first seen: it holds for one more lifetime.
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

// store holds a scope's answers: a bounded room for each sort, so that a flood of
// junk evicts nothing good. What has ended is found out on reading. The scope's
// lock guards it.
type store struct {
	allowed *lru // entries
	denied  *lru // refusals
	limited *lru // by quota: refusals with until
}

func newStore(size, negativeSize int) *store {
	return &store{allowed: newLRU(size), denied: newLRU(negativeSize), limited: newLRU(negativeSize)}
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

// rateLimit is what is remembered of a quota.
func (s *store) rateLimit(key [32]byte) *refusal {
	found := s.limited.find(key)
	if found == nil {
		return nil
	}
	return found.refusal
}

// firstSeen is when a credential that does not say when it was issued was seen
// first: asking about it again does not make it younger.
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

// putEntry replaces whatever was known of a credential by a yes.
func (s *store) putEntry(key [32]byte, e *entry) {
	s.denied.remove(key)
	s.allowed.put(&item{key: key, entry: e})
}

// putRefusal replaces whatever was known of a credential by a no.
func (s *store) putRefusal(key [32]byte, r *refusal) {
	s.allowed.remove(key)
	s.denied.put(&item{key: key, refusal: r})
}

// putRateLimit takes in a "not now".
func (s *store) putRateLimit(key [32]byte, r *refusal) {
	s.limited.put(&item{key: key, refusal: r})
}

// forget drops whatever was known of a credential.
func (s *store) forget(key [32]byte) {
	s.allowed.remove(key)
	s.denied.remove(key)
}

// resize sets all bounds; what is beyond them leaves at once.
func (s *store) resize(size, negativeSize int) {
	s.allowed.resize(size)
	s.denied.resize(negativeSize)
	s.limited.resize(negativeSize)
}
