package cache

import (
	"runtime"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

const (
	// maxStarted is how many flights that waited are started, or ended since nobody waits
	// for them any more, in one turn of the lock. Requests with a prebuilt answer wait for
	// that lock.
	maxStarted = 32

	// maxRevalidating bounds the flights under way beyond which none is started to
	// revalidate: the others are for callers that wait.
	maxRevalidating = maxFlights / 2
)

// admit adds a flight that waits its turn, and starts all whose turn it is: this one too,
// where a slot is free. It returns the denial instead, where the client has caused too
// many denied calls or as many flights wait as may. The caller holds the lock.
func (s *Scope) admit(key [32]byte, credential verifier.Credential, m *consultation, limit verifier.Rate, waitsFor time.Duration, now time.Time) (denial verifier.Denial, f *flight) {
	wait := s.flights.overLimit(credential.Client, limit, now)
	if wait > 0 {
		denial.Reason, denial.RetryAfter = verifier.Throttled, wait
		return denial, nil
	}
	s.dropExpired(now)
	f = s.flights.add(key, credential, m, limit, s.members.timeout, waitsFor, now)
	if f == nil {
		denial.Reason, denial.RetryAfter = verifier.Unavailable, time.Second
		return denial, nil
	}
	if f.ticket == nil {
		s.start(f, now)
		return denial, f
	}
	if !s.startWaiting(now) && s.flights.turns.Taken() == 0 {
		go s.settle(nil) // no flight will end that would start the others
	}
	f.waited = f.ticket != nil
	return denial, f
}

// dropExpired ends some of the flights that nobody waits for any more, where there is no
// room for more to wait. The caller holds the lock.
func (s *Scope) dropExpired(now time.Time) {
	if s.flights.turns.Waiting() < maxWaiting/2 {
		return
	}
	for i := 0; i < maxStarted; i++ {
		f := s.flights.expired(now)
		if f == nil {
			return
		}
		s.abandon(f, failed(errGone), now)
	}
}

// startWaiting starts the flights whose turn it is; false: there may be more. The caller
// holds the lock.
func (s *Scope) startWaiting(now time.Time) bool {
	for i := 0; i < maxStarted; i++ {
		f := s.flights.next()
		if f == nil {
			return true
		}
		r := s.notWanted(f, now)
		if r != nil {
			s.abandon(f, r, now)
			continue
		}
		s.start(f, now)
	}
	return false
}

// notWanted returns the result of a flight whose turn has come, if no call is to be made
// any more; nil: one is. The caller holds the lock.
func (s *Scope) notWanted(f *flight, now time.Time) *result {
	if f.cancelled {
		r := failed(errLate)
		r.decision.Denial.RetryAfter = time.Second
		return r
	}
	if !f.waited {
		return nil
	}
	if !now.Before(f.deadline) {
		return failed(errGone)
	}
	wait := s.flights.overLimit(f.client, f.charged, now)
	if wait == 0 && len(s.answers.limited.items) > 0 {
		limit := s.answers.rateLimit(s.keys.quotaOf(f.credential), now)
		if limit != nil {
			return &result{decision: limit.repeated(now)}
		}
	}
	if wait > 0 {
		return &result{decision: verifier.Decision{Denial: verifier.Denial{Reason: verifier.Throttled, RetryAfter: wait}}}
	}
	return nil
}

// start starts the call of a flight. The caller holds the lock.
func (s *Scope) start(f *flight, now time.Time) {
	credential := f.credential
	f.credential = verifier.Credential{}
	// After a panic here it does not count as under way, so that nobody waits for it.
	f.tag = s.keys.tagWhereNeeded(credential)
	f.swept = s.sweeps.last
	s.flights.begin(f, now)
	go s.run(f.key, credential, f)
}

// run is the goroutine of a flight that has a slot. Whatever happens, its callers get an
// answer, and its slot goes to the next.
func (s *Scope) run(key [32]byte, credential verifier.Credential, f *flight) {
	defer recoverPanic()
	defer s.settle(f)
	defer s.publish(credential, f)
	defer close(f.landed)
	s.fly(key, credential, f)
}

// abandon ends a flight that waited, without a call. The caller holds the lock.
func (s *Scope) abandon(f *flight, r *result, now time.Time) {
	f.credential = verifier.Credential{}
	f.result = r
	close(f.landed)
	s.flights.end(f, false, now)
}

// settle does what the end of a flight, or a change of the sizes, makes possible: it
// starts those whose turn it is, and drops the answers that are beyond the bounds. It
// holds the lock for a few of them at a time, so that hits wait for none.
func (s *Scope) settle(f *flight) {
	defer recoverPanic()
	for more := s.settleSome(f); more; more = s.settleSome(f) {
		runtime.Gosched()
	}
}

// settleSome tells whether there is more to settle. f is the flight that has ended; it
// has not been counted as ended if it ended in a panic. nil: none has.
func (s *Scope) settleSome(f *flight) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if f != nil && f.calling {
		s.flights.end(f, false, now)
	}
	if s.flights.turns.Waiting() == 0 && s.answers.fits() {
		return false // nearly every time
	}
	started := s.startWaiting(now)
	trimmed := s.answers.trim(maxTrimmed)
	return !started || !trimmed
}

// revalidate checks an allowed credential again, while requests go on with the
// entry: one flight at a time, and none before the policy's interval has passed since the last,
// with any result. An entry that is provisional is left to askAgain. A denial replaces
// the entry; an allow renews the identity, but not the end; anything else changes
// nothing. No client is charged. The caller holds the lock.
func (s *Scope) revalidate(key [32]byte, credential verifier.Credential, p Policy, now time.Time) {
	e := s.answers.entry(key)
	if e.provisional || now.Sub(e.tried) < p.Revalidate || !s.mayAskBeside(key) {
		return
	}
	e.tried = now
	s.askBeside(key, credential, e, p.Lifetime, now)
}

// askAgain asks about a credential that is allowed provisionally, once its time has
// come, while requests go on with the entry. A denial replaces the entry, and so does an
// allow; anything else changes nothing. No client is charged. The caller holds the lock.
func (s *Scope) askAgain(key [32]byte, credential verifier.Credential, e *entry, lifetime time.Duration, now time.Time) {
	waited := now.Sub(e.tried)
	if waited >= 0 && waited < e.retry || !s.mayAskBeside(key) {
		return
	}
	e.tried = now
	e.retry *= 2
	if e.retry > lastRetry {
		e.retry = lastRetry
	}
	credential = s.recognize(key, credential, lifetime, now)
	s.askBeside(key, credential, e, lifetime, now)
}

// mayAskBeside tells whether a flight may begin that no caller waits for. The caller
// holds the lock.
func (s *Scope) mayAskBeside(key [32]byte) bool {
	return s.flights.byKey[key] == nil && s.flights.turns.Taken() < maxRevalidating
}

// askBeside begins a flight about an entry that no caller waits for, unless the credential
// is rate-limited. The caller holds the lock.
func (s *Scope) askBeside(key [32]byte, credential verifier.Credential, e *entry, lifetime time.Duration, now time.Time) {
	if s.answers.rateLimit(s.keys.quotaOf(credential), now) != nil {
		return
	}
	credential.Known = true
	f := newFlight(key, credential, verifier.Rate{}, s.members.timeout, now)
	f.memory = s.memory.consultation(lifetime)
	if f.memory != nil {
		f.memory.before = e
	}
	s.flights.byKey[key] = f
	s.start(f, now)
}

// reportSaturated reports, once until a quarter of the room for them is free of them, that
// too many flights wait for another to.
func (s *Scope) reportSaturated() {
	s.mu.Lock()
	first := !s.flights.saturated
	s.flights.saturated = true
	s.mu.Unlock()
	if first {
		s.report("error", "outage", "64 checks are under way and too many wait; further ones are refused")
	}
}

// overLimit is how long a client has to wait that has caused too many denied calls.
func (all *flights) overLimit(client string, limit verifier.Rate, now time.Time) time.Duration {
	if limit.Calls == 0 {
		return 0
	}
	return all.clients.Wait(client, limit, now)
}
