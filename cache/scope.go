package cache

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// grace is how long an instance that Traefik has replaced still counts. Its
// context ends before its successors exist, so that for a moment a scope in
// full use has no live instance at all.
const grace = time.Minute

// Scope is what all instances share that would get the same answers: the same
// upstream, asked in the same way. It outlives them.
type Scope struct {
	next   verifier.Verifier
	perKey bool // the upstream's quota counts by application key
	start  time.Time
	now    func() time.Time
	secret string

	mu        sync.Mutex
	store     *store
	flying    map[[32]byte]*flight // the flights under way that count
	inFlight  int                  // all flights under way, void ones included
	clients   *verifier.Windows    // by address: the refused calls it caused
	saturated bool                 // that there are too many flights has been reported
	reporter  verifier.Report      // of the instance that joined last
	answers   int64                // number of the last yes
	fronts    map[string]*FastPath
	instances map[string]*instance // by plan and policy
	size      int
	negative  int
	timeout   time.Duration   // of flights: the longest that a live instance waits
	newest    context.Context // of the handler that joined last
	budget    verifier.Rate   // the smallest of live instances
	life      time.Duration   // the longest lifetime or budget period seen
	used      time.Time
	sweepAt   time.Time // zero: nobody has left

	learned   *Logins   // the logins that are believed; nil: none
	validFrom time.Time // logins before do not count; zero: all do

	upstreamID string    // what it shares with scopes of other epochs
	retiredAt  time.Time // when its epoch was changed; zero: it was not
}

// instance stands for all handlers of one plan and policy. Traefik ends all its
// handlers together, so that the newest tells whether any is alive.
type instance struct {
	ctx       context.Context // the newest handler's; ends when Traefik replaces it
	policy    Policy
	renderKey string
	left      time.Time // when its end was noticed; zero: it lives
}

// report passes a fact on to the log of the instance that joined last: a scope
// outlives the instance that opened it.
func (s *Scope) report(level, event, detail string) {
	s.mu.Lock()
	report := s.reporter
	s.mu.Unlock()
	report(level, event, detail)
}

// reportSaturated reports that questions are turned away because too many are under
// way: once, until there is room again.
func (s *Scope) reportSaturated() {
	s.mu.Lock()
	news := !s.saturated
	s.saturated = true
	s.mu.Unlock()
	if news {
		s.report("error", "outage", "64 checks are under way; further ones are not begun")
	}
}

// remember remembers a flight's answer, if it is one to remember. The caller holds
// the lock.
func (s *Scope) remember(key [32]byte, credential verifier.Credential, f *flight, a *result) {
	now := s.now()
	if !s.sweepAt.IsZero() && s.due(now) {
		s.sweep(now)
	}
	s.saturated = s.saturated && s.inFlight > maxFlights/2
	d := a.decision
	if a.err != nil {
		return
	}
	if d.Allowed {
		a.entry = &entry{identity: d.Identity, asked: now, tried: now, issued: d.Issued, expires: d.Expires}
		if d.Issued.IsZero() {
			a.entry.issued = s.store.firstSeen(key, now)
		}
		if !d.Expires.IsZero() && !now.Before(d.Expires) {
			s.store.allowed.remove(key)
			return
		}
		s.answers++
		a.entry.answer = s.answers
		a.decision.Answer = s.answers
		s.store.putEntry(key, a.entry)
		return
	}
	if d.Denial.Reason == verifier.Expired && d.Denial.HTTP == 0 {
		return // nobody was asked: it costs little to find out again
	}
	switch d.Denial.Reason {
	case verifier.Throttled:
		if d.Denial.HTTP == 0 {
			return // not the upstream's word, but of ours who keep count
		}
		s.store.putRateLimit(s.quotaKey(credential), &refusal{denial: d.Denial, asked: now, until: now.Add(d.Denial.RetryAfter)})
	case verifier.Invalid, verifier.Expired, verifier.Forbidden, verifier.Unprocessable:
		s.revoke(credential, f)
		s.answers++
		s.store.putRefusal(key, &refusal{answer: s.answers, denial: d.Denial, asked: now})
	}
}

// join adds an instance and returns the front of its plan.
func (s *Scope) join(i Instance) *FastPath {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.used = now
	// Contexts end all together: while the newest lives, nobody has left.
	if s.newest != nil && s.newest.Err() != nil || s.due(now) {
		s.sweep(now)
	}
	s.newest = i.Context
	s.reporter = i.Report
	s.learned = i.Logins // the same logins, unless they were unused for so long that they were let go
	s.instances[fmt.Sprint(i.RenderKey, i.Policy)] = &instance{ctx: i.Context, policy: i.Policy, renderKey: i.RenderKey}
	s.raise(i.Policy)
	s.smallestBudget()
	s.retiredAt = time.Time{}
	front := s.fronts[i.RenderKey]
	if front == nil {
		front = &FastPath{
			Secret:  derive(s.secret, "line", i.RenderKey),
			Lock:    &s.mu,
			Answers: map[[32]byte]*Prebuilt{},
		}
		s.fronts[i.RenderKey] = front
	}
	return front
}

// due: the grace of some that have left is over.
func (s *Scope) due(now time.Time) bool {
	return !s.sweepAt.IsZero() && !now.Before(s.sweepAt)
}

// sweep notices which instances have been replaced, and drops those for which
// that was a grace ago, with the fronts and the room that only they wanted.
func (s *Scope) sweep(now time.Time) {
	s.sweepAt = time.Time{}
	plans := map[string]bool{}
	for name, i := range s.instances {
		if i.left.IsZero() && i.ctx.Err() != nil {
			i.left = now
		}
		if i.left.IsZero() {
			plans[i.renderKey] = true
			continue
		}
		if now.Sub(i.left) >= grace {
			delete(s.instances, name)
			continue
		}
		plans[i.renderKey] = true
		s.sweepAt = now.Add(grace)
	}
	for plan, front := range s.fronts {
		if !plans[plan] {
			front.close()
			delete(s.fronts, plan)
		}
	}
	s.recompute()
}

// isIdle drops what is over, and tells whether the scope may go.
func (s *Scope) isIdle(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(now)
	return s.idle(now)
}

// idle tells whether no instance has used the scope for longer than anything
// in it could still matter. The caller holds the lock, and has swept.
func (s *Scope) idle(now time.Time) bool {
	for _, i := range s.instances {
		if i.left.IsZero() {
			return false
		}
	}
	longest := s.life
	if longest < shortest {
		longest = shortest
	}
	return now.Sub(s.used) > longest
}
