package cache

import (
	"container/list"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// entry is a remembered response that allows a credential. Another response
// replaces it; only tried is ever written.
type entry struct {
	answer   int64 // its number, from 1; 0: it is not stored
	identity verifier.Identity
	asked    time.Time // when the upstream allowed it
	tried    time.Time // when the upstream was asked last, with any result
	issued   time.Time // when the credential was issued, otherwise first seen
	expires  time.Time // the credential's own expiry; zero: unknown
}

// refusal is a remembered denial; or, with until set, a remembered rate limit.
type refusal struct {
	answer int64 // its number, as an entry's; 0: it is never prebuilt
	denial verifier.Denial
	asked  time.Time
	until  time.Time
}

// item is one element of an lru: an entry or a refusal.
type item struct {
	key      [32]byte
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

// lru holds a bounded number of items by key and drops the least recently used
// first. It is not a library's, because the hit path marks an item as used by a
// single call into compiled code: order.MoveToFront. The scope's lock guards it.
type lru struct {
	size  int
	order *list.List // of *item; the most recently used in front
	items map[[32]byte]*list.Element
}

func newLRU(size int) *lru {
	return &lru{size: size, order: list.New(), items: map[[32]byte]*list.Element{}}
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
		l.shrink()
	}
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
}

// resize sets the bound and drops at once what is beyond it.
func (l *lru) resize(size int) {
	l.size = size
	l.shrink()
}

func (l *lru) shrink() {
	for l.order.Len() > l.size {
		l.drop(l.order.Back())
	}
}
