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

// maxTallies bounds the counts that are known: each application key may have one.
const maxTallies = 10_000

// tallies are the counts that the memory said last. The table is bounded; what was asked for
// or set longest ago is dropped first.
type tallies struct {
	mu     sync.Mutex
	byName *simplelru.LRU // [32]byte to *tally
}

// tally is one count, and when its window ends, in uptime. A call that was refused may be
// one too many in it.
type tally struct {
	calls int64
	end   time.Duration
}

func newTallies() *tallies {
	byName, err := simplelru.NewLRU(maxTallies, nil)
	if err != nil {
		panic(err.Error()) // unreachable: the size is positive
	}
	return &tallies{byName: byName}
}

func (t *tallies) set(name [32]byte, said *tally) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.byName.Add(name, said)
}

// add counts one call that the memory knows nothing of, as Take does.
func (t *tallies) add(name [32]byte, limit int64, up time.Duration) (wait time.Duration, counted bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	value, found := t.byName.Get(name)
	if !found {
		return 0, false
	}
	last := value.(*tally)
	if up >= last.end {
		return 0, false
	}
	if last.calls >= limit {
		return last.end - up, true
	}
	last.calls++
	return 0, false
}
