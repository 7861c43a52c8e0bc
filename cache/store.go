package cache

import (
	"time"

	"github.com/hashicorp/golang-lru/simplelru"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// entry is a remembered yes. It is replaced, never changed, but for the list
// of its hot lines and the last try to confirm it.
type entry struct {
	answer   int64 // its number, from 1
	identity verifier.Identity
	asked    time.Time // when the upstream said yes
	tried    time.Time // when it was asked last, whatever it said
	issued   time.Time // when the credential was issued, else first seen
	expires  time.Time // the credential's own end; zero: it does not say
	hot      []hotLine
}

// refusal is a remembered no; or, with until set, a "not now".
type refusal struct {
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

// store holds a scope's answers: a bounded room for each sort, the least
// recently used leaving first, so that a flood of junk evicts nothing good.
// What has ended is found out on reading. The scope's lock guards it.
type store struct {
	good *simplelru.LRU // [32]byte to *entry
	bad  *simplelru.LRU // [32]byte to *refusal
	cool *simplelru.LRU // [32]byte of a quota to *refusal, with until
}

func newStore(size, negativeSize int, gone func(*entry)) *store {
	good := newRoom(size, func(_, value interface{}) {
		gone(value.(*entry))
	})
	return &store{good: good, bad: newRoom(negativeSize, nil), cool: newRoom(negativeSize, nil)}
}

// newRoom panics for a size below 1, which the settings rule out.
func newRoom(size int, gone simplelru.EvictCallback) *simplelru.LRU {
	room, err := simplelru.NewLRU(size, gone)
	if err != nil {
		panic(err.Error())
	}
	return room
}

func (s *store) entry(key [32]byte) *entry {
	value, found := s.good.Get(key)
	if !found {
		return nil
	}
	return value.(*entry)
}

func (s *store) refusal(key [32]byte) *refusal {
	return refusalIn(s.bad, key)
}

// coolDown is what is remembered of a quota.
func (s *store) coolDown(key [32]byte) *refusal {
	return refusalIn(s.cool, key)
}

func refusalIn(room *simplelru.LRU, key [32]byte) *refusal {
	value, found := room.Get(key)
	if !found {
		return nil
	}
	return value.(*refusal)
}

// firstSeen is when a credential that does not say when it was issued was seen
// first: asking about it again does not make it younger.
func (s *store) firstSeen(key [32]byte, now time.Time) time.Time {
	old := s.entry(key)
	if old == nil || now.Before(old.issued) {
		return now
	}
	return old.issued
}

// putEntry replaces whatever was known of a credential by a yes.
func (s *store) putEntry(key [32]byte, e *entry) {
	s.bad.Remove(key)
	s.good.Remove(key) // so that the old entry's hot lines leave with it
	s.good.Add(key, e)
}

// putRefusal replaces whatever was known of a credential by a no.
func (s *store) putRefusal(key [32]byte, r *refusal) {
	s.good.Remove(key)
	s.bad.Add(key, r)
}

// resize sets both bounds; what is beyond them leaves at once.
func (s *store) resize(size, negativeSize int) {
	s.good.Resize(size)
	s.bad.Resize(negativeSize)
	s.cool.Resize(negativeSize)
}
