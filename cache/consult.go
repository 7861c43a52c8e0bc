package cache

import (
	"context"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/shared"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// lookAgain is how long an entry holds on that the shared memory was asked about, and did not
// answer: it is left alone for as long.
const lookAgain = time.Second

// ask fills in a result. The context is no request's: the first caller may leave
// while others wait.
func (s *Scope) ask(credential verifier.Credential, timeout time.Duration, r *result) {
	defer recoverPanic()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	d, err := s.next.Verify(ctx, credential)
	r.decision, r.err = d, err
}

// consult asks the shared memory, and the upstream unless that has the answer. Where an
// entry is looked up again and neither says anything of the credential, it holds on.
func (s *Scope) consult(key [32]byte, credential verifier.Credential, f *flight, r *result) {
	m := f.memory
	s.nameFlight(m, credential)
	if m.looks {
		m.look(credential)
		s.recallDenial(key, m)
		if s.answeredBy(key, m, credential.Issued, r) {
			return
		}
	}
	issued := m.found.Issued()
	now := s.now()
	if credential.Issued.IsZero() && issued.After(m.memory.after) && now.Before(issued.Add(m.lifetime)) {
		credential.Known, credential.Issued = true, issued
	}
	s.ask(credential, f.timeout, r)
	if r.decision.Allowed && r.decision.Issued.IsZero() {
		r.decision.Issued = issued
	}
	if m.held != nil && !r.decision.Allowed && !r.decision.Refused() {
		m.keep(r)
	}
}

// nameFlight has a flight found by its token.
func (s *Scope) nameFlight(m *consultation, credential verifier.Credential) {
	token := m.memory.names.TokenOf(credential)
	up := s.clock.Uptime()
	s.mu.Lock()
	defer s.mu.Unlock()
	m.token, m.up = token, up
	issued := s.loginOf(credential)
	if issued != nil {
		m.login = issued.Issued
	}
}

// recallDenial has an answer of others count as ended that was asked for before the upstream
// denied the credential here: they may have written it later.
func (s *Scope) recallDenial(key [32]byte, m *consultation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	place := s.answers.denied.items[key]
	if place != nil {
		m.found.End(place.Value.(*item).refusal.asked)
	}
}

// look looks a credential up. A panic there is no answer.
func (m *consultation) look(credential verifier.Credential) {
	defer recoverPanic()
	m.found = m.memory.store.Look(m.memory.names, credential)
}

// answeredBy tells whether the memory has the answer. What others have ended is forgotten.
// login is when a login that is trusted now issued the credential; zero: none did.
func (s *Scope) answeredBy(key [32]byte, m *consultation, login time.Time, r *result) bool {
	barred := m.found.IsBarred(m.login)
	if m.held != nil && (barred || !m.found.Holds(m.held.called)) {
		s.dropHeld(key, m)
	}
	if barred {
		r.err = nil
		r.decision = verifier.Decision{Denial: verifier.Denial{Reason: verifier.Invalid}}
		return true
	}
	now := s.now()
	adopted := m.adopt(login, now)
	if m.held != nil && (!m.found.Answered || adopted != nil && !adopted.called.After(m.held.called)) {
		m.renewed = m.found.Answered
		m.keep(r)
		return true
	}
	if adopted == nil {
		return false
	}
	m.adopted = adopted
	r.decision = adopted.decision()
	r.err = nil
	return true
}

// dropHeld drops the entry that was to be looked up, unless another has replaced it.
func (s *Scope) dropHeld(key [32]byte, m *consultation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.answers.entry(key)
	if e != nil && e.answer == m.held.answer {
		s.answers.forget(key)
	}
	m.held = nil
}

// keep has the entry that was to be looked up hold on.
func (m *consultation) keep(r *result) {
	m.kept = true
	r.decision = m.held.decision()
	r.err = nil
}

// goesOn tells whether the entry of that number holds on, of which nothing was found out in
// time; then it is not looked up again for a moment.
func (s *Scope) goesOn(key [32]byte, credential verifier.Credential, answer int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.answers.entry(key)
	if e == nil || e.answer != answer || s.isBarred(credential) {
		return false
	}
	e.lookDue = s.clock.Uptime() + lookAgain
	return true
}

// recall stores what is no news of the upstream: an entry that others have learned, or that
// was held. The caller holds the lock.
func (s *Scope) recall(key [32]byte, m *consultation, r *result) bool {
	if m.adopted == nil && !m.kept {
		return false
	}
	r.recalled = true
	r.entry = m.adopted
	if m.kept {
		r.entry = m.held
		if m.renewed {
			m.held.looked, m.held.blind = m.up, false
		} else {
			m.held.lookDue = s.clock.Uptime() + lookAgain
		}
	} else {
		s.answers.adopt(key, m.adopted)
		s.answers.name(key, m.token)
	}
	r.decision.Answer = r.entry.answer
	return true
}

// endsEntry tells whether others have to forget a credential: they may remember it as
// allowed, and it is not any more. The caller holds the lock.
func (s *Scope) endsEntry(key [32]byte, m *consultation, r *result) bool {
	if m.held == nil && !m.found.Had && s.answers.allowed.items[key] == nil {
		return false
	}
	return r.decision.Once || r.decision.Refused()
}

// coverAnswer has what was just remembered found by its token. What others do to an entry
// is known from the flight's own look on, or from an earlier one. The caller holds the lock.
func (s *Scope) coverAnswer(key [32]byte, f *flight, r *result) {
	if f.memory.token != [32]byte{} {
		s.answers.name(key, f.memory.token)
	}
	if r.entry != nil {
		r.entry.called = f.begun
		r.entry.looked, r.entry.blind = f.memory.up, !f.memory.found.Answered
		before := f.memory.before
		if before != nil { // the upstream does not know what others have barred
			r.entry.looked, r.entry.blind = before.looked, before.blind
		}
	}
}

// publish tells the shared memory what a flight brought. Its callers have their answer.
func (s *Scope) publish(credential verifier.Credential, f *flight) {
	defer recoverPanic()
	m, e := f.memory, f.result.entry
	if m == nil {
		return
	}
	memory := s.shares() // by now: a reload may have changed how it is reached
	if m.forgets {
		memory.store.Forget(memory.names, credential)
		return
	}
	if e == nil || f.result.recalled || e.provisional || e.answer == 0 {
		return
	}
	memory.store.Keep(memory.names, credential,
		&shared.Entry{Identity: e.identity, Asked: e.called, Issued: e.issued, Expires: e.expires}, e.end(m.lifetime))
}
