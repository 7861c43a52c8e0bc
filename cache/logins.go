package cache

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/simplelru"
	"github.com/upstreamauth/upstreamauth/verifier"
)

const (
	// maxLearned is how many tokens of one API's logins are known at a time; the
	// one unused for longest leaves first, and is asked about like any other.
	maxLearned = 10000

	// learnedFor is how long what nobody uses stays known: the longest that any
	// token may be honoured.
	learnedFor = 720 * time.Hour
)

// Learned is what the logins of one API gave out, as issuer routes saw it pass:
// digests of tokens, and when each was issued. The scopes that may believe it
// look here before they ask.
type Learned struct {
	secret string
	now    func() time.Time

	// everywhere drops a token in all scopes that believe this, or only that it was
	// refused. A function, since the interpreter loads no types that go round
	// (docs/yaegi.md).
	everywhere func(token string, refusal bool)

	mu     sync.Mutex
	issues *simplelru.LRU // [32]byte to *issue
	used   time.Time
}

// issue is one token that a login gave out.
type issue struct {
	at     time.Time
	barred bool // it opens nothing: a refresh token
}

// LoginsOf returns what is known of the logins of an API at an address, as far as
// those know them who share the word; nil where there is no word.
func (r *Registry) LoginsOf(api, address, word string) *Learned {
	if word == "" {
		return nil
	}
	return r.Learned(r.Fingerprint("learned", api, address, word))
}

// Learned returns what is known of the logins of that fingerprint.
func (r *Registry) Learned(fingerprint string) *Learned {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	for name, l := range r.learned {
		if l.idle(now) {
			delete(r.learned, name)
		}
	}
	l := r.learned[fingerprint]
	if l == nil {
		l = r.newLearned(fingerprint)
		r.learned[fingerprint] = l
	}
	l.touch(now)
	return l
}

func (r *Registry) newLearned(fingerprint string) *Learned {
	issues, err := simplelru.NewLRU(maxLearned, nil)
	if err != nil {
		panic(err.Error()) // unreachable: there is room
	}
	l := &Learned{secret: derive(r.secret, "learned", fingerprint), now: r.now, issues: issues}
	l.everywhere = func(token string, refusal bool) {
		r.forget(l, token, refusal)
	}
	return l
}

func (l *Learned) idle(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return now.Sub(l.used) > learnedFor
}

func (l *Learned) touch(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used = now
}

// Learn takes in a token that has just been given out. It takes the place of a
// remembered refusal.
func (l *Learned) Learn(token string) {
	l.put(token, false)
	l.everywhere(token, true)
}

// Bar takes in a token that opens nothing, whoever may call it good.
func (l *Learned) Bar(token string) {
	l.put(token, true)
	l.everywhere(token, false)
}

func (l *Learned) put(token string, barred bool) {
	key := digest(l.secret, token)
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.issues.Add(key, &issue{at: now, barred: barred})
	l.used = now
}

// Forget drops a token that its upstream has ended, here and in every scope
// that may have believed it. A question about it that is under way is void.
func (l *Learned) Forget(token string) {
	l.drop(token)
	l.everywhere(token, false)
}

func (l *Learned) drop(token string) {
	key := digest(l.secret, token)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.issues.Remove(key)
}

// find returns the issue of a token that a login gave out; nil for any other.
func (l *Learned) find(token string) *issue {
	key := digest(l.secret, token)
	l.mu.Lock()
	defer l.mu.Unlock()
	value, found := l.issues.Get(key)
	if !found {
		return nil
	}
	return value.(*issue)
}

// unlearn takes the upstream's word against a login that was seen before it was
// asked. The caller holds the lock.
func (s *Scope) unlearn(credential verifier.Credential, f *flight) {
	i := s.issueOf(credential)
	if i != nil && !i.barred && !f.begun.Before(i.at) {
		s.learned.drop(credential.Token)
	}
}

// logins are those that the scope believes; nil: none.
func (s *Scope) logins() *Learned {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.learned
}

// forget drops a token, or only its refusal, in all scopes that believe l.
func (r *Registry) forget(l *Learned, token string, refusal bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.scopes {
		if s.logins() != l {
			continue
		}
		if refusal {
			s.pardon(verifier.Credential{Kind: verifier.Bearer, Token: token})
			continue
		}
		s.forget(verifier.Credential{Kind: verifier.Bearer, Token: token})
	}
}

// pardon drops what is remembered against a credential.
func (s *Scope) pardon(credential verifier.Credential) {
	key := s.key(credential)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store.bad.remove(key)
}

// issueOf is what is known of a credential's login; nil: nothing. The caller
// holds the lock.
func (s *Scope) issueOf(credential verifier.Credential) *issue {
	if s.learned == nil {
		return nil
	}
	i := s.learned.find(credential.Token)
	if i == nil || (i.at.Before(s.born) && !i.barred) {
		return nil
	}
	return i
}
