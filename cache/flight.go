package cache

import (
	"context"
	"errors"
	"reflect"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"golang.org/x/sync/singleflight"
)

// maxFlights bounds the questions under way in one scope; beyond it a new one
// is not asked.
const maxFlights = 64

// flight is one question under way.
type flight struct {
	begun   time.Time
	timeout time.Duration
	payer   payer
	void    bool // the credential was forgotten meanwhile: its yes is none
}

// payer is the client address that a flight is charged to if it is refused.
// Zero: nobody.
type payer struct {
	window *verifier.Window
	limit  verifier.Rate
}

// answer is what one flight brought.
type answer struct {
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

// payer finds who pays for a new flight. Credentials that were let in before
// cost nobody anything: their refusal is no guess.
func (c *Cache) payer(credential verifier.Credential, client string) payer {
	if credential.Known || c.policy.PerClient.Calls == 0 {
		return payer{}
	}
	return payer{window: c.scope.clients.At(client), limit: c.policy.PerClient}
}

// mayDepart returns how long a payer has to wait before its next flight.
func (s *Scope) mayDepart(p payer) time.Duration {
	if p.window == nil {
		return 0
	}
	return p.window.Wait(p.limit, s.now())
}

// depart begins a flight.
func (s *Scope) depart(key [32]byte, p payer) *flight {
	f := &flight{begun: s.now(), timeout: s.timeout, payer: p}
	if p.window != nil {
		p.window.Depart()
	}
	s.flying[key] = f
	s.inFlight++
	return f
}

// land ends a flight, also one that is void: then another may have taken its
// place.
func (s *Scope) land(key [32]byte, f *flight, refused bool) {
	s.inFlight--
	if f.payer.window != nil {
		f.payer.window.Land(refused, f.payer.limit, s.now())
	}
	if !f.void {
		delete(s.flying, key)
		s.flights.Forget(string(key[:]))
	}
}

// forgetFlight makes the flight about a credential void, if there is one: who
// asks from now on gets a flight of its own.
func (s *Scope) forgetFlight(key [32]byte) {
	f := s.flying[key]
	if f == nil {
		return
	}
	f.void = true
	delete(s.flying, key)
	s.flights.Forget(string(key[:]))
}

// board has a flight's answer sent, and the flight begin with the first to
// board it.
func (c *Cache) board(key [32]byte, credential verifier.Credential, f *flight) <-chan singleflight.Result {
	return c.scope.flights.DoChan(string(key[:]), func() (interface{}, error) {
		defer func() { _ = recover() }() // a literal's guard is a literal: docs/yaegi.md
		a := c.fly(key, credential, f)
		return a, nil
	})
}

// fly asks, lands, and keeps what was learned. Whatever happens, it lands.
func (c *Cache) fly(key [32]byte, credential verifier.Credential, f *flight) *answer {
	a := failed(ErrPanic)
	c.ask(credential, f.timeout, a)
	s := c.scope
	s.mu.Lock()
	defer s.mu.Unlock()
	s.land(key, f, a.decision.Refused())
	if !f.void && !s.outdated(f) {
		s.keep(key, credential, f, a)
		return a
	}
	if a.decision.Allowed {
		a = failed(errLate)
		a.decision.Denial.RetryAfter = time.Second
	}
	return a
}

func (c *Cache) ask(credential verifier.Credential, timeout time.Duration, a *answer) {
	defer guard()
	// No request's context: the first to ask may leave, the others wait on.
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	d, err := c.scope.next.Verify(ctx, credential)
	a.decision, a.err = d, err
}

// join waits for a flight to land.
func (c *Cache) join(ctx context.Context, results <-chan singleflight.Result) (verifier.Decision, error) {
	a := wait(ctx, results)
	d := a.decision
	if a.entry != nil {
		d.Expires = a.entry.end(c.policy.Lifetime)
	}
	return d, a.err
}

// wait takes a flight's answer, or leaves when the context ends. By reflection,
// since the interpreter mixes up select statements; whoever leaves so leaves
// nothing behind.
func wait(ctx context.Context, results <-chan singleflight.Result) *answer {
	cases := []reflect.SelectCase{
		{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(ctx.Done())},
		{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(results)},
	}
	chosen, landed, _ := reflect.Select(cases)
	if chosen == 0 {
		return failed(errGone)
	}
	a, ok := landed.FieldByName("Val").Interface().(*answer)
	if !ok {
		return failed(ErrPanic)
	}
	return a
}

// failed is an answer that nobody gets in with.
func failed(err error) *answer {
	d := verifier.Decision{Denial: verifier.Denial{Reason: verifier.Unavailable}}
	return &answer{decision: d, err: err}
}

// guard ends a panic of ours where it happens: in a goroutine it would end the
// whole process.
func guard() {
	_ = recover()
}
