// Package cache answers: what did we learn about a credential, and is it still
// true? It remembers what a verifier says, asks once for all who wait for the
// same answer, and outlives the reloads of Traefik's configuration.
package cache

import (
	"context"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// Policy is what one instance makes of the answers that its scope shares.
type Policy struct {
	Lifetime         time.Duration // how long a yes is honoured after the issue
	Revalidate       time.Duration // the age from which a yes is confirmed; 0: never
	NegativeLifetime time.Duration // how long a no is remembered; 0: not
	Timeout          time.Duration // how long a request waits for an answer
	Size             int           // good credentials held; the largest of live instances counts
	NegativeSize     int           // refusals held; likewise

	// Budget bounds the calls to the upstream: of live instances' the smallest
	// holds. PerClient bounds the refused calls that one client address may
	// cause. Zero: no limit.
	Budget    verifier.Rate
	PerClient verifier.Rate
}

// Cache is one instance's view of a scope: a verifier that asks its scope's
// upstream only about what is not known. It is safe for concurrent use.
type Cache struct {
	scope    *Scope
	policy   Policy
	fastPath *FastPath
}

// Verify returns what is known, or asks: one flight for all who ask about one
// credential at the same time. The flight goes on without the caller that
// started it; a caller waits for no longer than its own instance's timeout.
// client names the address that pays for a flight that is refused; it is called
// only where somebody has to.
func (c *Cache) Verify(ctx context.Context, credential verifier.Credential, client func() string) (verifier.Decision, error) {
	key := c.scope.key(credential)
	payer := ""
	if c.policy.PerClient.Calls > 0 {
		payer = client() // before the lock is taken: what clients send may be long
	}
	d, f, first := c.begin(key, credential, payer)
	if f == nil {
		if d.Denial.Reason == verifier.Unavailable {
			c.scope.reportSaturated()
		}
		return d, nil
	}
	if f.timeout > c.policy.Timeout {
		patience, cancel := context.WithTimeout(ctx, c.policy.Timeout)
		defer cancel()
		return c.wait(patience, f, first)
	}
	return c.wait(ctx, f, first)
}

// begin returns what is known; or the flight that is to bring an answer, and whether
// the caller is the first to board it; or (neither) what to say at once. All under
// the lock under which flights land: whoever finds nothing remembered finds the
// flight.
func (c *Cache) begin(key [32]byte, credential verifier.Credential, client string) (d verifier.Decision, f *flight, first bool) {
	s := c.scope
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.used = now
	room := maxFlights
	// Most who come here are strangers; to see that takes no call.
	if s.learned != nil || s.store.allowed.items[key] != nil || s.store.denied.items[key] != nil || len(s.store.limited.items) > 0 {
		known := false
		d, known = c.lookup(key, credential, now)
		if known {
			c.revalidate(key, credential, d)
			return d, nil, false
		}
		credential.Known = s.store.entry(key) != nil
		login := s.loginOf(credential)
		if login != nil && now.Before(login.at.Add(c.policy.Lifetime)) {
			credential.Known, credential.Issued = true, login.at
			room = 2 * maxFlights // however many hang: most of these need no call
		}
	}
	f = s.flying[key]
	if f != nil {
		if !f.panicked() {
			return d, f, false
		}
		s.finish(key, f, false, now)
	}
	d, f = c.start(key, credential, client, room)
	return d, f, true
}

// lookup looks a credential up: a yes that has not ended, a no that is still
// remembered, a "not now" whose time is not over. The caller holds the lock.
func (c *Cache) lookup(key [32]byte, credential verifier.Credential, now time.Time) (verifier.Decision, bool) {
	s := c.scope
	// An answer from the future shows a clock that was set back: how old it is
	// cannot be told, so it is none.
	if e := s.store.entry(key); e != nil && !now.Before(e.asked) {
		end := e.end(c.policy.Lifetime)
		if now.Before(end) {
			return verifier.Decision{Allowed: true, Identity: e.identity, Expires: end, Answer: e.answer}, true
		}
	}
	login := s.loginOf(credential)
	if login != nil && login.blocked {
		return verifier.Decision{Denial: verifier.Denial{Reason: verifier.Invalid}}, true
	}
	if r := s.store.refusal(key); r != nil && (login == nil || login.at.Before(r.asked)) && !now.Before(r.asked) && now.Sub(r.asked) < c.policy.NegativeLifetime {
		return verifier.Decision{Denial: r.denial, Answer: r.answer}, true
	}
	if r := s.rateLimited(credential, now); r != nil {
		d := verifier.Denial{Reason: verifier.Throttled, HTTP: r.denial.HTTP, Repeats: r.denial.Code, RetryAfter: r.until.Sub(now)}
		return verifier.Decision{Denial: d}, true
	}
	return verifier.Decision{}, false
}

// rateLimited is the upstream's "not now" that holds for a credential, if any. The
// caller holds the lock.
func (s *Scope) rateLimited(credential verifier.Credential, now time.Time) *refusal {
	r := s.store.rateLimit(s.quotaKey(credential))
	if r == nil || now.Before(r.asked) || !now.Before(r.until) {
		return nil
	}
	return r
}

// Forget drops what is known of a credential. A question about it that is under
// way is void: its yes, late as it comes, is given to nobody and not kept.
func (c *Cache) Forget(credential verifier.Credential) {
	logins := c.scope.logins()
	if logins != nil {
		logins.Forget(credential.Token)
		return
	}
	c.scope.forget(credential)
}

func (s *Scope) forget(credential verifier.Credential) {
	key := s.key(credential)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetFlight(key)
	s.store.forget(key)
}
