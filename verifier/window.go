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
	started time.Time // zero: nothing has been counted
	calls   int
	refused int // by the upstream, of those calls
	pending int // calls under way that may yet be refused
}

// roll begins anew where the window is over. A clock that was set back moves
// the window, so that it is not over later than a period from now.
func (w *Window) roll(period time.Duration, now time.Time) {
	age := now.Sub(w.started)
	if w.started.IsZero() || age >= period {
		w.started = time.Time{}
		w.calls, w.refused = 0, 0
		return
	}
	if age < 0 {
		w.started = now
	}
}

// remaining is what is left of the window.
func (w *Window) remaining(period time.Duration, now time.Time) time.Duration {
	return w.started.Add(period).Sub(now)
}

// Wait returns how long a call that may be refused has to wait: the limit holds
// for refused calls, and until it has landed each may become one.
func (w *Window) Wait(limit Rate, now time.Time) time.Duration {
	w.roll(limit.Period, now)
	if w.refused >= limit.Calls {
		return w.remaining(limit.Period, now)
	}
	if w.refused+w.pending >= limit.Calls {
		return time.Second
	}
	return 0
}

// Begin counts a call as under way.
func (w *Window) Begin() {
	w.pending++
}

// End ends what Depart began.
func (w *Window) End(refused bool, limit Rate, now time.Time) {
	w.pending--
	if refused {
		w.roll(limit.Period, now)
		w.start(now)
		w.refused++
	}
}

func (w *Window) start(now time.Time) {
	if w.started.IsZero() {
		w.started = now
	}
}

// Windows holds a window for each of a bounded number of names. Names that came
// up once have a room of their own, so that a flood of new ones pushes out no
// window in use. No name is kept, but a digest of it that only this process
// can compute. The owner's lock guards it.
type Windows struct {
	secret    string
	probation *simplelru.LRU // [32]byte to *Window
	protected *simplelru.LRU
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
	return &Windows{secret: string(secret), probation: newLRU(), protected: newLRU()}
}

func newLRU() *simplelru.LRU {
	room, err := simplelru.NewLRU(maxWindows, nil)
	if err != nil {
		panic(err.Error())
	}
	return room
}

// At returns the window of a name.
func (s *Windows) At(name string) *Window {
	key := s.digest(name)
	value, found := s.protected.Get(key)
	if found {
		return value.(*Window)
	}
	value, found = s.probation.Peek(key)
	if found {
		s.probation.Remove(key)
		s.protected.Add(key, value)
		return value.(*Window)
	}
	w := &Window{}
	s.probation.Add(key, w)
	return w
}

func (s *Windows) digest(name string) [32]byte {
	return sha256.Sum256([]byte(s.secret + name))
}
