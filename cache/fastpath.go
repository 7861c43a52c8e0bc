package cache

import (
	"container/list"
	"reflect"
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/keyed"
	"github.com/upstreamauth/upstreamauth/telemetry/counters"
)

// maxSpellings is how many spellings of one credential's header one fast path
// holds ("Bearer x", "bearer x"); a further one evicts the oldest.
const maxSpellings = 2

// expired sorts before every age. Zero would not: ages are negative after the
// clock was set back to before the process began.
const expired = time.Duration(-1 << 63)

// FastPath holds the prebuilt answers of all instances with one render key, by
// the digest of the header line as it comes. The hit path reads its fields
// without a call, so that they may be captured once: after Join only the content
// of Answers changes, under Lock.
type FastPath struct {
	Secret  string      // precedes the line in its digest
	Lock    *sync.Mutex // the scope's
	Answers map[[32]byte]*Prebuilt

	// Tally is where the scope counts; its Found under Lock.
	Tally *counters.Scope

	closed bool
}

// Prebuilt is the finished answer to one credential: the headers for the backend,
// or a whole refusal. Many requests share it, so neither it nor what it refers to
// is changed once it is in a fast path, and no slice of it is handed to a request
// or a response: others may write there.
type Prebuilt struct {
	From  time.Duration // since the process began; not used before (see Cache.lookup)
	Until time.Duration // likewise; not used from then on

	// Order.MoveToFront(Place), under Lock, marks the answer as used.
	Order *list.List
	Place *list.Element

	Names      []string // of the headers, canonical
	Values     []string // of each
	Challenges []string // of a refusal: the lines of WWW-Authenticate

	// Status is 0 where the request is allowed. A refusal has one; its Until is
	// expired, so that the check which allows a request never passes for it, and
	// RepeatUntil is its end. RepeatUntil of an allowed one is expired.
	RepeatUntil time.Duration
	Status      int
	Body        string

	answer int64 // the number of the entry or refusal that it was made from
}

// fastEntry is where one prebuilt answer is held.
type fastEntry struct {
	fastPath *FastPath
	line     [32]byte
}

// Line returns the digest of a header line, as the hit path computes it.
func (p *FastPath) Line(line string) [32]byte {
	return keyed.Digest(p.Secret + line)
}

// evictOldest returns the entries of an item without this line, without those of
// closed fast paths, and without the oldest here if there are maxSpellings.
func (p *FastPath) evictOldest(entries []fastEntry, line [32]byte) []fastEntry {
	here := 0
	for _, e := range entries {
		if e.fastPath.Secret == p.Secret && e.line != line {
			here++
		}
	}
	kept := make([]fastEntry, 0, len(entries)+1)
	for _, e := range entries {
		mine := e.fastPath.Secret == p.Secret
		if mine && e.line == line {
			continue
		}
		if e.fastPath.closed {
			continue
		}
		if mine && here >= maxSpellings {
			here--
			delete(p.Answers, e.line)
			continue
		}
		kept = append(kept, e)
	}
	return kept
}

// close empties a fast path that no live instance uses, and lets its map go: a
// map does not shrink, and items may still refer to the fast path. Old handlers have
// captured the map. It is emptied in one compiled call: a loop would hold up the hits of
// the other instances.
func (p *FastPath) close() {
	p.closed = true
	p.empty()
	p.Answers = map[[32]byte]*Prebuilt{}
}

// empty drops all answers, in one compiled call.
func (p *FastPath) empty() {
	reflect.ValueOf(p.Answers).Clear()
}

// dropPrebuilt removes the answers that were made from an item.
func dropPrebuilt(entries []fastEntry) {
	for _, e := range entries {
		delete(e.fastPath.Answers, e.line)
	}
}

// fastPaths are those of one scope, by render key.
type fastPaths struct {
	secret string
	lock   *sync.Mutex
	tally  *counters.Scope
	byKey  map[string]*FastPath
}

// of returns the fast path of a render key, a new one if there is none.
func (all *fastPaths) of(renderKey string) *FastPath {
	p := all.byKey[renderKey]
	if p == nil {
		p = &FastPath{
			Secret:  keyed.Derive(all.secret, "line", renderKey),
			Lock:    all.lock,
			Tally:   all.tally,
			Answers: map[[32]byte]*Prebuilt{},
		}
		all.byKey[renderKey] = p
	}
	return p
}

// empty drops all answers.
func (all *fastPaths) empty() {
	for _, p := range all.byKey {
		p.empty()
	}
}

// closeUnused closes all whose render key is not in use.
func (all *fastPaths) closeUnused(used map[string]bool) {
	for renderKey, p := range all.byKey {
		if !used[renderKey] {
			p.close()
			delete(all.byKey, renderKey)
		}
	}
}
