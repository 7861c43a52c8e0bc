package logins

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/simplelru"

	"github.com/upstreamauth/upstreamauth/verifier/jwt"
)

const (
	// maxBarred is how many tokens one table holds. The one that was presented or
	// barred longest ago is dropped first.
	maxBarred = 100000

	// barredFor is how long a token is barred that does not say when it ends: the
	// longest lifetime that a token may have.
	barredFor = 720 * time.Hour

	// keptFor is how long a table is held while no route uses it.
	keptFor = barredFor

	// reportEvery is how often it is reported that a table is full.
	reportEvery = time.Hour
)

// Barred are tokens that count no more, until their end. They are known by what they
// say, not by how they are spelled. It is safe for concurrent use.
type Barred struct {
	secret string
	clock  *Clock
	ended  func(token string) // called after a token was barred; nil: nobody is told

	mu       sync.Mutex
	tokens   *simplelru.LRU // [32]byte to *bar
	byID     bool           // some of them are known by their issuer's name for them
	reported time.Duration  // when it was reported that the table is full
	full     bool           // that has been reported
	used     time.Duration
}

// bar is one barred token. Nothing drops it at its end: a wall clock that runs ahead
// for a while would drop what still has to be barred when it is set right.
type bar struct {
	order int64
	end   time.Time     // the token's own; zero: it names none
	seen  time.Duration // when it was barred
	left  time.Duration // how long it was to last then
}

// NewBarred returns an empty table. secret is of fixed length. ended is told of each
// token that was barred, after it has been, and without a lock; nil: nobody is told.
func NewBarred(secret string, clock *Clock, ended func(token string)) *Barred {
	tokens, err := simplelru.NewLRU(maxBarred, nil)
	if err != nil {
		panic(err.Error()) // unreachable: the size is positive
	}
	b := &Barred{secret: secret, clock: clock, ended: ended, tokens: tokens}
	b.used = clock.Uptime()
	return b
}

// Bar bars a token until its end. It returns the number of the event by which the
// token was barred before, 0 if it was not; and whether to report that a token which
// has not ended was dropped for it: at most once an hour.
func (b *Barred) Bar(token string) (before int64, report bool) {
	name := signedName(b.secret, token)
	before, report = b.put(name, false, b.newBar(token))
	if b.ended != nil {
		b.ended(token)
	}
	return before, report
}

// barByID is Bar by the name that the token's issuer gave it, if it has one.
func (b *Barred) barByID(token string) (before int64, report bool) {
	name, named := idName(b.secret, token)
	if !named {
		return b.Bar(token)
	}
	return b.put(name, true, b.newBar(token))
}

func (b *Barred) newBar(token string) *bar {
	added := &bar{seen: b.clock.Uptime(), left: barredFor}
	end := jwt.End(token)
	if !end.IsZero() {
		added.end = end
		added.left = end.Sub(b.clock.Now())
	}
	return added
}

func (b *Barred) put(name [32]byte, byID bool, added *bar) (before int64, report bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	added.order = b.clock.next()
	b.used = added.seen
	b.byID = b.byID || byID
	value, found := b.tokens.Peek(name)
	if found {
		old := value.(*bar)
		if b.holds(old) {
			before = old.order
		}
	} else if b.tokens.Len() >= maxBarred {
		report = b.overflows(added.seen)
	}
	b.tokens.Add(name, added)
	return before, report
}

// overflows tells whether to report that the oldest token is dropped before its end.
func (b *Barred) overflows(now time.Duration) bool {
	_, value, found := b.tokens.GetOldest()
	if !found || !b.holds(value.(*bar)) {
		return false
	}
	if b.full && now-b.reported < reportEvery {
		return false
	}
	b.full, b.reported = true, now
	return true
}

// holds tells whether a barred token has not ended. Either clock may be wrong: the
// wall clock may run ahead, and the other one stands still while the machine sleeps.
func (b *Barred) holds(one *bar) bool {
	if b.clock.Uptime()-one.seen < one.left {
		return true
	}
	return b.clock.Now().Before(one.end)
}

// Any tells whether any token was barred.
func (b *Barred) Any() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.tokens.Len() > 0
}

// Since is the number of the event by which a token is barred; 0: it is not.
func (b *Barred) Since(token string) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.tokens.Len() == 0 {
		return 0 // before anything is computed
	}
	order := b.orderOf(signedName(b.secret, token))
	if order != 0 || !b.byID {
		return order
	}
	name, named := idName(b.secret, token)
	if !named {
		return 0
	}
	return b.orderOf(name)
}

func (b *Barred) orderOf(name [32]byte) int64 {
	value, found := b.tokens.Get(name)
	if !found {
		return 0
	}
	one := value.(*bar)
	if !b.holds(one) {
		return 0
	}
	return one.order
}

// Touch notes that a route uses the table.
func (b *Barred) Touch() {
	up := b.clock.Uptime()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used = up
}

// Idle tells whether no route has used the table for longer than anything in it
// could still matter.
func (b *Barred) Idle() bool {
	up := b.clock.Uptime()
	b.mu.Lock()
	defer b.mu.Unlock()
	return up-b.used > keptFor
}
