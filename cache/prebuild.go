package cache

import (
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// Prebuilt returns the response to an allowed request that is prebuilt for a line,
// if it was made from the answer of that number and still holds; otherwise nil.
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
	held := s.answers.allowed
	if !d.Allowed {
		held = s.answers.denied
	}
	place := held.items[key]
	if place == nil {
		return
	}
	i := place.Value.(*item)
	if i.number() != d.Answer {
		return
	}
	from, until := c.validity(i, d)
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

// validity is from when and until when the hit path may use an item's answer.
func (c *Cache) validity(i *item, d verifier.Decision) (from, until time.Time) {
	if i.refusal != nil {
		from = i.refusal.asked
		until = from.Add(c.policy.NegativeLifetime)
		return from, until
	}
	e := i.entry
	until = d.Expires
	due := e.tried.Add(c.policy.Revalidate)
	if c.policy.Revalidate > 0 && due.Before(until) {
		until = due // then a request has to pass through Verify, which revalidates
	}
	return e.asked, until
}
