package shared

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/simplelru"
)

// marks are what was heard, or read, of tokens: that others have barred them, or that logins
// have issued them. What was barred stays so until its end, also when the memory has lost
// it. The table is bounded; what was asked for or added longest ago is dropped first.
type marks struct {
	now    func() time.Time
	uptime func() time.Duration

	mu     sync.Mutex
	byName *simplelru.LRU // [32]byte to *held
}

// held is one mark. As in package logins, it ends when it has both by the wall clock and by
// the uptime.
type held struct {
	at   time.Time
	end  time.Time
	seen time.Duration
	left time.Duration
}

func newMarks(now func() time.Time, uptime func() time.Duration) *marks {
	byName, err := simplelru.NewLRU(maxMarks, nil)
	if err != nil {
		panic(err.Error()) // unreachable: the size is positive
	}
	return &marks{now: now, uptime: uptime, byName: byName}
}

// add takes a mark in, unless a later one is known.
func (t *marks) add(name [32]byte, m mark) {
	added := &held{at: m.at, end: m.end, seen: t.uptime()}
	added.left = m.end.Sub(t.now())
	t.mu.Lock()
	defer t.mu.Unlock()
	value, found := t.byName.Peek(name)
	if found && value.(*held).at.After(m.at) {
		return
	}
	t.byName.Add(name, added)
}

// any tells whether there is any.
func (t *marks) any() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.byName.Len() > 0
}

// since is the instant of a mark; the zero instant: there is none, or it has ended.
func (t *marks) since(name [32]byte) time.Time {
	now, up := t.now(), t.uptime()
	t.mu.Lock()
	defer t.mu.Unlock()
	value, found := t.byName.Get(name)
	if !found {
		return time.Time{}
	}
	one := value.(*held)
	if up-one.seen >= one.left && !now.Before(one.end) {
		return time.Time{}
	}
	at := one.at
	return at
}
