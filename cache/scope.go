package cache

import (
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/logins"
	"github.com/upstreamauth/upstreamauth/telemetry/counters"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// scopeKept is the least time that an unused scope is held: a rate limit lasts up
// to an hour.
const scopeKept = time.Hour

// Scope is what all instances share that would get the same answers: the same
// upstream, asked in the same manner. It outlives them.
//
// It is one lock over parts that know nothing of it. Methods of the parts are
// called with the lock held.
type Scope struct {
	next  verifier.Verifier
	began time.Time // the process, by which prebuilt answers tell the time
	now   func() time.Time
	clock *logins.Clock // also the order of events, and how long the process has run
	keys  *keys
	world string // of the memory that it shares; empty: none. It is set once
	tally *counters.Scope

	mu        sync.Mutex
	answers   *store
	flights   *flights
	members   *members
	fastPaths *fastPaths
	epoch     *epoch
	logins    *logins.Logins // those that it trusts; nil: none
	barred    *logins.Barred // the tokens of its upstream that are; nil: none can be
	memory    *memory        // what it shares with other Traefiks; nil: nothing
	used      time.Duration  // since the process began
	ahead     time.Duration  // of the uptime: how far the wall clock was
	sampleAt  time.Duration  // when the tally's next minute begins, as uptime

	sweeps sweeps // what operators have had forgotten

	// superseded are the flights that a login has overtaken (see supersede), by
	// credential.
	superseded map[[32]byte]*flight
}

// newScope returns a scope without the verifier that it asks.
func newScope(secret string, p Policy, quota string, began time.Time, clock *logins.Clock, tally *counters.Scope) *Scope {
	s := &Scope{
		tally:   tally,
		began:   began,
		now:     clock.Now,
		clock:   clock,
		keys:    &keys{secret: secret, quota: quota},
		answers: newStore(p.Size, p.NegativeSize),
		flights: newFlights(),
		members: newMembers(p),
		epoch:   &epoch{},

		superseded: map[[32]byte]*flight{},
	}
	s.fastPaths = &fastPaths{secret: secret, lock: &s.mu, tally: tally, byKey: map[string]*FastPath{}}
	return s
}

// join adds an instance and returns the fast path of its render key.
func (s *Scope) join(i Instance) *FastPath {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.used = s.clock.Uptime()
	if s.members.mayHaveLeft(now) {
		s.sweep(now)
	}
	s.logins, s.barred = i.Logins, i.Barred // the same as before, unless they were dropped as idle
	s.answers.barring = s.barred != nil && s.barred.Any()
	s.members.add(i)
	s.answers.resize(s.members.size, s.members.negativeSize)
	s.epoch.renew()
	return s.fastPaths.of(i.RenderKey)
}

// share has the scope share what it learns. The memory is the one of the instance that
// joined last: the instances of a scope may reach it by other means.
func (s *Scope) share(i Instance) {
	if i.Shared == nil {
		return
	}
	i.Shared.Use(i.Context, i.Report)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.memory != nil && s.memory.store == i.Shared {
		return
	}
	m := &memory{store: i.Shared, names: i.Shared.Names(i.Names)}
	if s.epoch.validFrom != 0 || i.Epoch != "" {
		m.after = s.now() // a new epoch forgets everything
	}
	if s.memory == nil {
		s.keys.names = m.names // nobody else has the scope yet
		s.world = i.Shared.World()
	} else {
		m.names, m.after = s.memory.names, s.memory.after
	}
	s.memory = m
}

// count counts a call to the upstream together with those of other Traefiks.
func (s *Scope) count(name string, limit verifier.Rate) (wait time.Duration, counted bool) {
	s.mu.Lock()
	m := s.memory
	s.mu.Unlock()
	if m == nil || !m.store.Budget() {
		return 0, false
	}
	wait, counted = m.store.Take(m.names, name, limit)
	return wait, counted
}

// sweep drops the instances whose grace is over, with the fast paths and the
// sizes that only they needed. What is beyond the sizes then goes with settle. The caller
// holds the lock.
func (s *Scope) sweep(now time.Time) {
	used := s.members.sweep(now)
	s.fastPaths.closeUnused(used)
	s.members.recompute()
	s.answers.resize(s.members.size, s.members.negativeSize)
}

// isIdle tells whether no instance has used the scope for longer than anything
// in it could still matter.
func (s *Scope) isIdle(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(now)
	if s.members.anyStayed() {
		return false
	}
	longest := s.members.longest
	if longest < scopeKept {
		longest = scopeKept
	}
	return s.clock.Uptime()-s.used > longest
}

// retire notes that another epoch of the same upstream is in use, unless an
// instance of this one still lives.
func (s *Scope) retire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.members.anyLive() {
		s.epoch.retire(s.now())
	}
}

// retired tells whether the scope's epoch was changed for good.
func (s *Scope) retired() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.epoch.retired(s.now())
}

// report passes a fact on to the log of the instance that joined last: a scope
// outlives the instance that opened it.
func (s *Scope) report(level, event, detail string) {
	s.mu.Lock()
	report := s.members.report
	s.mu.Unlock()
	if level == "error" {
		s.tally.Fail(event, detail)
	}
	report(level, event, detail)
}

// sample notes the counts where a minute has begun. The caller holds the lock.
func (s *Scope) sample(up time.Duration) {
	if up >= s.sampleAt {
		s.sampleAt = s.tally.Sample(s.tally.Found.N, up)
	}
}

// state is what there is to say of the scope now, without what its verifiers know.
func (s *Scope) state() *counters.State {
	up := s.clock.Uptime()
	s.mu.Lock()
	defer s.mu.Unlock()
	state := &counters.State{Label: s.tally.Label, Kind: s.tally.Kind}
	totals, hour, fault := s.tally.State(s.tally.Found.N, up)
	state.Totals, state.Hour, state.Fault = totals, hour, fault
	state.Allowed = s.answers.allowed.state()
	state.Denied = s.answers.denied.state()
	totals.Evicted[counters.Allowed] = state.Allowed.Evicted
	totals.Evicted[counters.Denied] = state.Denied.Evicted
	state.Flights = s.flights.turns.Taken()
	state.Waiters = s.flights.turns.Waiting()
	state.Budget = s.members.budget()
	return state
}

// trusts returns the logins that the scope trusts; nil: none.
func (s *Scope) trusts() *logins.Logins {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}

// noticeSetBack drops all that is prebuilt once the wall clock was set back: the hit
// path goes by it alone, and would use an answer from the future when that has come.
// ahead is how far the wall clock is ahead of the uptime now. The caller holds the lock.
func (s *Scope) noticeSetBack(ahead time.Duration) {
	if ahead < s.ahead-time.Second {
		s.fastPaths.empty()
	}
	s.ahead = ahead
}

// emptyFastPaths drops all that is prebuilt.
func (s *Scope) emptyFastPaths() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fastPaths.empty()
}

// shares is what the scope shares with other Traefiks; nil: nothing.
func (s *Scope) shares() *memory {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.memory
	return m
}
