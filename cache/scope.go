package cache

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"golang.org/x/sync/singleflight"
)

// grace is how long an instance that Traefik has replaced still counts. Its
// context ends before its successors exist, so that for a moment a scope in
// full use has no live instance at all.
const grace = 10 * time.Second

// Scope is what all instances share that would get the same answers: the same
// upstream, asked in the same way. It outlives them.
type Scope struct {
	next    verifier.Verifier
	perKey  bool // the upstream's quota counts by application key
	start   time.Time
	now     func() time.Time
	secret  string
	flights *singleflight.Group // by pointer: the interpreter copies receivers

	mu        sync.Mutex
	store     *store
	answers   int64 // number of the last yes
	fronts    map[string]*Front
	instances map[string]*instance // by plan and policy
	size      int
	negative  int
	life      time.Duration // the longest lifetime seen
	used      time.Time
	sweepAt   time.Time // zero: nobody has left
}

// instance stands for all handlers of one plan and policy. Traefik ends all its
// handlers together, so that the newest tells whether any is alive.
type instance struct {
	ctx    context.Context // the newest handler's; ends when Traefik replaces it
	policy Policy
	plan   string
	left   time.Time // when its end was noticed; zero: it lives
}

// keep remembers an answer, if it is one to remember. The caller holds the lock.
func (s *Scope) keep(key [32]byte, credential verifier.Credential, a *answer) {
	now := s.now()
	if !s.sweepAt.IsZero() && !now.Before(s.sweepAt) {
		s.sweep(now)
	}
	d := a.decision
	if a.err != nil {
		return
	}
	if d.Allowed {
		a.entry = &entry{identity: d.Identity, asked: now, issued: d.Issued, expires: d.Expires}
		if d.Issued.IsZero() {
			a.entry.issued = now
		}
		if !d.Expires.IsZero() && !now.Before(d.Expires) {
			s.store.good.Remove(key)
			return
		}
		s.answers++
		a.entry.answer = s.answers
		a.decision.Answer = s.answers
		s.store.putEntry(key, a.entry)
		return
	}
	switch d.Denial.Reason {
	case verifier.Throttled:
		s.store.bad.Add(s.quotaKey(credential), &refusal{denial: d.Denial, until: now.Add(d.Denial.RetryAfter)})
	case verifier.Invalid, verifier.Expired, verifier.Forbidden, verifier.Unprocessable:
		s.store.putRefusal(key, &refusal{denial: d.Denial, asked: now})
	}
}

// join adds an instance and returns the front of its plan.
func (s *Scope) join(ctx context.Context, policy Policy, plan string) *Front {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.used = now
	s.sweep(now)
	s.instances[fmt.Sprint(plan, policy)] = &instance{ctx: ctx, policy: policy, plan: plan}
	if policy.Lifetime > s.life {
		s.life = policy.Lifetime
	}
	s.fit()
	front := s.fronts[plan]
	if front == nil {
		front = &Front{
			Secret: derive(s.secret, "line", plan),
			Lock:   &s.mu,
			Ready:  map[[32]byte]*Ready{},
			LRU:    s.store.good,
		}
		s.fronts[plan] = front
	}
	return front
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
			plans[i.plan] = true
			continue
		}
		if now.Sub(i.left) >= grace {
			delete(s.instances, name)
			continue
		}
		plans[i.plan] = true
		s.sweepAt = now.Add(grace)
	}
	for plan, front := range s.fronts {
		if !plans[plan] {
			front.close()
			delete(s.fronts, plan)
		}
	}
	s.fit()
}

// fit gives the store the room that the most demanding instance wants.
func (s *Scope) fit() {
	size, negative := 0, 0
	for _, i := range s.instances {
		if i.policy.Size > size {
			size = i.policy.Size
		}
		if i.policy.NegativeSize > negative {
			negative = i.policy.NegativeSize
		}
	}
	if size > 0 && (size != s.size || negative != s.negative) {
		s.size, s.negative = size, negative
		s.store.resize(size, negative)
	}
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
