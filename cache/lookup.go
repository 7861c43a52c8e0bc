package cache

import (
	"context"
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
}

// Verify returns the remembered answer; otherwise it asks the upstream, in one
// flight for all callers that present the credential meanwhile. The flight goes on
// when the caller that started it leaves. A caller waits until ctx ends, and never
// for longer than its own instance's timeout.
//
// client returns the address that is charged for the flight if the credential is
// denied. It is called at most once, and only where Policy.PerClient is set.
//
// The error is ErrPanic, another one where the upstream could not be asked, or
// nil; a denial is no error. Decision.Answer numbers the answer for Prebuild; it is
// 0 where there is none to prebuild.
func (c *Cache) Verify(ctx context.Context, credential verifier.Credential, client func() string) (verifier.Decision, error) {
	key := c.scope.keys.of(credential)
	address := ""
	if c.policy.PerClient.Calls > 0 {
		address = client() // before the lock is taken: the header that it is read from may be long
	}
	d, f, first := c.begin(key, credential, address)
	if f == nil {
		if d.Denial.Reason == verifier.Unavailable {
			c.scope.reportSaturated()
		}
		return d, nil
	}
	if f.timeout > c.policy.Timeout {
		limited, cancel := context.WithTimeout(ctx, c.policy.Timeout)
		defer cancel()
		return c.wait(limited, f, first)
	}
	return c.wait(ctx, f, first)
}

// begin returns the remembered answer; or the flight to wait for, and whether this
// caller started it; or, without a flight, why none may start. It is all done
// under the lock under which flights finish, so that a caller finds either the
// flight or what it left behind.
func (c *Cache) begin(key [32]byte, credential verifier.Credential, client string) (d verifier.Decision, f *flight, first bool) {
	s := c.scope
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.used = now
	bound := maxFlights
	if s.logins != nil || s.answers.mayHold(key) {
		found := false
		d, found = c.lookup(key, credential, now)
		if found {
			if d.Allowed && c.policy.Revalidate > 0 {
				s.revalidate(key, credential, c.policy.Revalidate, now)
			}
			return d, nil, false
		}
		credential = c.recognize(key, credential, now)
		if !credential.Issued.IsZero() {
			bound = 2 * maxFlights // most of these end without a call, however many others hang
		}
	}
	f = s.flights.find(key, now)
	if f != nil {
		return d, f, false
	}
	perClient := c.policy.PerClient
	if credential.Known {
		perClient = verifier.Rate{} // it was allowed before, so it is no guess
	}
	d.Denial, f = s.flights.start(key, client, perClient, bound, s.members.timeout, now)
	if f != nil {
		go s.run(key, credential, f)
	}
	return d, f, true
}

// recognize marks a credential that is to be checked anew, but was allowed before
// or issued by a login that is trusted. The caller holds the lock.
func (c *Cache) recognize(key [32]byte, credential verifier.Credential, now time.Time) verifier.Credential {
	credential.Known = c.scope.answers.entry(key) != nil
	issued := c.scope.loginOf(credential)
	if issued != nil && now.Before(issued.at.Add(c.policy.Lifetime)) {
		credential.Known, credential.Issued = true, issued.at
	}
	return credential
}

// lookup finds an answer that holds: an entry that has not ended, a remembered
// denial, or a rate limit. An answer from the future shows that the clock was set
// back; since its age is unknown, it does not hold. The caller holds the lock.
func (c *Cache) lookup(key [32]byte, credential verifier.Credential, now time.Time) (verifier.Decision, bool) {
	s := c.scope
	if e := s.answers.entry(key); e != nil && !now.Before(e.asked) {
		end := e.end(c.policy.Lifetime)
		if now.Before(end) {
			return verifier.Decision{Allowed: true, Identity: e.identity, Expires: end, Answer: e.answer}, true
		}
	}
	issued := s.loginOf(credential)
	if issued != nil && issued.blocked {
		return verifier.Decision{Denial: verifier.Denial{Reason: verifier.Invalid}}, true
	}
	r := s.answers.refusal(key)
	if r != nil && (issued == nil || issued.at.Before(r.asked)) && !now.Before(r.asked) && now.Sub(r.asked) < c.policy.NegativeLifetime {
		return verifier.Decision{Denial: r.denial, Answer: r.answer}, true
	}
	if r = s.answers.rateLimit(s.keys.quotaOf(credential), now); r != nil {
		d := verifier.Denial{Reason: verifier.Throttled, HTTP: r.denial.HTTP, Repeats: r.denial.Code, RetryAfter: r.until.Sub(now)}
		return verifier.Decision{Denial: d}, true
	}
	return verifier.Decision{}, false
}

// wait returns what a flight brings, as this instance's policy sees it.
func (c *Cache) wait(ctx context.Context, f *flight, first bool) (verifier.Decision, error) {
	r := f.wait(ctx)
	d := r.decision
	d.Fresh = first
	if r.entry != nil {
		d.Expires = r.entry.end(c.policy.Lifetime)
	}
	return d, r.err
}

// Forget drops what is remembered of a credential, also in other scopes that
// trust the same logins. A check of it that is under way no longer allows it.
func (c *Cache) Forget(credential verifier.Credential) {
	logins := c.scope.trusts()
	if logins != nil {
		logins.Forget(credential.Token)
		return
	}
	c.scope.forget(credential)
}

// Fingerprint names a credential in logs by twelve hexadecimal digits, which mean
// nothing outside this process.
func (c *Cache) Fingerprint(credential verifier.Credential) string {
	return c.scope.keys.fingerprint(credential)
}
