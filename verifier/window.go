package verifier

import (
	"crypto/rand"
	"crypto/sha256"
	"time"

	"github.com/hashicorp/golang-lru/simplelru"
)

// Rate is a number of calls per period of time. Its zero value is no limit.
type Rate struct {
	Calls  int
	Period time.Duration
}

// Less tells whether a rate allows fewer calls in the long run; of two that
// allow as many, the one that allows fewer at once.
func (r Rate) Less(than Rate) bool {
	mine := float64(r.Calls) / float64(r.Period)
	others := float64(than.Calls) / float64(than.Period)
	return mine < others || (mine == others && r.Calls < than.Calls)
}

// half is what refused calls may take of a rate; of a single call, all.
func (r Rate) half() Rate {
	calls := r.Calls / 2
	if calls == 0 {
		calls = r.Calls
	}
	return Rate{Calls: calls, Period: r.Period}
}

// Window counts calls of one name in a fixed window of time, which begins with
// the first that counts. Its owner's lock guards it.
type Window struct {
	begun   time.Time // zero: nothing has been counted
	calls   int
	refused int // by the upstream, of those calls
	flying  int // calls under way that may yet be refused
}

// turn begins anew where the window is over. A clock that was set back moves
// the window, so that it is not over later than a period from now.
func (w *Window) turn(period time.Duration, now time.Time) {
	age := now.Sub(w.begun)
	if w.begun.IsZero() || age >= period {
		w.begun = time.Time{}
		w.calls, w.refused = 0, 0
		return
	}
	if age < 0 {
		w.begun = now
	}
}

// left is what is left of the window.
func (w *Window) left(period time.Duration, now time.Time) time.Duration {
	return w.begun.Add(period).Sub(now)
}

// Wait returns how long a call that may be refused has to wait: the limit holds
// for refused calls, and until it has landed each may become one.
func (w *Window) Wait(limit Rate, now time.Time) time.Duration {
	w.turn(limit.Period, now)
	if w.refused >= limit.Calls {
		return w.left(limit.Period, now)
	}
	if w.refused+w.flying >= limit.Calls {
		return time.Second
	}
	return 0
}

// Depart counts a call as under way.
func (w *Window) Depart() {
	w.flying++
}

// Land ends what Depart began.
func (w *Window) Land(refused bool, limit Rate, now time.Time) {
	w.flying--
	if refused {
		w.turn(limit.Period, now)
		w.begin(now)
		w.refused++
	}
}

func (w *Window) begin(now time.Time) {
	if w.begun.IsZero() {
		w.begun = now
	}
}

// Windows holds a window for each of a bounded number of names. Names that came
// up once have a room of their own, so that a flood of new ones pushes out no
// window in use. No name is kept, but a digest of it that only this process
// can compute. The owner's lock guards it.
type Windows struct {
	secret string
	once   *simplelru.LRU // [32]byte to *Window
	more   *simplelru.LRU
}

// maxWindows is how many windows each room holds; the one unused for longest
// leaves first.
const maxWindows = 10000

// NewWindows returns an empty set of windows.
func NewWindows() *Windows {
	secret := make([]byte, sha256.Size)
	if _, err := rand.Read(secret); err != nil {
		panic("no randomness: " + err.Error())
	}
	return &Windows{secret: string(secret), once: newRoom(), more: newRoom()}
}

func newRoom() *simplelru.LRU {
	room, err := simplelru.NewLRU(maxWindows, nil)
	if err != nil {
		panic(err.Error())
	}
	return room
}

// At returns the window of a name.
func (s *Windows) At(name string) *Window {
	key := s.digest(name)
	value, found := s.more.Get(key)
	if found {
		return value.(*Window)
	}
	value, found = s.once.Peek(key)
	if found {
		s.once.Remove(key)
		s.more.Add(key, value)
		return value.(*Window)
	}
	w := &Window{}
	s.once.Add(key, w)
	return w
}

func (s *Windows) digest(name string) [32]byte {
	return sha256.Sum256([]byte(s.secret + name))
}
