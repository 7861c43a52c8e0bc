package cache

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/simplelru"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// maxLines is how many spellings of one credential's header are kept ready for
// one front ("Bearer x", "bearer x"); a further one takes the oldest's place.
const maxLines = 2

// Front is what instances of one plan (the same identity headers, demands and
// lifetime) have ready for their hits: finished header values by the digest of
// the header line as it comes. The hit path reads it field by field, without a
// call of ours, so everything here may be captured once: only Ready's content
// changes, under Lock.
type Front struct {
	Secret string // goes before the line
	Lock   sync.Locker
	Ready  map[[32]byte]*Ready
	LRU    *simplelru.LRU // tell it of a hit: LRU.Get(ready.Key), under Lock

	closed bool
}

// Ready is one credential's finished answer for one plan.
type Ready struct {
	From   time.Duration // since the process's start; not honoured before: see recall
	Until  time.Duration // likewise; not honoured from then on
	Values [][]string    // in the order of the plan's headers
	Key    interface{}   // the entry's, for the LRU
	answer int64         // the entry's number
}

// hotLine is where one entry stands ready.
type hotLine struct {
	front *Front
	line  [32]byte
}

// Line digests a header line as the hit path does.
func (f *Front) Line(line string) [32]byte {
	return digest(f.Secret + line)
}

// Ready returns what stands ready for a line, if it was made of that answer.
func (c *Cache) Ready(line [32]byte, answer int64) [][]string {
	s := c.scope
	s.mu.Lock()
	defer s.mu.Unlock()
	x := c.front.Ready[line]
	if x == nil || x.answer != answer || s.now().Sub(s.start) >= x.Until {
		return nil
	}
	return x.Values
}

// Heat makes an answer ready for the next request that carries the same line.
// It does nothing if the answer has left or been replaced meanwhile.
func (c *Cache) Heat(credential verifier.Credential, d verifier.Decision, line [32]byte, values [][]string) {
	s := c.scope
	key := s.key(credential)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.store.entry(key)
	if e == nil || e.answer != d.Answer || c.front.closed {
		return
	}
	e.hot = append(c.front.makeRoom(e.hot, line), hotLine{front: c.front, line: line})
	until := d.Expires
	due := e.tried.Add(c.policy.Revalidate)
	if c.policy.Revalidate > 0 && due.Before(until) {
		until = due // then a request has to come the long way, to set off the question
	}
	c.front.Ready[line] = &Ready{From: e.asked.Sub(s.start), Until: until.Sub(s.start), Values: values, Key: key, answer: e.answer}
}

// makeRoom returns an entry's hot lines without this one, without those of
// closed fronts, and without the front's oldest if it has as many as it may.
func (f *Front) makeRoom(lines []hotLine, line [32]byte) []hotLine {
	mine := 0
	for _, h := range lines {
		if h.front.Secret == f.Secret && h.line != line {
			mine++
		}
	}
	kept := make([]hotLine, 0, len(lines)+1)
	for _, h := range lines {
		own := h.front.Secret == f.Secret
		if own && h.line == line {
			continue
		}
		if h.front.closed {
			continue
		}
		if own && mine >= maxLines {
			mine--
			delete(f.Ready, h.line)
			continue
		}
		kept = append(kept, h)
	}
	return kept
}

// cool takes an entry that leaves out of every front.
func cool(e *entry) {
	for _, h := range e.hot {
		delete(h.front.Ready, h.line)
	}
}

// close empties a front that no live instance uses, and lets its map go: a map
// does not shrink, and entries may hold on to the front.
func (f *Front) close() {
	f.closed = true
	for line := range f.Ready {
		delete(f.Ready, line)
	}
	f.Ready = map[[32]byte]*Ready{}
}
