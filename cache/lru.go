package cache

import "container/list"

// lru holds a bounded number of answers by key, the least recently used leaving
// first. It is ours, and no library's, since a hit is to tell it by one call into
// compiled code: order.MoveToFront. The scope's lock guards it.
type lru struct {
	size  int
	order *list.List // of *slot; the most recently used in front
	items map[[32]byte]*list.Element
}

// item is one answer's place: a yes or a no.
type item struct {
	key      [32]byte
	entry    *entry
	refusal  *refusal
	prebuilt []fastEntry // where it stands ready
}

func newLRU(size int) *lru {
	return &lru{size: size, order: list.New(), items: map[[32]byte]*list.Element{}}
}

// find returns a key's slot, which counts as a use; nil: there is none.
func (r *lru) find(key [32]byte) *item {
	place := r.items[key]
	if place == nil {
		return nil
	}
	r.order.MoveToFront(place)
	return place.Value.(*item)
}

// put gives a key a new slot; what its old one made ready is so no more.
func (r *lru) put(s *item) {
	old := r.items[s.key]
	if old != nil {
		r.drop(old)
	}
	r.items[s.key] = r.order.PushFront(s)
	if r.order.Len() > r.size {
		r.shrink()
	}
}

func (r *lru) remove(key [32]byte) {
	place := r.items[key]
	if place != nil {
		r.drop(place)
	}
}

func (r *lru) drop(place *list.Element) {
	s := place.Value.(*item)
	r.order.Remove(place)
	delete(r.items, s.key)
	dropPrebuilt(s)
}

// resize sets the bound; what is beyond it leaves at once.
func (r *lru) resize(size int) {
	r.size = size
	r.shrink()
}

func (r *lru) shrink() {
	for r.order.Len() > r.size {
		r.drop(r.order.Back())
	}
}
