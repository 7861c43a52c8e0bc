package verifier

import (
	"crypto/sha256"
	"strconv"
	"time"
)

// maxPeriods bounds the lengths of periods that one upstream's calls are counted in.
// Operators write them, so there are one or two; the one unused for longest leaves first.
const maxPeriods = 32

// countKept is how long after the last period that a route could have used a count
// stays, so that what other routes spent meanwhile is not forgotten.
const countKept = time.Hour

// ledger counts the calls to an upstream in periods of every length that a route has
// asked for, so that routes with other periods share one count. Its owner's lock
// guards it.
type ledger struct {
	secret  string
	counts  []*periodCount   // replaced, never changed in place: reservations hold it
	pending map[[32]byte]int // by name and by client: calls in flight that are charged
}

// periodCount is what is counted in periods of one length. A client's window begins with
// that of the name it asks under, so that both end together.
type periodCount struct {
	period  time.Duration
	used    time.Time // when a route of this period asked last
	names   *Windows  // by application key, or by the empty name that all share
	clients *Windows  // by name and client address; only refused counts
}

// reservation is one call that is taken from a budget; or, where its caller has to wait,
// that could not be.
type reservation struct {
	wait         time.Duration // 0: it is taken
	cause        string        // of a wait
	name, client [32]byte
	counts       []*periodCount // that it is counted in
	begun        []time.Time    // when the window in each of them began
	known        bool
	follows      bool // it waits for calls of its client that are in flight, of which none was refused
	charged      bool // to its client, unless it brings an allow
	allowed      bool
	refused      bool // it brought no allow
}

// Why a client has to wait, as the log has it; empty where it is for its own calls.
const (
	spentAll  = "unknown credentials get 429"
	spentHalf = "half of them brought no allow: addresses with such calls get 429"
)

func newLedger() *ledger {
	return &ledger{secret: newSecret(), pending: map[[32]byte]int{}}
}

// keys are the digests that a name, and a client under that name, are counted by.
func (l *ledger) keys(name, client string) (byName, byClient [32]byte) {
	prefix := l.secret + strconv.Itoa(len(name)) + ":" + name
	byName = sha256.Sum256([]byte(prefix))
	byClient = sha256.Sum256([]byte(prefix + " " + client))
	return byName, byClient
}

// of returns the count of a period, and opens it where a route asks for that length
// the first time. Counts that no route uses any more are dropped then.
func (l *ledger) of(period time.Duration, now time.Time) *periodCount {
	for _, a := range l.counts {
		if a.period == period {
			a.used = now
			return a
		}
	}
	opened := &periodCount{period: period, used: now, names: NewWindows(), clients: NewWindows()}
	kept := []*periodCount{opened}
	for _, a := range l.counts {
		if now.Sub(a.used) <= a.period+countKept {
			kept = append(kept, a)
		}
	}
	if len(kept) > maxPeriods {
		oldest := 1
		for i := 2; i < len(kept); i++ {
			if kept[i].used.Before(kept[oldest].used) {
				oldest = i
			}
		}
		kept = append(kept[:oldest], kept[oldest+1:]...)
	}
	l.counts = kept
	return opened
}

// wait returns how long a call has to wait under a limit, and why. Each call in flight
// may yet be refused, so it counts as refused until it ends.
func (l *ledger) wait(a *periodCount, r *reservation, limit Rate, now time.Time) (cause string, wait time.Duration) {
	w := a.names.find(r.name)
	if w == nil {
		w = &Window{}
	}
	w.roll(a.period, now)
	rest := w.remaining(a.period, now)
	if w.calls >= limit.Calls {
		return spentAll, rest
	}
	if !r.charged {
		return "", 0
	}
	if w.calls >= limit.Calls-limit.Calls/4 {
		return spentAll, rest
	}
	half := limit.half().Calls
	refused := 0
	if own := a.clients.find(r.client); own != nil && own.started.Equal(w.started) {
		refused = own.refused
	}
	share := limit.share(half)
	if refused >= share {
		return "", rest
	}
	if refused > 0 && w.refused >= half {
		return spentHalf, rest
	}
	if refused+l.pending[r.client] >= share || (refused > 0 && w.refused+l.pending[r.name] >= half) {
		r.follows = refused == 0
		return "", time.Second // by then, one of the calls in flight may have ended
	}
	return "", 0
}

// begin counts a call in all counts.
func (l *ledger) begin(r *reservation, now time.Time) {
	r.counts = l.counts
	for _, a := range r.counts {
		w := a.names.enter(r.name)
		w.roll(a.period, now)
		w.start(now)
		w.calls++
		r.begun = append(r.begun, w.started)
	}
	if r.charged {
		l.pending[r.name]++
		l.pending[r.client]++
	}
}

// undo takes back what begin has counted: the call is not made. A window that has begun anew
// meanwhile has not counted it, and what is counted there is of other calls.
func (l *ledger) undo(r *reservation) {
	if r.charged {
		l.landed(r.name)
		l.landed(r.client)
	}
	for i, a := range r.counts {
		w := a.names.find(r.name)
		if w == nil || !w.started.Equal(r.begun[i]) {
			continue
		}
		if w.calls > 0 {
			w.calls--
		}
	}
	r.counts = nil
	r.begun = nil
	r.charged = false
}

// end ends a call, and charges its client where it brought no allow. A name under which
// something was allowed is in use, and no flood of other names evicts its windows, nor those
// of the clients that were refused under it: there are no more than its budget has calls.
func (l *ledger) end(r *reservation, now time.Time) {
	if r.charged {
		l.landed(r.name)
		l.landed(r.client)
	}
	for _, a := range r.counts {
		if r.allowed || r.known {
			a.names.protect(r.name)
		}
		if r.charged && r.refused {
			w := a.names.enter(r.name)
			w.roll(a.period, now)
			w.start(now)
			w.refused++
			own := a.clients.count(r.client)
			if a.names.protects(r.name) {
				a.clients.protect(r.client)
			}
			if !own.started.Equal(w.started) {
				own.started, own.refused = w.started, 0
			}
			own.refused++
		}
	}
}

// landed counts a call as no longer in flight.
func (l *ledger) landed(key [32]byte) {
	l.pending[key]--
	if l.pending[key] <= 0 {
		delete(l.pending, key)
	}
}

// tightest is the budget of which most is spent, of all names that were asked under: what
// there is to say of it where each application key has its own. Its owner's lock guards it.
type tightest struct {
	name  [32]byte
	limit Rate
	calls int
	until time.Time // zero: nothing was counted
}

// note takes in what is spent under a name, where that is more than what is known.
func (t *tightest) note(l *ledger, name [32]byte, limit Rate, now time.Time) {
	w := l.of(limit.Period, now).names.find(name)
	if w == nil || w.started.IsZero() {
		return
	}
	over := !now.Before(t.until) || t.until.Sub(now) > t.limit.Period
	if over || name == t.name || w.calls*t.limit.Calls > t.calls*limit.Calls {
		t.until = w.started.Add(limit.Period)
		t.name, t.limit, t.calls = name, limit, w.calls
	}
}
