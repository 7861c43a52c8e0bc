package cache

import (
	"context"
	"errors"
	"reflect"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// maxFlights bounds the questions under way in one scope; beyond it a new one
// is not asked.
const maxFlights = 64

// flight is one question under way.
type flight struct {
	begun     time.Time
	timeout   time.Duration
	charged   chargedTo
	cancelled bool // the credential was forgotten meanwhile: its yes is none
	over      bool // it counts as under way no more

	answer *result       // stands once landed is closed; before, that of a panic
	landed chan struct{} // closed when nothing more will come of it
}

// panicked tells whether a flight that has not landed never will: a panic has ended
// it on the way. (A closed channel gives a zero value, an open one gives none.)
func (f *flight) panicked() bool {
	nothing, _ := reflect.ValueOf(f.landed).TryRecv()
	return nothing.IsValid()
}

// chargedTo is the client address that a flight is charged to if it is refused.
// Zero: nobody.
type chargedTo struct {
	window *verifier.Window
	limit  verifier.Rate
}

// result is what one flight brought.
type result struct {
	decision verifier.Decision
	entry    *entry // the yes; nil: there was none
	err      error
}

// errGone: the client left, or its instance's time was over.
var errGone = errors.New("no answer in the time there was")

// errLate: the credential was forgotten while it was asked about.
var errLate = errors.New("what was asked about has been forgotten meanwhile")

// ErrPanic: a verification ended in a panic of ours.
var ErrPanic = errors.New("a verification ended in a panic")

// start begins a flight, unless its payer or the room that there is for flights
// does not allow it: then the decision says so. Credentials that were let in before
// cost nobody anything: their refusal is no guess. The caller holds the lock.
func (c *Cache) start(key [32]byte, credential verifier.Credential, client string, room int) (d verifier.Decision, f *flight) {
	s := c.scope
	now := s.now()
	who := chargedTo{}
	if !credential.Known && c.policy.PerClient.Calls > 0 {
		who.window = s.clients.At(client)
		who.limit = c.policy.PerClient
		wait := who.window.Wait(who.limit, now)
		if wait > 0 {
			d.Denial = verifier.Denial{Reason: verifier.Throttled, RetryAfter: wait}
			return d, nil
		}
	}
	if s.inFlight >= room {
		d.Denial = verifier.Denial{Reason: verifier.Unavailable, RetryAfter: time.Second}
		return d, nil
	}
	f = &flight{begun: now, timeout: s.timeout, charged: who, answer: failed(ErrPanic), landed: make(chan struct{})}
	if who.window != nil {
		who.window.Begin()
	}
	s.flying[key] = f
	s.inFlight++
	go c.run(key, credential, f)
	return d, f
}

// forgetFlight makes the flight about a credential void, if there is one: who
// asks from now on gets a flight of its own.
func (s *Scope) forgetFlight(key [32]byte) {
	f := s.flying[key]
	if f == nil {
		return
	}
	f.cancelled = true
	delete(s.flying, key)
}

// run asks and lands. Whatever happens, those who wait get an answer.
func (c *Cache) run(key [32]byte, credential verifier.Credential, f *flight) {
	defer recoverPanic()
	defer close(f.landed)
	a := failed(ErrPanic)
	c.ask(credential, f.timeout, a)
	c.finish(key, credential, f, a)
}

// ask finds an answer. Of no request's context: the first to ask may leave, the
// others wait on.
func (c *Cache) ask(credential verifier.Credential, timeout time.Duration, a *result) {
	defer recoverPanic()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	d, err := c.scope.next.Verify(ctx, credential)
	a.decision, a.err = d, err
}

// finish ends a flight, and keeps what was learned. It may be void: then another may
// have taken its place. The answer is handed out last: if a panic ends this before,
// those who wait get the one that the flight began with.
func (c *Cache) finish(key [32]byte, credential verifier.Credential, f *flight, a *result) {
	s := c.scope
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	believed := !f.cancelled && !s.outdated(f)
	s.finish(key, f, a.decision.Refused(), now)
	if believed {
		s.remember(key, credential, f, a)
	} else if a.decision.Allowed {
		a = failed(errLate)
		a.decision.Denial.RetryAfter = time.Second
	}
	f.answer = a
}

// finish has a flight count no more as under way.
func (s *Scope) finish(key [32]byte, f *flight, refused bool, now time.Time) {
	if f.over {
		return
	}
	f.over = true
	s.inFlight--
	if !f.cancelled {
		f.cancelled = true
		delete(s.flying, key)
	}
	if f.charged.window != nil {
		f.charged.window.End(refused, f.charged.limit, now)
	}
}

// wait waits for a flight to land.
func (c *Cache) wait(ctx context.Context, f *flight, first bool) (verifier.Decision, error) {
	a := wait(ctx, f)
	d := a.decision
	d.Fresh = first
	if a.entry != nil {
		d.Expires = a.entry.end(c.policy.Lifetime)
	}
	return d, a.err
}

// wait takes a flight's answer, or leaves when the context ends. By reflection,
// since the interpreter mixes up select statements.
func wait(ctx context.Context, f *flight) *result {
	cases := []reflect.SelectCase{
		{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(ctx.Done())},
		{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(f.landed)},
	}
	chosen, _, _ := reflect.Select(cases)
	if chosen == 0 {
		return failed(errGone)
	}
	return f.answer
}

// failed is an answer that nobody gets in with.
func failed(err error) *result {
	d := verifier.Decision{Denial: verifier.Denial{Reason: verifier.Unavailable}}
	return &result{decision: d, err: err}
}

// recoverPanic ends a panic of ours where it happens: in a goroutine it would end the
// whole process.
func recoverPanic() {
	_ = recover()
}
