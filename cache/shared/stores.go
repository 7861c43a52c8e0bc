package shared

import (
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/telemetry/counters"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// Stores are the memories of one process, by their options. It is safe for concurrent use.
type Stores struct {
	now    func() time.Time
	uptime func() time.Duration
	tally  *counters.Memory // of all, also of those that are gone: a counter must not fall

	mu     sync.Mutex
	byKey  map[string]*Store
	opened bool            // there was one
	apart  map[string]bool // pairs of worlds that were reported to be apart
}

// NewStores returns no memory. now is the wall clock; uptime is how long the process has run.
func NewStores(now func() time.Time, uptime func() time.Duration) *Stores {
	return &Stores{now: now, uptime: uptime, tally: counters.NewMemory(), byKey: map[string]*Store{}, apart: map[string]bool{}}
}

// Of returns the memory of these options: the same for all whose options are equal. What others
// of its world have heard it knows, and what they have not told it tells.
func (all *Stores) Of(o Options, hears Hears) *Store {
	key := o.Key()
	all.mu.Lock()
	defer all.mu.Unlock()
	s := all.byKey[key]
	opened := s == nil
	if opened {
		s = New(o, all.now, all.uptime, all.tally, hears)
		all.opened = true
	}
	world := s.World()
	for name, other := range all.byKey {
		if name == key {
			continue
		}
		if other.World() == world {
			if opened {
				s.Follow(other)
			}
			s.TakeOver(other)
		}
		if opened && other.IsIdle() {
			delete(all.byKey, name)
		}
	}
	all.byKey[key] = s
	return s
}

// State is what all of them have counted since the process began; nil: there was none.
func (all *Stores) State() *counters.MemoryState {
	all.mu.Lock()
	opened := all.opened
	all.mu.Unlock()
	if !opened {
		return nil
	}
	state := counters.NewMemoryState()
	all.tally.AddTo(state)
	return state
}

// maxApart is how many pairs of worlds are known to have been reported.
const maxApart = 1000

// ReportApart reports, once, that a memory in use and another one of this process share
// nothing, though they lie at one place: their secrets differ. That may be meant so.
func (all *Stores) ReportApart(store *Store, report verifier.Report) {
	if all.findApart(store) {
		report("info", EventApart, "another block of this Traefik has another shared.secret for the same Redis: the two share nothing with each other")
	}
}

// findApart tells whether there is such a pair that was not reported yet.
func (all *Stores) findApart(store *Store) bool {
	all.mu.Lock()
	defer all.mu.Unlock()
	found := false
	for _, other := range all.byKey {
		if !store.IsApart(other) || !other.IsLive() {
			continue
		}
		first, second := store.World(), other.World()
		if second < first {
			first, second = second, first
		}
		if all.apart[first+second] {
			continue
		}
		if len(all.apart) >= maxApart {
			all.apart = map[string]bool{}
		}
		all.apart[first+second] = true
		found = true
	}
	return found
}
