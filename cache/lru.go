package cache

import "container/list"

// room holds a bounded number of answers by key, the least recently used leaving
// first. It is ours, and no library's, since a hit is to tell it by one call into
// compiled code: order.MoveToFront. The scope's lock guards it.
type room struct {
	size  int
	order *list.List // of *slot; the most recently used in front
	slots map[[32]byte]*list.Element
}

// slot is one answer's place: a yes or a no.
type slot struct {
	key     [32]byte
	entry   *entry
	refusal *refusal
	hot     []hotLine // where it stands ready
}

func newRoom(size int) *room {
	return &room{size: size, order: list.New(), slots: map[[32]byte]*list.Element{}}
}

// find returns a key's slot, which counts as a use; nil: there is none.
func (r *room) find(key [32]byte) *slot {
	place := r.slots[key]
	if place == nil {
		return nil
	}
	r.order.MoveToFront(place)
	return place.Value.(*slot)
}

// put gives a key a new slot; what its old one made ready is so no more.
func (r *room) put(s *slot) {
	old := r.slots[s.key]
	if old != nil {
		r.drop(old)
	}
	r.slots[s.key] = r.order.PushFront(s)
	if r.order.Len() > r.size {
		r.shrink()
	}
}

func (r *room) remove(key [32]byte) {
	place := r.slots[key]
	if place != nil {
		r.drop(place)
	}
}

func (r *room) drop(place *list.Element) {
	s := place.Value.(*slot)
	r.order.Remove(place)
	delete(r.slots, s.key)
	cool(s)
}

// resize sets the bound; what is beyond it leaves at once.
func (r *room) resize(size int) {
	r.size = size
	r.shrink()
}

func (r *room) shrink() {
	for r.order.Len() > r.size {
		r.drop(r.order.Back())
	}
}
