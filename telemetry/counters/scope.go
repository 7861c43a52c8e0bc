package counters

import (
	"sync"
	"sync/atomic"
	"time"
)

// Found counts the requests that found a prebuilt answer. The hit path counts under the lock
// of the cache's scope, which guards it: an atomic one would cost it several times as much.
type Found struct {
	N int64
}

// Scope counts for one scope. It is safe for concurrent use, but for Found.
type Scope struct {
	Label Label
	Kind  string // of its credentials

	Found    *Found
	Replays  *atomic.Int64 // of those requests, the ones that got a prebuilt denial
	Diverted *atomic.Int64 // the ones that did not get what they found, and count elsewhere

	// Gauge fills in what the verifiers of the scope know. It is set once, before anything is
	// counted; nil: they know nothing.
	Gauge func(into *State)

	now    func() time.Time
	uptime func() time.Duration // by which durations are measured: it does not jump

	mu       sync.Mutex
	hits     int64 // of the hit path, as they were shown last
	requests map[string]int64
	calls    map[string]int64
	took     *Histogram
	hour     *hour
	fault    Fault
}

// NewScope returns one that has counted nothing. now is the wall clock, and uptime is how
// long the process has run.
func NewScope(label Label, kind string, now func() time.Time, uptime func() time.Duration) *Scope {
	up := uptime()
	return &Scope{
		Label: label, Kind: kind, Found: &Found{}, Replays: &atomic.Int64{}, Diverted: &atomic.Int64{}, now: now, uptime: uptime,
		requests: map[string]int64{}, calls: map[string]int64{},
		took: NewHistogram(callBounds()), hour: newHour(up),
	}
}

// Request counts a request.
func (s *Scope) Request(outcome string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[outcome]++
}

// Call counts a call to the upstream.
func (s *Scope) Call(result string, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[result]++
	s.took.add(took)
}

// Fail remembers what was reported as an error.
func (s *Scope) Fail(event, detail string) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = Fault{At: now, Event: event, Detail: detail}
}

// State is what a scope has counted so far. found is Found.N, read under its lock; up is how
// long the process has run.
func (s *Scope) State(found int64, up time.Duration) (*Totals, []Minute, Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	totals := s.totals(found)
	minutes := s.hour.read(up, vectorOf(totals))
	fault := s.fault
	return totals, minutes, fault
}

// Sample notes the counts at the begin of a minute, and returns when that is to be done
// next.
func (s *Scope) Sample(found int64, up time.Duration) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hour.advance(up, vectorOf(s.totals(found)))
	return s.hour.due()
}

// totals are the counts. A request that is on its way between Found and the others counts
// as a hit for a moment: what was shown once is never taken back, since a counter that
// falls has begun anew for whoever reads it. The caller holds the lock.
func (s *Scope) totals(found int64) *Totals {
	replays := s.Replays.Load()
	hits := found - replays - s.Diverted.Load()
	if hits > s.hits {
		s.hits = hits
	}
	t := NewTotals()
	for outcome, n := range s.requests {
		t.Requests[outcome] = n
	}
	t.Requests[Hit] += s.hits
	t.Requests[RefusedRemembered] += replays
	for result, n := range s.calls {
		t.Calls[result] = n
	}
	t.Took.Merge(s.took)
	return t
}
