package shared

import (
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/simplelru"

	"github.com/upstreamauth/upstreamauth/cache/redis"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// Take counts one call to an upstream, with those of all others, under a limit of a fixed
// window that begins with its first call. name is whose calls are counted, such as an
// application key. wait is what is left of the window where the limit is spent, and 0 where
// the call is granted; counted is false where the memory does not answer. Each caller obeys
// its own limit over the count of all whose window is as long. While the memory does not
// answer, calls are counted on from what it said last.
func (s *Store) Take(n *Names, name string, limit verifier.Rate) (wait time.Duration, counted bool) {
	s.wake()
	id := named(n.scope, "budget", name, limit.Period.String())
	key := s.key(tagOf(id), budgetKind, id)
	window := px(limit.Period, farthest)
	replies := s.link.ask([][]string{
		{"SET", key, "0", "PX", window, "NX"},
		{"INCR", key},
		{"PTTL", key},
	})
	if replies == nil {
		return s.tallies.add(id, int64(limit.Calls), s.uptime())
	}
	if replies[1].Kind != redis.Integer || replies[2].Kind != redis.Integer {
		for _, r := range replies {
			if r.Kind == redis.Failed {
				s.link.health.wrote(r.Text)
			}
		}
		return s.tallies.add(id, int64(limit.Calls), s.uptime())
	}
	s.link.health.wrote("")
	left := replies[2].Number
	if left < 0 { // somebody has taken its end away
		s.link.ask([][]string{{"PEXPIRE", key, window}})
		left, _ = strconv.ParseInt(window, 10, 64)
	}
	wait = time.Duration(left) * time.Millisecond
	s.tallies.set(id, &tally{calls: replies[1].Number, end: s.uptime() + wait})
	if replies[1].Number <= int64(limit.Calls) {
		return 0, true
	}
	if wait > windowEnds {
		// It was no call, and must not spend what another route may. Not at the end of the
		// window, where a late command would count in the next one.
		s.link.ask([][]string{{"DECR", key}})
	}
	if wait <= 0 {
		wait = time.Millisecond
	}
	return wait, true
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
