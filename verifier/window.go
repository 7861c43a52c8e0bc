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

// half is what refused calls may take of a shared budget; all of a budget of one call.
func (r Rate) half() Rate {
	calls := r.Calls / 2
	if calls == 0 {
		calls = r.Calls
	}
	return Rate{Calls: calls, Period: r.Period}
}

// share is what refused calls of one client may take of a shared budget of which all
// refused calls may take half: a tenth, but three calls at least, since people mistype.
func (r Rate) share(half int) int {
	share := r.Calls / 10
	if share < 3 {
		share = 3
	}
	if share > half {
		share = half
	}
	return share
}

// Window counts the calls of one name in a fixed period, which begins with the first
// counted call. Its owner's lock guards it.
type Window struct {
	started time.Time // zero: nothing has been counted
	calls   int
	refused int // by the upstream, of those calls
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

// remaining is how long the period still lasts.
func (w *Window) remaining(period time.Duration, now time.Time) time.Duration {
	return w.started.Add(period).Sub(now)
}

// start begins the period, unless it has begun.
func (w *Window) start(now time.Time) {
	if w.started.IsZero() {
		w.started = now
	}
}

// Windows holds a window for each of a bounded number of names and periods, as a
// segmented LRU: a name counted once is on probation, a name counted again is
// protected, so that a flood of new names evicts no window in use. A window is made
// when something is counted, not when a name is asked about: questions that cost
// their sender nothing must not push out what others have spent. Names are keys and
// accounts, so it stores their digests, which only this process can compute. The
// owner's lock guards it.
type Windows struct {
	secret    string
	probation *simplelru.LRU // [32]byte to *Window
	protected *simplelru.LRU
	pending   map[[32]byte]int // calls in flight that may yet be refused
}

// maxWindows is how many windows each segment holds.
const maxWindows = 10000

// NewWindows returns an empty set of windows.
func NewWindows() *Windows {
	return &Windows{secret: newSecret(), probation: newLRU(), protected: newLRU(), pending: map[[32]byte]int{}}
}

// newSecret makes the secret that digests are keyed by.
func newSecret() string {
	secret := make([]byte, sha256.Size)
	if _, err := rand.Read(secret); err != nil {
		panic("no randomness: " + err.Error())
	}
	return string(secret)
}

// newLRU returns one segment. It is golang-lru's first version, since the interpreter
// cannot load the generic second one.
func newLRU() *simplelru.LRU {
	lru, err := simplelru.NewLRU(maxWindows, nil)
	if err != nil {
		panic(err.Error()) // unreachable: the size is positive
	}
	return lru
}

// Wait returns how long a call of a name that may be refused has to wait: the limit
// holds for refused calls, and each call in flight may become one.
func (s *Windows) Wait(name string, limit Rate, now time.Time) time.Duration {
	key := s.key(name, limit)
	refused := 0
	w := s.find(key)
	if w != nil {
		w.roll(limit.Period, now)
		refused = w.refused
	}
	if refused >= limit.Calls {
		return w.remaining(limit.Period, now)
	}
	if refused+s.pending[key] >= limit.Calls {
		return time.Second // by then, one of the calls in flight may have ended
	}
	return 0
}

// Begin counts a call of a name as in flight.
func (s *Windows) Begin(name string, limit Rate) {
	s.pending[s.key(name, limit)]++
}

// End ends what Begin began, and counts a refusal.
func (s *Windows) End(name string, refused bool, limit Rate, now time.Time) {
	key := s.key(name, limit)
	s.pending[key]--
	if s.pending[key] <= 0 {
		delete(s.pending, key)
	}
	if refused {
		w := s.count(key)
		w.roll(limit.Period, now)
		w.start(now)
		w.refused++
	}
}

// find returns the window of a key; nil: nothing was counted.
func (s *Windows) find(key [32]byte) *Window {
	value, found := s.protected.Get(key)
	if !found {
		value, found = s.probation.Peek(key)
	}
	if !found {
		return nil
	}
	return value.(*Window)
}

// count returns the window of a key for something that is counted in it now.
func (s *Windows) count(key [32]byte) *Window {
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

// enter returns the window of a key for a call, and leaves it on probation, if it is
// there: calls alone do not show that a name is in use, since anybody can make them up.
func (s *Windows) enter(key [32]byte) *Window {
	value, found := s.protected.Get(key)
	if !found {
		value, found = s.probation.Get(key)
	}
	if found {
		return value.(*Window)
	}
	w := &Window{}
	s.probation.Add(key, w)
	return w
}

// protect takes the window of a key, if there is one, off probation.
func (s *Windows) protect(key [32]byte) {
	value, found := s.probation.Peek(key)
	if found {
		s.probation.Remove(key)
		s.protected.Add(key, value)
	}
}

// protects tells whether the window of a key is off probation.
func (s *Windows) protects(key [32]byte) bool { return s.protected.Contains(key) }

// key stands for a name under limits of one period: routes with other periods count
// for themselves, so that none of them can end or stretch another's period.
func (s *Windows) key(name string, limit Rate) [32]byte {
	return sha256.Sum256([]byte(s.secret + limit.Period.String() + " " + name))
}
