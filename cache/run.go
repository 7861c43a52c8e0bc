package cache

import (
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// fly asks the upstream and ends the flight. The call has the whole timeout, however long the flight waited its turn: one
// that is cut off would look like an outage, and its answer is of use to those who come
// again.
func (s *Scope) fly(key [32]byte, credential verifier.Credential, f *flight) {
	r := failed(ErrPanic)
	f.order = s.clock.Last()
	if f.memory == nil {
		s.ask(credential, f.timeout, r)
	} else {
		s.consult(key, credential, f, r)
	}
	s.finish(key, credential, f, r)
}

// finish ends a flight and remembers its result, unless the credential was
// forgotten meanwhile; another flight may have taken the place then. The result is
// handed out last: if a panic comes before, the callers get the one that the
// flight began with, which denies.
func (s *Scope) finish(key [32]byte, credential verifier.Credential, f *flight, r *result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	counts := (!f.cancelled || f.superseded) && !s.epoch.outdates(f.begun) && !s.sweeps.outdates(f.swept, r.decision.Identity)
	if f.superseded {
		delete(s.superseded, key)
	}
	if counts && r.decision.Allowed && (s.answers.barring || s.logins != nil || s.memory != nil) {
		counts = !s.isBarred(credential) // in another spelling, perhaps
	}
	s.flights.end(f, r.decision.Refused() || r.isCharged(), now)
	if counts {
		s.remember(key, credential, f, r, now)
	} else if r.decision.Allowed {
		r = failed(errLate)
		r.decision.Denial.RetryAfter = time.Second
	}
	f.result = r
}

// remember stores a result, if it is one to remember. The caller holds the lock.
func (s *Scope) remember(key [32]byte, credential verifier.Credential, f *flight, r *result, now time.Time) {
	if !s.members.sweepAt.IsZero() && s.members.isDue(now) { // a call less on nearly every miss
		s.sweep(now)
	}
	if r.unanswered() {
		s.answers.postpone(key, r.decision.Denial, now)
	}
	if r.err != nil {
		return
	}
	if f.memory != nil {
		if s.recall(key, f.memory, r) {
			s.nameTag(key, f)
			return
		}
		f.memory.forgets = s.endsEntry(key, f.memory, r)
	}
	switch {
	case r.decision.Allowed && r.decision.Once:
		s.answers.forget(key)
	case r.decision.Allowed:
		s.rememberAllow(key, credential, r, now)
	case !f.superseded:
		s.rememberDenial(key, credential, f.order, r.decision.Denial, now)
	}
	if f.memory != nil {
		s.coverAnswer(key, f, r)
	}
	s.nameTag(key, f)
}

// nameTag has what was just remembered found by its tag. The caller holds the lock.
func (s *Scope) nameTag(key [32]byte, f *flight) {
	if f.tag != [32]byte{} {
		s.answers.name(key, f.tag)
	}
}

// rememberAllow stores an allow. A login may have issued the credential since it was
// asked about: then that is the instant of its issue. The caller holds the lock.
func (s *Scope) rememberAllow(key [32]byte, credential verifier.Credential, r *result, now time.Time) {
	d := r.decision
	if d.Issued.IsZero() {
		issued := s.loginOf(credential)
		if issued != nil {
			d.Issued = issued.Issued
		}
	}
	r.entry = s.answers.allow(key, d, now)
	r.entry.seen = s.clock.Uptime()
	s.noticeSetBack(now.Sub(s.began) - r.entry.seen)
	r.decision.Answer = r.entry.answer
}

// rememberDenial stores a denial, if the upstream gave it. Without an HTTP status
// the upstream was not asked: what a token says itself is read again at no cost, and a
// budget keeps its own count. order is the last event before the upstream was asked.
// The caller holds the lock.
func (s *Scope) rememberDenial(key [32]byte, credential verifier.Credential, order int64, denial verifier.Denial, now time.Time) {
	if denial.HTTP == 0 {
		return
	}
	switch denial.Reason {
	case verifier.Throttled:
		s.answers.limit(s.keys.quotaOf(credential), denial, now)
	case verifier.Invalid, verifier.Expired, verifier.Forbidden, verifier.Unprocessable:
		s.overtake(key, nil) // an allow that was asked for before this denial comes too late
		s.revoke(credential, order)
		s.answers.deny(key, denial, now)
	}
}

// explain is Cache.Explain of a credential with this key.
func (s *Scope) explain(key [32]byte, credential verifier.Credential, p Policy) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if s.memory == nil && (s.answers.barring || s.logins != nil) && s.isBarred(credential) {
		return "a logout has barred the token"
	}
	if place := s.answers.allowed.items[key]; place != nil {
		why := s.explainEntry(place.Value.(*item).entry, p, now)
		return why
	}
	if place := s.answers.denied.items[key]; place != nil {
		r := place.Value.(*item).refusal
		left := p.NegativeLifetime - now.Sub(r.asked)
		if left > 0 && left <= p.NegativeLifetime {
			return "its denial is remembered for " + seconds(left) + " more"
		}
		return "its denial is no longer remembered"
	}
	if s.answers.limited.items[s.keys.quotaOf(credential)] != nil {
		return "the upstream has limited its rate"
	}
	if s.answers.paused.items[key] != nil {
		return "there was no answer about it before"
	}
	if s.flights.byKey[key] != nil {
		return "a call about it is under way already, whose answer it gets"
	}
	return "nothing is remembered of it: it is new here, or was forgotten or evicted"
}

// explainEntry is explain of a credential that was allowed. The caller holds the lock.
func (s *Scope) explainEntry(e *entry, p Policy, now time.Time) string {
	up := s.clock.Uptime()
	end := e.end(p.Lifetime)
	left := end.Sub(now)
	if now.Before(e.asked) {
		return "it is remembered from the future: the clock was set back"
	}
	if left <= 0 || up-e.seen >= end.Sub(e.asked) {
		return "it is no longer remembered: its time is over"
	}
	if !s.memory.holds(e, up) {
		return "the shared memory is asked whether it still holds"
	}
	if e.provisional {
		return "it is allowed for now, though the upstream gave no answer, for " + seconds(left) + " more"
	}
	if p.Revalidate > 0 && now.Sub(e.tried) >= p.Revalidate {
		return "it is due for revalidation, and remembered for " + seconds(left) + " more"
	}
	return "it is remembered for " + seconds(left) + " more"
}

// seconds writes a duration for people.
func seconds(d time.Duration) string {
	return d.Round(time.Second).String()
}
