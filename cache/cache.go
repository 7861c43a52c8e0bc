// Package cache answers: what did we learn about a credential, and is it still
// true? It remembers what a verifier says, asks once for all who wait for the
// same answer, and outlives the reloads of Traefik's configuration.
package cache

import (
	"context"
	"errors"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"golang.org/x/sync/singleflight"
)

// Policy is what one instance makes of the answers that its scope shares.
type Policy struct {
	Lifetime     time.Duration // how long a yes is honoured after the issue
	Negative     time.Duration // how long a no is remembered; 0: not
	Timeout      time.Duration // of one flight, everything in it
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

// answer is what one flight brought.
type answer struct {
	decision verifier.Decision
	entry    *entry // the yes; nil: there was none
	err      error
}

// errGone: the client left before there was an answer.
var errGone = errors.New("the client has gone")

// errPanic: the flight ended in a panic of ours.
var errPanic = errors.New("a verification ended in a panic")

// Verify returns what is known, or asks: one flight for all who ask about one
// credential at the same time. The flight has a time limit of its own, and a
// caller that leaves takes nobody with it.
func (c *Cache) Verify(ctx context.Context, credential verifier.Credential) (verifier.Decision, error) {
	s := c.scope
	key := s.key(credential)
	s.mu.Lock()
	s.used = s.now()
	d, known := c.recall(key, credential)
	if known {
		s.mu.Unlock()
		return d, nil
	}
	return c.join(ctx, key, credential)
}

// join takes part in the flight about a credential; the first to come starts
// it. The caller holds the scope's lock, and is rid of it on return.
func (c *Cache) join(ctx context.Context, key [32]byte, credential verifier.Credential) (verifier.Decision, error) {
	s := c.scope
	// Joined under the lock under which flights land (see fly): whoever finds
	// nothing remembered finds the flight that is to bring it.
	results := s.flights.DoChan(string(key[:]), func() (interface{}, error) {
		defer guard()
		a := c.fly(key, credential)
		return a, nil
	})
	s.mu.Unlock()

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
	if e := s.store.entry(key); e != nil {
		end := e.end(c.policy.Lifetime)
		if now.Before(end) {
			return verifier.Decision{Allowed: true, Identity: e.identity, Expires: end, Answer: e.answer}, true
		}
	}
	if r := s.store.refusal(key); r != nil && now.Sub(r.asked) < c.policy.Negative {
		return verifier.Decision{Denial: r.denial}, true
	}
	if r := s.store.refusal(s.quotaKey(credential)); r != nil && now.Before(r.until) {
		d := verifier.Denial{Reason: verifier.Throttled, HTTP: r.denial.HTTP, Repeats: r.denial.Code, RetryAfter: r.until.Sub(now)}
		return verifier.Decision{Denial: d}, true
	}
	return verifier.Decision{}, false
}

// fly asks, keeps what was learned, and lands. Whatever happens, it lands.
func (c *Cache) fly(key [32]byte, credential verifier.Credential) *answer {
	a := failed(errPanic)
	c.ask(credential, a)
	s := c.scope
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep(key, credential, a)
	s.flights.Forget(string(key[:]))
	return a
}

func (c *Cache) ask(credential verifier.Credential, a *answer) {
	defer guard()
	// No request's context: the first to ask may leave, the others wait on.
	ctx, cancel := context.WithTimeout(context.Background(), c.policy.Timeout)
	defer cancel()
	d, err := c.scope.next.Verify(ctx, credential)
	a.decision, a.err = d, err
}

// wait takes a flight's answer, or leaves when the context ends.
func wait(ctx context.Context, results <-chan singleflight.Result) *answer {
	first := make(chan *answer, 2)
	stop := context.AfterFunc(ctx, func() {
		defer guard()
		first <- failed(errGone)
	})
	go func() {
		defer guard()
		landed := <-results
		a, ok := landed.Val.(*answer)
		if !ok {
			a = failed(errPanic)
		}
		first <- a
	}()
	a := <-first
	stop()
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
