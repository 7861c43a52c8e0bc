package cache

import (
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// maxTrimmed is how many answers are dropped in one turn of the lock, for which requests with
// a prebuilt answer wait.
const maxTrimmed = 50

// minPause and maxPause bound how long a credential that got no answer is not asked about.
const (
	minPause = time.Second
	maxPause = 10 * time.Second
)

// store holds the answers of a scope, each sort with a bound of its own, so that
// a flood of fake credentials evicts no valid one. What has expired is found out
// when it is read. The scope's lock guards it.
type store struct {
	allowed *lru  // entries, by credential
	denied  *lru  // refusals, by credential
	limited *lru  // refusals with until, by quota
	paused  *lru  // refusals with until, by credential: those that got no answer
	last    int64 // the number of the last answer
	barring bool  // tokens of the upstream are barred
}

func newStore(size, negativeSize int) *store {
	return &store{allowed: newLRU(size), denied: newLRU(negativeSize), limited: newLRU(negativeSize), paused: newLRU(negativeSize)}
}

// emptied returns a store without answers in the place of this one: with its bounds, with what
// was counted, and with the rate limits, which are no answers. Numbers go on.
func (s *store) emptied() *store {
	return &store{allowed: s.allowed.emptied(), denied: s.denied.emptied(), limited: s.limited, paused: s.paused.emptied(), last: s.last, barring: s.barring}
}

// mayHold tells, more cheaply than the lookups do, whether any of them can find
// something for a credential. The key is its own, not its quota's.
func (s *store) mayHold(key [32]byte) bool {
	return s.barring || s.allowed.items[key] != nil || s.denied.items[key] != nil || s.paused.items[key] != nil || len(s.limited.items) > 0
}

func (s *store) entry(key [32]byte) *entry {
	found := s.allowed.find(key)
	if found == nil {
		return nil
	}
	return found.entry
}

func (s *store) refusal(key [32]byte) *refusal {
	found := s.denied.find(key)
	if found == nil {
		return nil
	}
	return found.refusal
}

// rateLimit returns the rate limit remembered of a quota, if it holds now. One
// from the future shows that the clock was set back: it counts as expired.
func (s *store) rateLimit(quota [32]byte, now time.Time) *refusal {
	return s.limited.holding(quota, now)
}

// pause returns the denial of a credential that got no answer, while it is not asked
// about again.
func (s *store) pause(key [32]byte, now time.Time) *refusal {
	return s.paused.holding(key, now)
}

// postpone remembers that a credential got no answer: it is not asked about again for a
// second, and for twice as long each time while it goes on.
func (s *store) postpone(key [32]byte, denial verifier.Denial, now time.Time) {
	length := minPause
	last := s.paused.find(key)
	if last != nil && !now.Before(last.refusal.asked) && now.Sub(last.refusal.until) < maxPause {
		length = 2 * last.refusal.until.Sub(last.refusal.asked)
	}
	if length > maxPause {
		length = maxPause
	}
	s.paused.put(&item{key: key, refusal: &refusal{denial: denial, asked: now, until: now.Add(length)}})
}

// allow replaces what is remembered of a credential by an entry and returns it.
// An entry that has expired already is returned, but not stored.
func (s *store) allow(key [32]byte, d verifier.Decision, now time.Time) *entry {
	e := &entry{identity: d.Identity, asked: now, tried: now, issued: d.Issued, expires: d.Expires}
	if d.Provisional {
		e.provisional = true
		e.retry = s.retryAfter(key, d.Denial.RetryAfter)
	}
	if d.Issued.IsZero() {
		e.issued = s.firstSeen(key, now)
	}
	if !d.Expires.IsZero() && !now.Before(d.Expires) {
		s.allowed.remove(key)
		return e
	}
	s.last++
	e.answer = s.last
	s.denied.remove(key)
	s.paused.remove(key)
	s.allowed.put(&item{key: key, entry: e})
	return e
}

// retryAfter is how long after now a credential that is allowed provisionally is asked
// about again: at first firstRetry, later what the entry before has come to, and never
// before the upstream may be called again.
func (s *store) retryAfter(key [32]byte, atLeast time.Duration) time.Duration {
	retry := firstRetry
	place := s.allowed.items[key]
	if place != nil {
		old := place.Value.(*item).entry
		if old.provisional {
			retry = old.retry
		}
	}
	if atLeast > retry {
		return atLeast
	}
	return retry
}

// firstSeen is when a credential whose issue is unknown was seen first: checking
// it again does not make it younger.
func (s *store) firstSeen(key [32]byte, now time.Time) time.Time {
	place := s.allowed.items[key]
	if place == nil {
		return now
	}
	old := place.Value.(*item).entry
	if now.Before(old.issued) {
		return now
	}
	return old.issued
}

// deny replaces what is remembered of a credential by a denial.
func (s *store) deny(key [32]byte, denial verifier.Denial, now time.Time) {
	s.last++
	s.allowed.remove(key)
	s.paused.remove(key)
	s.denied.put(&item{key: key, refusal: &refusal{answer: s.last, denial: denial, asked: now}})
}

// limit remembers a rate limit for as long as the upstream asked to wait.
func (s *store) limit(quota [32]byte, denial verifier.Denial, now time.Time) {
	until := now.Add(denial.RetryAfter)
	s.limited.put(&item{key: quota, refusal: &refusal{denial: denial, asked: now, until: until}})
}

// adopt stores an entry that others have learned.
func (s *store) adopt(key [32]byte, e *entry) {
	s.last++
	e.answer = s.last
	s.denied.remove(key)
	s.paused.remove(key)
	s.allowed.put(&item{key: key, entry: e})
}

// name has the answers to a credential found by its token, too.
func (s *store) name(key, token [32]byte) {
	s.allowed.name(key, token)
	s.denied.name(key, token)
	s.paused.name(key, token)
}

// keysOf are the keys of the answers to the credentials of a token, of those that allow
// first: at most that many.
func (s *store) keysOf(token [32]byte, most int) [][32]byte {
	keys := s.allowed.keysOf(token, most)
	keys = append(keys, s.denied.keysOf(token, most-len(keys))...)
	return append(keys, s.paused.keysOf(token, most-len(keys))...)
}

// forget drops what is remembered of a credential.
func (s *store) forget(key [32]byte) {
	s.allowed.remove(key)
	s.denied.remove(key)
	s.paused.remove(key)
}

// resize sets all bounds. What is beyond them goes with trim, and with what is put in.
func (s *store) resize(size, negativeSize int) {
	s.allowed.size = size
	s.denied.size = negativeSize
	s.limited.size = negativeSize
	s.paused.size = negativeSize
}

// fits tells whether nothing is beyond the bounds.
func (s *store) fits() bool {
	return s.allowed.order.Len() <= s.allowed.size && s.denied.order.Len() <= s.denied.size &&
		s.limited.order.Len() <= s.limited.size && s.paused.order.Len() <= s.paused.size
}

// trim drops at most that many of the answers that are beyond the bounds, and tells
// whether nothing is beyond them any more.
func (s *store) trim(most int) bool {
	left := s.allowed.trim(most)
	left = s.denied.trim(left)
	left = s.limited.trim(left)
	left = s.paused.trim(left)
	return left > 0
}

// validity is from when and until when the hit path may use an item's answer.
func (i *item) validity(d verifier.Decision, p Policy) (from, until time.Time) {
	if i.refusal != nil {
		from = i.refusal.asked
		until = from.Add(p.NegativeLifetime)
		return from, until
	}
	e := i.entry
	until = d.Expires
	due := e.tried.Add(p.Revalidate)
	if p.Revalidate > 0 && due.Before(until) {
		until = due // then a request has to pass through Verify, which revalidates
	}
	due = e.tried.Add(e.retry)
	if e.provisional && due.Before(until) {
		until = due // likewise
	}
	return e.asked, until
}
