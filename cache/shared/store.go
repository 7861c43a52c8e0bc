package shared

import (
	"context"
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/telemetry/counters"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// Store is one process's view of a shared memory. It is safe for concurrent use.
type Store struct {
	options  Options
	now      func() time.Time
	uptime   func() time.Duration
	hears    Hears
	link     *link
	counter  *counter
	writer   *writer
	coverage *coverage
	bars     *marks // tokens that others have barred
	own      *marks // those that were barred here
	logins   *marks // logins that others have seen
	ends     *marks // tokens that have ended for their upstream, and what scopes have forgotten
	tallies  *tallies
	sweeps   *marks // what operators have had forgotten
	ear      *ear

	mu      sync.Mutex
	newest  context.Context // of the instance that joined last
	left    bool            // its end was noticed
	leftAt  time.Duration   // as uptime
	running bool            // watch
}

// New returns a store, which counts its batches in tally. It opens nothing and starts nothing.
// now is the wall clock; uptime is how long the process has run.
func New(o Options, now func() time.Time, uptime func() time.Duration, tally *counters.Memory, hears Hears) *Store {
	o.Redis.Now = func() time.Time { return clockBase.Add(uptime()) }
	s := &Store{options: o, now: now, uptime: uptime, hears: hears}
	s.counter = &counter{}
	s.link = &link{options: o.Redis, health: &health{budget: o.Budget, uptime: uptime}, counter: s.counter, tally: tally, uptime: uptime}
	s.writer = newWriter(s.link, o.Secret, now, s.Tells)
	s.coverage = &coverage{local: o.Local, fast: true, current: uptime()}
	s.bars = newMarks(now, uptime)
	s.own = newMarks(now, uptime)
	s.logins = newMarks(now, uptime)
	s.ends = newMarks(now, uptime)
	s.tallies = newTallies()
	s.sweeps = newMarks(now, uptime)
	s.ear = &ear{secret: o.Secret, origin: newOrigin(), now: now, bars: s.bars, own: s.own, logins: s.logins, ends: s.ends, sweeps: s.sweeps, counter: s.counter, hears: hears, missed: s.missed}
	return s
}

// World is that of its options.
func (s *Store) World() string { return s.options.World() }

// Budget tells whether calls to an upstream are counted together.
func (s *Store) Budget() bool { return s.options.Budget }

// Patience is how long a look takes at most.
func (s *Store) Patience() time.Duration { return 2 * s.options.Redis.Timeout }

// IsApart tells whether two stores lie at one place, and see nothing of each other because
// their secrets differ.
func (s *Store) IsApart(other *Store) bool {
	return s.options.Secret != other.options.Secret && s.options.place() == other.options.place()
}

// Counts are what it has done so far.
func (s *Store) Counts() Counts { return s.counter.read() }

// Use notes that an instance uses the store, until ctx ends. What the store has to report
// goes to its log.
func (s *Store) Use(ctx context.Context, report verifier.Report) {
	s.link.health.reportTo(report)
	s.join(ctx)
	if s.writer.resume() {
		s.wake()
	}
}

func (s *Store) join(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.newest, s.left = ctx, false
}

// Follow has a new store know what another one of its world knows: the settings by which
// that is reached were changed.
func (s *Store) Follow(old *Store) {
	s.bars, s.own, s.logins, s.ends = old.bars, old.own, old.logins, old.ends
	s.tallies = old.tallies
	s.sweeps = old.sweeps
	s.ear.bars, s.ear.own, s.ear.logins, s.ear.ends = old.bars, old.own, old.logins, old.ends
	s.ear.sweeps = old.sweeps
}

// TakeOver has a store write what waits in another one of its world that no instance uses.
func (s *Store) TakeOver(old *Store) {
	if !old.IsLive() {
		s.writer.takeOver(old.writer)
	}
}

// IsLive tells whether an instance uses it. Traefik ends the contexts of all instances
// together, so that the newest one's tells.
func (s *Store) IsLive() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.isLive()
}

// Tells tells whether others are told what happens: an instance uses the store, or did a
// moment ago. Requests that the last ones have to answer go on while Traefik makes the next.
func (s *Store) Tells() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.isLive() || s.left && s.uptime()-s.leftAt < lingers
}

// isLive is IsLive. The caller holds the lock.
func (s *Store) isLive() bool {
	if s.newest == nil {
		return false
	}
	if s.newest.Err() == nil {
		return true
	}
	if !s.left {
		s.left = true
		s.leftAt = s.uptime()
	}
	return false
}

// IsIdle tells whether nothing of it runs and no instance uses it.
func (s *Store) IsIdle() bool {
	live := s.IsLive()
	s.mu.Lock()
	defer s.mu.Unlock()
	return !live && !s.running
}

// Names makes the names of a scope.
func (s *Store) Names(scope Scope) *Names { return newNames(s.options.Secret, scope) }

// Holds tells whether an answer that was looked up then, in uptime, may be used without
// another look.
func (s *Store) Holds(looked time.Duration) bool { return s.coverage.holds(looked, s.uptime()) }

// IsRecent tells whether an answer was looked up so shortly ago that it may be used though
// nothing is known of what others did.
func (s *Store) IsRecent(looked time.Duration) bool { return s.uptime()-looked < s.options.Local }

// IsFast tells whether answers may be prebuilt now: what others forget is heard.
func (s *Store) IsFast() bool { return s.coverage.isFast() }

// wake starts to listen, unless that is done already.
func (s *Store) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running {
		return
	}
	s.running = true
	go s.watch()
}

// watch is a goroutine. What it calls ends panics, but for those of its own deferred call, which
// the interpreter hands on to this frame alone.
func (s *Store) watch() {
	defer s.stopped()
	s.listen()
}

// listen listens while an instance uses the store, and for a moment more: Traefik ends all
// instances before it makes the next ones.
func (s *Store) listen() {
	defer s.end()
	s.coverage.begin(s.link.open().Listen(s.stream(), s.ear.hear, s.missed), s.uptime())
	idle := time.Duration(0)
	first := true
	for idle < lingers {
		tick := s.coverage.ticks()
		if first {
			tick /= 10
		}
		pause(tick)
		if s.coverage.look(s.uptime()) {
			s.hears.Missed()
			first = false
		}
		s.link.health.listened(s.coverage.failure())
		if s.IsLive() {
			idle = 0
			s.writer.resume()
			continue
		}
		idle += tick
	}
}

// end stops to listen, and closes the connections. What was looked up before is looked up
// again once an instance uses the store.
func (s *Store) end() {
	_ = recover()
	safely(s.coverage.end)
	safely(s.link.close)
	safely(s.hears.Missed)
}

// safely does the rest of what is done at the end even if a part of it panics, which would
// end the process.
func safely(do func()) {
	defer func() { _ = recover() }()
	do()
}

// stopped notes that nothing runs any more. It also ends a panic in what came before.
func (s *Store) stopped() {
	_ = recover()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = false
}

func (s *Store) stream() string { return s.options.Prefix + ":forgotten" }

// key is where a value lies.
func (s *Store) key(tag, kind string, name [32]byte) string {
	return s.options.Prefix + ":{" + tag + "}:" + kind + ":" + text(name)
}

// missed is called when messages may have been lost.
func (s *Store) missed() {
	s.coverage.miss(s.uptime())
	s.hears.Missed()
}
