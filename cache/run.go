package cache

import (
	"context"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// run asks the upstream and ends the flight. Whatever happens, its callers get an
// answer.
func (s *Scope) run(key [32]byte, credential verifier.Credential, f *flight) {
	defer recoverPanic()
	defer close(f.landed)
	r := failed(ErrPanic)
	s.ask(credential, f.timeout, r)
	s.finish(key, credential, f, r)
}

// ask fills in a result. The context is no request's: the first caller may leave
// while others wait.
func (s *Scope) ask(credential verifier.Credential, timeout time.Duration, r *result) {
	defer recoverPanic()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	d, err := s.next.Verify(ctx, credential)
	r.decision, r.err = d, err
}

// finish ends a flight and remembers its result, unless the credential was
// forgotten meanwhile; another flight may have taken the place then. The result is
// handed out last: if a panic comes before, the callers get the one that the
// flight began with, which denies.
func (s *Scope) finish(key [32]byte, credential verifier.Credential, f *flight, r *result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	counts := !f.cancelled && !s.epoch.outdates(f.begun)
	s.flights.end(key, f, r.decision.Refused(), now)
	if counts {
		s.remember(key, credential, f.begun, r, now)
	} else if r.decision.Allowed {
		r = failed(errLate)
		r.decision.Denial.RetryAfter = time.Second
	}
	f.result = r
}

// remember stores a result, if it is one to remember. The caller holds the lock.
func (s *Scope) remember(key [32]byte, credential verifier.Credential, begun time.Time, r *result, now time.Time) {
	if !s.members.sweepAt.IsZero() && s.members.isDue(now) { // a call less on nearly every miss
		s.sweep(now)
	}
	if r.err != nil {
		return
	}
	if r.decision.Allowed {
		r.entry = s.answers.allow(key, r.decision, now)
		r.decision.Answer = r.entry.answer
		return
	}
	s.rememberDenial(key, credential, begun, r.decision.Denial, now)
}

// rememberDenial stores a denial, if the upstream gave it. Without an HTTP status
// the upstream was not asked: a token's own expiry is read again at no cost, and a
// budget keeps its own count. The caller holds the lock.
func (s *Scope) rememberDenial(key [32]byte, credential verifier.Credential, begun time.Time, denial verifier.Denial, now time.Time) {
	if denial.HTTP == 0 && (denial.Reason == verifier.Expired || denial.Reason == verifier.Throttled) {
		return
	}
	switch denial.Reason {
	case verifier.Throttled:
		s.answers.limit(s.keys.quotaOf(credential), denial, now)
	case verifier.Invalid, verifier.Expired, verifier.Forbidden, verifier.Unprocessable:
		s.revoke(credential, begun)
		s.answers.deny(key, denial, now)
	}
}

// recoverPanic ends a panic where it happens: on a goroutine of its own it would
// end the whole process.
func recoverPanic() {
	_ = recover()
}
