package cache

import (
	"container/list"
	"time"

	"github.com/upstreamauth/upstreamauth/telemetry/counters"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// A credential that is allowed provisionally is asked about again after firstRetry, and
// then after twice as long each time, up to lastRetry.
const (
	firstRetry = 10 * time.Second
	lastRetry  = 5 * time.Minute
)

// entry is a remembered response that allows a credential. Another response
// replaces it; only tried, retry, looked, blind and lookDue are ever written.
type entry struct {
	answer   int64 // its number, from 1; 0: it is not stored
	identity verifier.Identity
	called   time.Time // when the upstream began to be asked, at the latest
	asked    time.Time // when the upstream allowed it
	tried    time.Time // when the upstream was asked last, with any result
	issued   time.Time // when the credential was issued, otherwise first seen
	expires  time.Time // the credential's own expiry; zero: unknown

	// seen is asked as uptime. The wall clock may have been ahead then: once it has been
	// set right, it says of an entry that it is younger than it is.
	seen time.Duration

	provisional bool          // the upstream gave no answer: it is asked again
	retry       time.Duration // after tried; meaningful if provisional

	// Where a memory is shared, as uptimes: from when on it is heard if others forget it,
	// and before when it is not looked up again. blind: that look had no answer, so that
	// what others did before it is not known.
	looked  time.Duration
	lookDue time.Duration
	blind   bool
}

// refusal is a remembered denial; or, with until set, a rate limit or a denial without an
// answer of the upstream, which hold until then.
type refusal struct {
	answer int64 // its number, as an entry's; 0: it is never prebuilt
	denial verifier.Denial
	asked  time.Time
	until  time.Time
}

// repeated is the decision of a rate limit while it holds.
func (r *refusal) repeated(now time.Time) verifier.Decision {
	return verifier.Decision{Denial: verifier.Denial{
		Reason: verifier.Throttled, HTTP: r.denial.HTTP, Repeats: r.denial.Code, RetryAfter: r.until.Sub(now),
	}}
}

// paused is the decision about a credential without an answer, until it is asked about
// again. Where the upstream has named a time, the client gets what is left of it.
func (r *refusal) paused(now time.Time) verifier.Decision {
	d := verifier.Decision{Denial: r.denial}
	named := r.denial.RetryAfter - now.Sub(r.asked)
	d.Denial.RetryAfter = r.until.Sub(now)
	if named > d.Denial.RetryAfter {
		d.Denial.RetryAfter = named
	}
	return d
}

// item is one element of an lru: an entry or a refusal.
type item struct {
	key      [32]byte
	token    [32]byte      // the token's name for the upstream; zero: it has none
	named    *list.Element // its place in the lru's list of that token
	entry    *entry
	refusal  *refusal
	prebuilt []fastEntry // made from it, and dropped with it
}

// number is that of the answer that an item holds.
func (i *item) number() int64 {
	if i.refusal != nil {
		return i.refusal.answer
	}
	return i.entry.answer
}

// trimmedByPut is how many items make room for a new one at most: more than one, so that
// an lru whose bound was lowered gets there.
const trimmedByPut = 4

// lru holds a bounded number of items by key and drops the least recently used
// first. It is not a library's, because the hit path marks an item as used by a
// single call into compiled code: order.MoveToFront. The scope's lock guards it.
type lru struct {
	size  int
	order *list.List // of *item; the most recently used in front
	items map[[32]byte]*list.Element

	evicted int64

	tokens map[[32]byte]*list.List // of *item, by token or tag: anybody can spell one in many ways
}

func newLRU(size int) *lru {
	return &lru{size: size, order: list.New(), items: map[[32]byte]*list.Element{}, tokens: map[[32]byte]*list.List{}}
}

// emptied returns one without items in the place of this one.
func (l *lru) emptied() *lru {
	other := newLRU(l.size)
	other.evicted = l.evicted
	return other
}

// find returns a key's item and marks it as used; nil: there is none.
func (l *lru) find(key [32]byte) *item {
	place := l.items[key]
	if place == nil {
		return nil
	}
	l.order.MoveToFront(place)
	return place.Value.(*item)
}

// put replaces a key's item, and drops what was prebuilt from the old one.
func (l *lru) put(i *item) {
	old := l.items[i.key]
	if old != nil {
		l.drop(old)
	}
	l.items[i.key] = l.order.PushFront(i)
	if l.order.Len() > l.size {
		l.trim(trimmedByPut)
	}
}

// holding returns a key's refusal, if its until is not over. One from the future shows
// that the clock was set back: it counts as expired.
func (l *lru) holding(key [32]byte, now time.Time) *refusal {
	found := l.find(key)
	if found == nil {
		return nil
	}
	r := found.refusal
	if now.Before(r.asked) || !now.Before(r.until) {
		return nil
	}
	return r
}

func (l *lru) remove(key [32]byte) {
	place := l.items[key]
	if place != nil {
		l.drop(place)
	}
}

func (l *lru) drop(place *list.Element) {
	i := place.Value.(*item)
	l.order.Remove(place)
	delete(l.items, i.key)
	dropPrebuilt(i.prebuilt)
	if i.token != [32]byte{} {
		l.unname(i)
	}
}

// name has the item of a key found by its token, too.
func (l *lru) name(key, token [32]byte) {
	place := l.items[key]
	if place == nil {
		return
	}
	i := place.Value.(*item)
	if i.token == token || token == [32]byte{} {
		return
	}
	if i.token != [32]byte{} {
		l.unname(i)
	}
	all := l.tokens[token]
	if all == nil {
		all = list.New()
		l.tokens[token] = all
	}
	i.token = token
	i.named = all.PushBack(i)
}

// unname is the reverse of name.
func (l *lru) unname(i *item) {
	all := l.tokens[i.token]
	all.Remove(i.named)
	if all.Len() == 0 {
		delete(l.tokens, i.token)
	}
}

// keysOf are the keys of the items of a token: at most that many.
func (l *lru) keysOf(token [32]byte, most int) [][32]byte {
	var keys [][32]byte
	all := l.tokens[token]
	if all == nil {
		return nil
	}
	for e := all.Front(); e != nil && len(keys) < most; e = e.Next() {
		keys = append(keys, e.Value.(*item).key)
	}
	return keys
}

// trim drops at most that many items that are beyond the bound, and returns how many of
// them it did not need to drop.
func (l *lru) trim(most int) int {
	for most > 0 && l.order.Len() > l.size {
		l.drop(l.order.Back())
		l.evicted++
		most--
	}
	return most
}

func (l *lru) state() counters.Entries {
	return counters.Entries{Held: len(l.items), Size: l.size, Evicted: l.evicted}
}

// decision is the one that an entry stands for.
func (e *entry) decision() verifier.Decision {
	return verifier.Decision{Allowed: true, Identity: e.identity, Issued: e.issued, Expires: e.expires, Provisional: e.provisional}
}

// end is when an entry ends for an instance: lifetime after the issue, but
// never after the credential's own expiry. A credential that the upstream allowed
// although its lifetime was over counts as first seen then: for one more lifetime.
func (e *entry) end(lifetime time.Duration) time.Time {
	end := e.issued.Add(lifetime)
	if !end.After(e.asked) {
		end = e.asked.Add(lifetime)
	}
	if !e.expires.IsZero() && e.expires.Before(end) {
		end = e.expires
	}
	return end
}
