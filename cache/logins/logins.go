// Package logins answers one question: which tokens did an API's logins issue, and
// which tokens are barred?
//
// Logins are what routes of mode issuer saw pass, for the gates that share their
// login secret. Barred are tokens that must not count any more, whatever their
// upstream says. Both are bounded tables with locks of their own, which hold keyed
// digests and know neither scopes nor requests.
package logins

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/simplelru"
)

// maxLogins is how many tokens of one API's logins are held at a time. The least
// recently used is dropped first, and checked like any other token then.
const maxLogins = 10000

// Logins are the tokens that the logins of one API issued, and when each was issued;
// and, barred, the refresh tokens that came with them. It is safe for concurrent use.
type Logins struct {
	secret string
	clock  *Clock
	barred *Barred
	tell   *Listeners

	mu     sync.Mutex
	tokens *simplelru.LRU // [32]byte to *login
	used   time.Duration
}

// Listeners are told of each token whose standing has changed, after it has, and without
// a lock. All are set.
type Listeners struct {
	Issued func(token string)         // a login issued it
	Barred func(token, access string) // a login issued it as a refresh token, with that one or none
	Ended  func(token string)         // its upstream has revoked it
}

// login is one token that a login issued.
type login struct {
	order int64
	at    time.Time
	seen  time.Duration
}

// Login is what is known of a token that a login issued.
type Login struct {
	Order  int64     // the number of the event
	Issued time.Time // never in the future, also after the clock was set
}

// New returns empty logins. secret is of fixed length.
func New(secret string, clock *Clock, tell *Listeners) *Logins {
	tokens, err := simplelru.NewLRU(maxLogins, nil)
	if err != nil {
		panic(err.Error()) // unreachable: the size is positive
	}
	l := &Logins{secret: secret, clock: clock, barred: NewBarred(secret, clock, nil), tell: tell, tokens: tokens}
	l.used = clock.Uptime()
	return l
}

// Add takes in an access token that was just issued.
func (l *Logins) Add(token string) {
	name := nameOf(l.secret, token)
	l.put(name, &login{order: l.clock.next(), at: l.clock.Now(), seen: l.clock.Uptime()})
	l.tell.Issued(token)
}

func (l *Logins) put(name [32]byte, added *login) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tokens.Add(name, added)
	l.used = added.seen
}

// Bar takes in a refresh token, which must not authenticate a request even where the
// upstream would accept it; access is the token that was issued with it, or empty. It
// is barred by the name that its issuer gave it, unless that names both.
//
// The result tells whether to report that the room of the barred is full.
func (l *Logins) Bar(refresh, access string) (report bool) {
	own, named := idName(l.secret, refresh)
	other, alsoNamed := idName(l.secret, access)
	if named && alsoNamed && own == other {
		_, report = l.barred.Bar(refresh)
	} else {
		_, report = l.barred.barByID(refresh)
	}
	l.tell.Barred(refresh, access)
	return report
}

// Forget drops a token that its upstream has revoked.
func (l *Logins) Forget(token string) {
	l.Drop(token)
	l.tell.Ended(token)
}

// Drop drops a token, and tells nobody.
func (l *Logins) Drop(token string) {
	name := nameOf(l.secret, token)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tokens.Remove(name)
}

// Find returns what is known of a token that a login issued; nil: nothing.
//
// The instant of its issue is reckoned back from now as well, and the earlier one
// counts: a login that was seen while the clock was ahead would otherwise be believed
// for so much longer once it is set right.
func (l *Logins) Find(token string) *Login {
	one := l.find(nameOf(l.secret, token))
	if one == nil {
		return nil
	}
	found := &Login{Order: one.order, Issued: one.at}
	reckoned := l.clock.Now().Add(one.seen - l.clock.Uptime())
	if reckoned.Before(found.Issued) {
		found.Issued = reckoned
	}
	return found
}

func (l *Logins) find(name [32]byte) *login {
	l.mu.Lock()
	defer l.mu.Unlock()
	value, found := l.tokens.Get(name)
	if !found {
		return nil
	}
	return value.(*login)
}

// BarredSince is the number of the event by which a token is barred as a refresh
// token; 0: it is not.
func (l *Logins) BarredSince(token string) int64 {
	return l.barred.Since(token)
}

// Touch notes that a route uses the logins.
func (l *Logins) Touch() {
	up := l.clock.Uptime()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used = up
}

// Idle tells whether no route has used the logins for longer than any of them could
// still matter.
func (l *Logins) Idle() bool {
	up := l.clock.Uptime()
	l.mu.Lock()
	defer l.mu.Unlock()
	return up-l.used > keptFor
}
