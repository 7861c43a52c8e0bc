package cache

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/simplelru"
	"github.com/upstreamauth/upstreamauth/verifier"
)

const (
	// maxLogins is how many tokens of one API's logins are known at a time; the
	// one unused for longest leaves first, and is asked about like any other.
	maxLogins = 10000

	// loginsKept is how long what nobody uses stays known: the longest that any
	// token may be honoured.
	loginsKept = 720 * time.Hour
)

// Logins is what the logins of one API gave out, as issuer routes saw it pass:
// digests of tokens, and when each was issued. The scopes that may believe it
// look here before they ask.
type Logins struct {
	secret string
	now    func() time.Time

	// invalidateAll drops a token in all scopes that believe this, or only that it was
	// refused. A function, since the interpreter loads no types that go round
	// (docs/yaegi.md).
	invalidateAll func(token string, refusal bool)

	mu     sync.Mutex
	tokens *simplelru.LRU // [32]byte to *issue
	used   time.Time
}

// login is one token that a login gave out.
type login struct {
	at      time.Time
	blocked bool // it opens nothing: a refresh token
}

// LoginsOf returns what is known of the logins of an API at an address, as far as
// those know them who share the word; nil where there is no word.
func (r *Registry) LoginsOf(api, address, word string) *Logins {
	if word == "" {
		return nil
	}
	return r.loginsNamed(r.Fingerprint("learned", api, address, word))
}

// loginsNamed returns what is known of the logins of that fingerprint.
func (r *Registry) loginsNamed(fingerprint string) *Logins {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	for name, l := range r.logins {
		if l.idle(now) {
			delete(r.logins, name)
		}
	}
	l := r.logins[fingerprint]
	if l == nil {
		l = r.newLogins(fingerprint)
		r.logins[fingerprint] = l
	}
	l.touch(now)
	return l
}

func (r *Registry) newLogins(fingerprint string) *Logins {
	issues, err := simplelru.NewLRU(maxLogins, nil)
	if err != nil {
		panic(err.Error()) // unreachable: there is room
	}
	l := &Logins{secret: derive(r.secret, "learned", fingerprint), now: r.now, tokens: issues}
	l.invalidateAll = func(token string, refusal bool) {
		r.invalidate(l, token, refusal)
	}
	return l
}

func (l *Logins) idle(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return now.Sub(l.used) > loginsKept
}

func (l *Logins) touch(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used = now
}

// Add takes in a token that has just been given out. It takes the place of a
// remembered refusal.
func (l *Logins) Add(token string) {
	l.put(token, false)
	l.invalidateAll(token, true)
}

// Block takes in a token that opens nothing, whoever may call it good.
func (l *Logins) Block(token string) {
	l.put(token, true)
	l.invalidateAll(token, false)
}

func (l *Logins) put(token string, barred bool) {
	key := digest(l.secret, token)
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tokens.Add(key, &login{at: now, blocked: barred})
	l.used = now
}

// Forget drops a token that its upstream has ended, here and in every scope
// that may have believed it. A question about it that is under way is void.
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

// find returns the issue of a token that a login gave out; nil for any other.
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

// revoke takes the upstream's word against a login that was seen before it was
// asked. The caller holds the lock.
func (s *Scope) revoke(credential verifier.Credential, f *flight) {
	i := s.loginOf(credential)
	if i != nil && !i.blocked && !f.begun.Before(i.at) {
		s.learned.drop(credential.Token)
	}
}

// logins are those that the scope believes; nil: none.
func (s *Scope) logins() *Logins {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.learned
}

// invalidate drops a token, or only its refusal, in all scopes that believe l.
func (r *Registry) invalidate(l *Logins, token string, refusal bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.scopes {
		if s.logins() != l {
			continue
		}
		if refusal {
			s.dropDenial(verifier.Credential{Kind: verifier.Bearer, Token: token})
			continue
		}
		s.forget(verifier.Credential{Kind: verifier.Bearer, Token: token})
	}
}

// dropDenial drops what is remembered against a credential.
func (s *Scope) dropDenial(credential verifier.Credential) {
	key := s.key(credential)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store.denied.remove(key)
}

// loginOf is what is known of a credential's login; nil: nothing. The caller
// holds the lock.
func (s *Scope) loginOf(credential verifier.Credential) *login {
	if s.learned == nil {
		return nil
	}
	i := s.learned.find(credential.Token)
	if i == nil || (i.at.Before(s.validFrom) && !i.blocked) {
		return nil
	}
	return i
}
