package cache

import (
	"container/list"
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// maxSpellings is how many spellings of one credential's header are kept ready for
// one front ("Bearer x", "bearer x"); a further one takes the oldest's place.
const maxSpellings = 2

// expired is an end before every age, also by a clock that was set back to before
// the process began: ages are negative then, and zero would be a later end.
const expired = time.Duration(-1 << 63)

// FastPath is what instances of one plan (one that answers in the same way) have
// ready for their hits: finished answers by the digest of the header line as it
// comes. The hit path reads it field by field, without a call of ours, so
// everything here may be captured once: only Ready's content changes, under Lock.
type FastPath struct {
	Secret  string // goes before the line
	Lock    *sync.Mutex
	Answers map[[32]byte]*Prebuilt

	closed bool
}

// Prebuilt is one credential's finished answer for one plan: what the backend is
// told, or what the client is. It is never changed, and nor is what it refers to:
// many requests share it.
type Prebuilt struct {
	From  time.Duration // since the process's start; not honoured before: see recall
	Until time.Duration // likewise; not honoured from then on

	// Order.MoveToFront(Place), under Lock, counts as a use.
	Order *list.List
	Place *list.Element

	Names  []string   // of the headers: of those that the backend gets, or of the refusal's
	Values [][]string // of theirs

	// A refusal has a status; its Until lets nobody in, and a yes is not repeated.
	RepeatUntil time.Duration // as Until, of a refusal
	Status      int           // 0: the request gets in
	Body        []byte

	answer int64 // the entry's number, or the refusal's
}

// fastEntry is where one answer stands ready.
type fastEntry struct {
	fastPath *FastPath
	line     [32]byte
}

// Line digests a header line as the hit path does.
func (f *FastPath) Line(line string) [32]byte {
	return digest(f.Secret + line)
}

// Prebuilt returns what stands ready for a line, if it was made of that answer.
func (c *Cache) Prebuilt(line [32]byte, answer int64) *Prebuilt {
	s := c.scope
	s.mu.Lock()
	defer s.mu.Unlock()
	x := c.fastPath.Answers[line]
	if x == nil || x.answer != answer || x.Status != 0 || s.now().Sub(s.start) >= x.Until {
		return nil
	}
	return x
}

// Prebuild makes an answer ready for the next request that carries the same line: x
// has what is to be told, the rest is filled in here. It does nothing if the
// answer has left or been replaced meanwhile.
func (c *Cache) Prebuild(credential verifier.Credential, d verifier.Decision, line [32]byte, x *Prebuilt) {
	s := c.scope
	key := s.key(credential)
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.fastPath.closed {
		return
	}
	room := s.store.allowed
	if !d.Allowed {
		room = s.store.denied
	}
	place := room.items[key]
	if place == nil {
		return
	}
	held := place.Value.(*item)
	from, until := c.validity(held, d)
	if held.number() != d.Answer {
		return
	}
	held.prebuilt = append(c.fastPath.evictOldest(held.prebuilt, line), fastEntry{fastPath: c.fastPath, line: line})
	x.From = from.Sub(s.start)
	x.Until = until.Sub(s.start)
	x.RepeatUntil = expired
	if x.Status != 0 {
		x.RepeatUntil = x.Until
		x.Until = expired
	}
	x.Order, x.Place = room.order, place
	x.answer = d.Answer
	c.fastPath.Answers[line] = x
}

// validity is from when and until when an answer may stand ready.
func (c *Cache) validity(held *item, d verifier.Decision) (from, until time.Time) {
	if held.refusal != nil {
		from = held.refusal.asked
		until = from.Add(c.policy.NegativeLifetime)
		return from, until
	}
	e := held.entry
	until = d.Expires
	due := e.tried.Add(c.policy.Revalidate)
	if c.policy.Revalidate > 0 && due.Before(until) {
		until = due // then a request has to come the long way, to set off the question
	}
	return e.asked, until
}

func (s *item) number() int64 {
	if s.refusal != nil {
		return s.refusal.answer
	}
	return s.entry.answer
}

// evictOldest returns an entry's hot lines without this one, without those of
// closed fronts, and without the front's oldest if it has as many as it may.
func (f *FastPath) evictOldest(lines []fastEntry, line [32]byte) []fastEntry {
	mine := 0
	for _, h := range lines {
		if h.fastPath.Secret == f.Secret && h.line != line {
			mine++
		}
	}
	kept := make([]fastEntry, 0, len(lines)+1)
	for _, h := range lines {
		own := h.fastPath.Secret == f.Secret
		if own && h.line == line {
			continue
		}
		if h.fastPath.closed {
			continue
		}
		if own && mine >= maxSpellings {
			mine--
			delete(f.Answers, h.line)
			continue
		}
		kept = append(kept, h)
	}
	return kept
}

// dropPrebuilt takes an answer that leaves out of every front.
func dropPrebuilt(s *item) {
	for _, h := range s.prebuilt {
		delete(h.fastPath.Answers, h.line)
	}
}

// close empties a front that no live instance uses, and lets its map go: a map
// does not shrink, and entries may hold on to the front.
func (f *FastPath) close() {
	f.closed = true
	for line := range f.Answers {
		delete(f.Answers, line)
	}
	f.Answers = map[[32]byte]*Prebuilt{}
}
