package cache

import (
	"sync"
	"time"

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
	keys  *keys

	mu        sync.Mutex
	answers   *store
	flights   *flights
	members   *members
	fastPaths *fastPaths
	epoch     *epoch
	logins    *Logins // those that it trusts; nil: none
	used      time.Time
}

// newScope returns a scope without the verifier that it asks.
func newScope(secret string, p Policy, quotaPerKey bool, began time.Time, now func() time.Time) *Scope {
	s := &Scope{
		began:   began,
		now:     now,
		keys:    &keys{secret: secret, quotaPerKey: quotaPerKey},
		answers: newStore(p.Size, p.NegativeSize),
		flights: newFlights(),
		members: newMembers(p),
		epoch:   &epoch{},
	}
	s.fastPaths = &fastPaths{secret: secret, lock: &s.mu, byKey: map[string]*FastPath{}}
	return s
}

// join adds an instance and returns the fast path of its render key.
func (s *Scope) join(i Instance) *FastPath {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.used = now
	if s.members.mayHaveLeft(now) {
		s.sweep(now)
	}
	s.logins = i.Logins // the same as before, unless they were dropped as idle
	s.members.add(i)
	s.answers.resize(s.members.size, s.members.negativeSize)
	s.epoch.renew()
	return s.fastPaths.of(i.RenderKey)
}

// sweep drops the instances whose grace is over, with the fast paths and the
// sizes that only they needed. The caller holds the lock.
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
	return now.Sub(s.used) > longest
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

// budgetNow is the budget that holds now.
func (s *Scope) budgetNow() verifier.Rate {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.members.budget
}

// report passes a fact on to the log of the instance that joined last: a scope
// outlives the instance that opened it.
func (s *Scope) report(level, event, detail string) {
	s.mu.Lock()
	report := s.members.report
	s.mu.Unlock()
	report(level, event, detail)
}

// reportSaturated reports, once until half of them have ended, that there are too
// many flights to start another.
func (s *Scope) reportSaturated() {
	s.mu.Lock()
	first := !s.flights.saturated
	s.flights.saturated = true
	s.mu.Unlock()
	if first {
		s.report("error", "outage", "64 checks are under way; further ones are not begun")
	}
}

// trusts returns the logins that the scope trusts; nil: none.
func (s *Scope) trusts() *Logins {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}

// loginOf returns the login that issued a credential, if one is known that counts
// in this epoch; nil otherwise. The caller holds the lock.
func (s *Scope) loginOf(credential verifier.Credential) *login {
	if s.logins == nil {
		return nil
	}
	l := s.logins.find(credential.Token)
	if l == nil || (l.at.Before(s.epoch.validFrom) && !l.blocked) {
		return nil
	}
	return l
}

// revoke drops the login of a credential that the upstream denied, if the upstream
// was asked after the login. The caller holds the lock.
func (s *Scope) revoke(credential verifier.Credential, asked time.Time) {
	l := s.loginOf(credential)
	if l != nil && !l.blocked && !asked.Before(l.at) {
		s.logins.drop(credential.Token)
	}
}

// forget drops what is remembered of a credential and cancels its flight.
func (s *Scope) forget(credential verifier.Credential) {
	key := s.keys.of(credential)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flights.cancel(key)
	s.answers.forget(key)
}

// dropDenial drops a remembered denial of a credential.
func (s *Scope) dropDenial(credential verifier.Credential) {
	key := s.keys.of(credential)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers.denied.remove(key)
}
