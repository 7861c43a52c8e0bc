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

// Less tells whether a rate allows fewer calls in the long run than another; of two
// that allow as many, the one that allows fewer at once is less.
func (r Rate) Less(than Rate) bool {
	mine := float64(r.Calls) / float64(r.Period)
	others := float64(than.Calls) / float64(than.Period)
	return mine < others || (mine == others && r.Calls < than.Calls)
}

// half is what refused calls may take of a shared budget; of a single call, all.
func (r Rate) half() Rate {
	calls := r.Calls / 2
	if calls == 0 {
		calls = r.Calls
	}
	return Rate{Calls: calls, Period: r.Period}
}

// Window counts calls of one name in a fixed period, which begins with the first
// that counts. Its owner's lock guards it.
type Window struct {
	started time.Time // zero: nothing has been counted
	calls   int
	refused int // by the upstream, of those calls
	pending int // calls in flight that may yet be refused
}

// roll starts a new period where the last one is over. A clock that was set back
// moves the start, so that the period ends at most one period from now.
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

// remaining is the rest of the period.
func (w *Window) remaining(period time.Duration, now time.Time) time.Duration {
	return w.started.Add(period).Sub(now)
}

// Wait returns how long a call that may be refused has to wait: the limit holds
// for refused calls, and each call in flight may become one.
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

// Begin counts a call as in flight.
func (w *Window) Begin() {
	w.pending++
}

// End ends what Begin began, and counts a refusal.
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

// Windows holds a window for each of a bounded number of names, as a segmented LRU:
// a name seen once is on probation, a name seen again is protected, so that a flood
// of new names evicts no window in use. It keeps no name, but a digest that only this
// process can compute. The owner's lock guards it.
type Windows struct {
	secret    string
	probation *simplelru.LRU // [32]byte to *Window
	protected *simplelru.LRU
}

// maxWindows is how many windows each segment holds.
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
	lru, err := simplelru.NewLRU(maxWindows, nil)
	if err != nil {
		panic(err.Error()) // unreachable: the size is positive
	}
	return lru
}

// At returns the window of a name, which counts as a use of it.
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
