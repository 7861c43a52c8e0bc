// Package cache answers: what did we learn about a credential, and is it still
// true? It remembers what a verifier says, asks once for all who wait for the
// same answer, and outlives the reloads of Traefik's configuration.
package cache

import (
	"context"
	"errors"
	"reflect"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"golang.org/x/sync/singleflight"
)

// Policy is what one instance makes of the answers that its scope shares.
type Policy struct {
	Lifetime     time.Duration // how long a yes is honoured after the issue
	Negative     time.Duration // how long a no is remembered; 0: not
	Timeout      time.Duration // how long a request waits for an answer
	Size         int           // good credentials held; the largest of live instances counts
	NegativeSize int           // refusals held; likewise
}

// Cache is one instance's view of a scope: a verifier that asks its scope's
// upstream only about what is not known. It is safe for concurrent use.
type Cache struct {
	scope  *Scope
	policy Policy
	front  *Front
}

// maxFlights bounds the questions under way in one scope; beyond it a new one
// is not asked.
const maxFlights = 64

// answer is what one flight brought.
type answer struct {
	decision verifier.Decision
	entry    *entry // the yes; nil: there was none
	err      error
}

// errGone: the client left, or its instance's time was over.
var errGone = errors.New("no answer in the time there was")

// ErrPanic: a verification ended in a panic of ours.
var ErrPanic = errors.New("a verification ended in a panic")

// Verify returns what is known, or asks: one flight for all who ask about one
// credential at the same time. The flight goes on without the caller that
// started it; a caller waits for no longer than its own instance's timeout.
func (c *Cache) Verify(ctx context.Context, credential verifier.Credential) (verifier.Decision, error) {
	key := c.scope.key(credential)
	d, results, longer := c.begin(key, credential)
	if results == nil {
		c.scope.crowded(d)
		return d, nil
	}
	if longer {
		patience, cancel := context.WithTimeout(ctx, c.policy.Timeout)
		defer cancel()
		return c.join(patience, results)
	}
	return c.join(ctx, results)
}

// begin finds a known answer, or else (with results that are not nil) the
// flight that is to bring one, and whether it may take longer than this
// instance wants to wait. Both under the lock under which flights land: whoever
// finds nothing remembered finds the flight.
func (c *Cache) begin(key [32]byte, credential verifier.Credential) (d verifier.Decision, results <-chan singleflight.Result, longer bool) {
	s := c.scope
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used = s.now()
	d, known := c.recall(key, credential)
	if known {
		return d, nil, false
	}
	timeout := s.flying[key]
	if timeout == 0 && len(s.flying) >= maxFlights {
		d.Denial = verifier.Denial{Reason: verifier.Unavailable, RetryAfter: time.Second}
		return d, nil, false
	}
	if timeout == 0 {
		timeout = s.timeout
		s.flying[key] = timeout
	}
	results = s.flights.DoChan(string(key[:]), func() (interface{}, error) {
		defer guard()
		a := c.fly(key, credential, timeout)
		return a, nil
	})
	longer = timeout > c.policy.Timeout
	return d, results, longer
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

// recall looks a credential up: a yes that has not ended, a no that is still
// remembered, a "not now" whose time is not over. The caller holds the lock.
func (c *Cache) recall(key [32]byte, credential verifier.Credential) (verifier.Decision, bool) {
	s := c.scope
	now := s.now()
	// An answer from the future shows a clock that was set back: how old it is
	// cannot be told, so it is none.
	if e := s.store.entry(key); e != nil && !now.Before(e.asked) {
		end := e.end(c.policy.Lifetime)
		if now.Before(end) {
			return verifier.Decision{Allowed: true, Identity: e.identity, Expires: end, Answer: e.answer}, true
		}
	}
	if r := s.store.refusal(key); r != nil && !now.Before(r.asked) && now.Sub(r.asked) < c.policy.Negative {
		return verifier.Decision{Denial: r.denial}, true
	}
	if r := s.store.coolDown(s.quotaKey(credential)); r != nil && !now.Before(r.asked) && now.Before(r.until) {
		d := verifier.Denial{Reason: verifier.Throttled, HTTP: r.denial.HTTP, Repeats: r.denial.Code, RetryAfter: r.until.Sub(now)}
		return verifier.Decision{Denial: d}, true
	}
	return verifier.Decision{}, false
}

// fly asks, keeps what was learned, and lands. Whatever happens, it lands.
func (c *Cache) fly(key [32]byte, credential verifier.Credential, timeout time.Duration) *answer {
	a := failed(ErrPanic)
	c.ask(credential, timeout, a)
	s := c.scope
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.flying, key)
	s.flights.Forget(string(key[:]))
	s.keep(key, credential, a)
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
