package cache

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/simplelru"
)

const (
	// maxLogins is how many tokens of one API's logins are held at a time. The least
	// recently used is dropped first, and checked like any other token then.
	maxLogins = 10000

	// loginsKept is how long the logins of an API are held while no route uses them:
	// the longest lifetime that a token may have.
	loginsKept = 720 * time.Hour
)

// Logins are the tokens that the logins of one API issued, as routes of mode
// issuer saw them pass: digests, and when each was issued. Scopes that trust them
// look here before they ask the upstream. It is safe for concurrent use.
type Logins struct {
	secret string
	now    func() time.Time

	// invalidateAll drops what the scopes that trust these logins remember of a
	// token; denialOnly: only a denial. It is a function, because the interpreter
	// fails to load types that refer to each other in a circle (docs/yaegi.md).
	invalidateAll func(token string, denialOnly bool)

	mu     sync.Mutex
	tokens *simplelru.LRU // [32]byte to *login
	used   time.Time
}

// login is one token that a login issued.
type login struct {
	at      time.Time
	blocked bool // a refresh token: it authenticates no request
}

func newLogins(secret string, now func() time.Time) *Logins {
	tokens, err := simplelru.NewLRU(maxLogins, nil)
	if err != nil {
		panic(err.Error()) // unreachable: the size is positive
	}
	return &Logins{secret: secret, now: now, tokens: tokens}
}

func (l *Logins) isIdle(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return now.Sub(l.used) > loginsKept
}

func (l *Logins) touch(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used = now
}

// Add takes in an access token that was just issued. A remembered denial of it no
// longer holds.
func (l *Logins) Add(token string) {
	l.put(token, false)
	l.invalidateAll(token, true)
}

// Block takes in a refresh token, which must not authenticate a request even
// where the upstream would accept it.
func (l *Logins) Block(token string) {
	l.put(token, true)
	l.invalidateAll(token, false)
}

func (l *Logins) put(token string, blocked bool) {
	key := digest(l.secret, token)
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tokens.Add(key, &login{at: now, blocked: blocked})
	l.used = now
}

// Forget drops a token that its upstream has revoked, here and in every scope
// that trusts these logins. A check of it that is under way no longer allows it.
func (l *Logins) Forget(token string) {
	l.drop(token)
	l.invalidateAll(token, false)
}

func (l *Logins) drop(token string) {
	key := digest(l.secret, token)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tokens.Remove(key)
}

// find returns the login that issued a token; nil: none is known.
func (l *Logins) find(token string) *login {
	key := digest(l.secret, token)
	l.mu.Lock()
	defer l.mu.Unlock()
	value, found := l.tokens.Get(key)
	if !found {
		return nil
	}
	return value.(*login)
}
