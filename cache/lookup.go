package cache

import (
	"context"
	"errors"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// Cache is one instance's view of its scope: a verifier that asks the scope's
// upstream only where no answer is remembered that the instance's policy accepts.
// It is safe for concurrent use.
type Cache struct {
	scope    *Scope
	policy   Policy
	fastPath *FastPath
	patience time.Duration // with a shared memory, which is asked before the upstream is
}

// Verify returns the remembered answer; otherwise it asks the upstream, in one
// flight for all callers that present the credential meanwhile. The flight goes on
// when the caller that started it leaves. A caller waits until ctx ends, and never
// for longer than its own instance's timeout and what a shared memory may take.
//
// client returns the address that is charged for the flight, if the credential is denied
// or no answer comes, and in whose turn it is started; it is called only then.
//
// The error is ErrPanic, another one where the upstream could not be asked, or nil. Of
// Decision.Answer, 0 means that there is no answer to prebuild.
func (c *Cache) Verify(ctx context.Context, credential verifier.Credential, client func() string) (verifier.Decision, error) {
	key := c.scope.keys.of(credential)
	d, ended, err := c.verify(ctx, key, credential, client)
	if ended { // others have learned it: what another instance may still use
		d, ended, err = c.verify(ctx, key, credential, client)
	}
	if ended {
		d = verifier.Decision{Denial: verifier.Denial{Reason: verifier.Unavailable, RetryAfter: time.Second}}
	}
	return d, err
}

// verify is Verify, once. ended: the answer is an entry that others have learned, and it has
// ended for this instance.
func (c *Cache) verify(ctx context.Context, key [32]byte, credential verifier.Credential, client func() string) (d verifier.Decision, ended bool, err error) {
	d, f, found := c.begin(key, credential, false)
	if !found {
		credential.Client = client() // without the lock: the header that it is read from may be long
		d, f, found = c.begin(key, credential, true)
		if !found && f == nil {
			c.scope.reportSaturated()
		}
	}
	if f == nil {
		return d, false, nil
	}
	limited, cancel := context.WithTimeout(ctx, c.policy.Timeout+c.patience)
	defer cancel()
	allowed := d // by an entry that is looked up again
	d, ended, err = c.wait(limited, f, !found)
	if allowed.Allowed && errors.Is(err, errGone) && c.scope.goesOn(key, credential, allowed.Answer) {
		return heldOn(allowed), false, nil
	}
	return d, ended, err
}

// begin returns the remembered answer, or the flight under way to wait for; and that
// something was found. Otherwise, where it may, it starts a flight; without one, the
// denial says why. It is all done under the lock under which flights finish, so that a
// caller finds either the flight or what it left behind. Beside a flight, the answer is an
// entry that is looked up again, or none.
func (c *Cache) begin(key [32]byte, credential verifier.Credential, mayStart bool) (d verifier.Decision, f *flight, found bool) {
	s := c.scope
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.used = s.clock.Uptime()
	s.sample(s.used)
	credential.Budget = c.policy.Budget
	var held *entry
	if s.logins != nil || s.memory != nil || s.answers.mayHold(key) {
		d, held, found = c.lookup(key, credential, now)
		if found {
			if d.Allowed && c.policy.Revalidate > 0 {
				s.revalidate(key, credential, c.policy, now)
			}
			d.Remembered, d.Stale = true, d.Allowed && s.flights.byKey[key] != nil
			return d, nil, true
		}
		credential = s.recognize(key, credential, c.policy.Lifetime, now)
	}
	f = s.flights.find(key, now)
	if f != nil && held != nil && !f.memory.looks {
		return heldOn(d), nil, true // the upstream is asked already
	}
	if f != nil {
		s.flights.join(f, now.Add(c.policy.Timeout))
		return d, f, true
	}
	if !mayStart {
		return d, nil, false
	}
	perClient := c.policy.PerClient
	if credential.Known {
		perClient = verifier.Rate{} // it was allowed before, so it is no guess
	}
	denial, started := s.admit(key, credential, s.memory.lookingUp(c.policy.Lifetime, held), perClient, c.policy.Timeout, now)
	if started != nil {
		return d, started, false
	}
	if held != nil {
		held.lookDue = s.used + lookAgain
		return heldOn(d), nil, true
	}
	d.Denial = denial
	return d, nil, denial.Reason == verifier.Throttled
}

// heldOn is the decision of an entry that holds on, though it was to be looked up again.
func heldOn(d verifier.Decision) verifier.Decision {
	d.Remembered = true
	d.Stale = true
	return d
}

// lookup finds an answer that holds: that the credential is barred, an entry that has
// not ended, a remembered denial, a rate limit, or that there was no answer a moment ago.
// (A login drops the denials before it.) An answer from the future shows that the clock was set
// back; since its age is unknown, it does not hold. The caller holds the lock.
func (c *Cache) lookup(key [32]byte, credential verifier.Credential, now time.Time) (d verifier.Decision, held *entry, found bool) {
	s := c.scope
	if (s.answers.barring || s.logins != nil || s.memory != nil) && s.isBarred(credential) {
		return verifier.Decision{Denial: verifier.Denial{Reason: verifier.Invalid}}, nil, true
	}
	up := s.clock.Uptime()
	s.noticeSetBack(now.Sub(s.began) - up)
	if e := s.answers.entry(key); e != nil && !now.Before(e.asked) {
		end := e.end(c.policy.Lifetime)
		if now.Before(end) && up-e.seen < end.Sub(e.asked) {
			d = verifier.Decision{Allowed: true, Identity: e.identity, Expires: end, Answer: e.answer, Provisional: e.provisional}
			if !s.memory.holds(e, up) {
				return d, e, false
			}
			if e.provisional {
				s.askAgain(key, credential, e, c.policy.Lifetime, now)
			}
			return d, nil, true
		}
	}
	r := s.answers.refusal(key)
	if r != nil && !now.Before(r.asked) && now.Sub(r.asked) < c.policy.NegativeLifetime {
		return verifier.Decision{Denial: r.denial, Answer: r.answer}, nil, true
	}
	if r = s.answers.rateLimit(s.keys.quotaOf(credential), now); r != nil {
		return r.repeated(now), nil, true
	}
	if r = s.answers.pause(key, now); r != nil {
		return r.paused(now), nil, true
	}
	return verifier.Decision{}, nil, false
}

// wait returns what a flight brings, as this instance's policy sees it.
func (c *Cache) wait(ctx context.Context, f *flight, first bool) (d verifier.Decision, ended bool, err error) {
	r := f.wait(ctx)
	d = r.decision
	d.Fresh = first
	if r.entry != nil {
		d.Expires = r.entry.end(c.policy.Lifetime)
		ended = r.recalled && !c.scope.now().Before(d.Expires)
	}
	return d, ended, r.err
}

// Fingerprint names a credential in logs by twelve digits, which mean nothing elsewhere.
func (c *Cache) Fingerprint(credential verifier.Credential) string {
	return c.scope.keys.fingerprint(credential)
}

// Prebuilt returns the response to an allowed request that is prebuilt for a line; nil:
// there is none that was made from the answer of that number and still holds.
func (c *Cache) Prebuilt(line [32]byte, answer int64) *Prebuilt {
	s := c.scope
	s.mu.Lock()
	defer s.mu.Unlock()
	p := c.fastPath.Answers[line]
	if p == nil || p.answer != answer || p.Status != 0 || s.now().Sub(s.began) >= p.Until {
		return nil
	}
	return p
}

// Prebuild puts an answer into the fast path, for the next request with the same
// line: p has names, values, status and body; the rest is filled in here. It does
// nothing if the answer of that decision is no longer the remembered one.
func (c *Cache) Prebuild(credential verifier.Credential, d verifier.Decision, line [32]byte, p *Prebuilt) {
	s := c.scope
	key := s.keys.of(credential)
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.fastPath.closed {
		return
	}
	if (s.answers.barring || s.memory != nil) && s.isBarred(credential) {
		return
	}
	held := s.answers.allowed
	if !d.Allowed {
		held = s.answers.denied
	}
	place := held.items[key]
	if place == nil {
		return
	}
	i := place.Value.(*item)
	if i.number() != d.Answer || !s.memory.mayPrebuild(i.entry) {
		return
	}
	from, until := i.validity(d, c.policy)
	i.prebuilt = append(c.fastPath.evictOldest(i.prebuilt, line), fastEntry{fastPath: c.fastPath, line: line})
	p.From = from.Sub(s.began)
	p.Until = until.Sub(s.began)
	p.RepeatUntil = expired
	if p.Status != 0 {
		p.RepeatUntil = p.Until
		p.Until = expired
	}
	p.Order, p.Place = held.order, place
	p.answer = d.Answer
	c.fastPath.Answers[line] = p
}

// Explain says, for a trace, what is remembered of a credential, as Verify is about to find
// it. It changes nothing, and asks nobody. What Verify then decides says whether it was that.
func (c *Cache) Explain(credential verifier.Credential) string {
	key := c.scope.keys.of(credential)
	why := c.scope.explain(key, credential, c.policy)
	return why
}
