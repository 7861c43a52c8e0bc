package cache

import (
	"reflect"
	"runtime"

	"github.com/upstreamauth/upstreamauth/cache/shared"
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/account"
)

// What Forget forgets by, beside the kinds of credentials.
const (
	ByAccount = "account" // by the name of a user, in any spelling
	ByAPI     = "api"     // by the name of an API: all of it
)

// forgetBy is Forget, in one scope. Those who share its memory are told first: else a flight
// that begins in between would find there what was forgotten here.
func (s *Scope) forgetBy(by, first, second string) int {
	if by == ByAPI && s.tally.Label.API == first {
		s.tellSweep(shared.SweptAll, "")
		count := s.sweepAll()
		return count
	}
	if by == ByAccount {
		folded := account.Fold(first)
		s.tellSweep(shared.SweptAccount, folded)
		count := s.sweepAccount(folded)
		return count
	}
	if by == s.tally.Kind {
		count := s.forgetCredential(credentialOf(by, first, second))
		return count
	}
	return 0
}

func credentialOf(kind, first, second string) verifier.Credential {
	if kind == string(verifier.Basic) {
		return verifier.Credential{Kind: verifier.Basic, User: first, Password: second}
	}
	return verifier.Credential{Kind: verifier.Kind(kind), Token: first}
}

// forgetCredential has those who share the memory forget a credential with whatever was asked
// about with it, and forgets it here.
func (s *Scope) forgetCredential(c verifier.Credential) int {
	m := s.shares()
	if m != nil && c.Kind != verifier.Bearer { // a token has ended for its whole upstream
		m.store.Forget(m.names, c)
		m.store.Sweep(m.names, shared.SweptKey, shared.Subject(c))
	}
	count := s.forgetHere(c)
	return count
}

// forgetHere forgets the answer itself first, and then those that are found by the tag, or by
// the token where a memory is shared.
func (s *Scope) forgetHere(c verifier.Credential) int {
	count := s.forgetOne(s.keys.of(c))
	count += s.forgetToken(s.keys.tagOf(c))
	if s.keys.names != nil {
		count += s.forgetToken(s.keys.names.TokenOf(c))
	}
	return count
}

func (s *Scope) forgetOne(key [32]byte) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	count := s.forgetKeys([][32]byte{key})
	return count
}

// forgetKeys forgets the answers of these keys, and returns how many there were. The caller
// holds the lock.
func (s *Scope) forgetKeys(keys [][32]byte) int {
	count := 0
	for _, key := range keys {
		if s.answers.allowed.items[key] != nil || s.answers.denied.items[key] != nil {
			count++
		}
		s.forgetKey(key)
	}
	return count
}

// forgetToken is forget where a token has ended elsewhere, in all spellings, or what is found
// by a tag was forgotten. It returns how many answers there were. It holds the lock for a few
// of them at a time, so that hits wait for none.
func (s *Scope) forgetToken(token [32]byte) int {
	if token == [32]byte{} {
		return 0 // that of all credentials which are no tokens
	}
	count := s.forgetFlights(token)
	for {
		some, more := s.forgetSome(token)
		count += some
		if !more {
			return count
		}
		runtime.Gosched()
	}
}

// forgetFlights cancels the flights of a token.
func (s *Scope) forgetFlights(token [32]byte) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	count := s.forgetKeys(s.flightsOf(token))
	return count
}

// forgetSome tells how many answers it has dropped, and whether there may be more to forget
// of a token.
func (s *Scope) forgetSome(token [32]byte) (int, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	keys := s.answers.keysOf(token, maxTrimmed)
	count := s.forgetKeys(keys)
	more := len(keys) == maxTrimmed
	return count, more
}

// tellSweep tells those who share the memory.
func (s *Scope) tellSweep(sort, subject string) {
	m := s.shares()
	if m != nil {
		m.store.Sweep(m.names, sort, subject)
	}
}

// hearSweep forgets what another Traefik has had forgotten, by the name that it told.
func (s *Scope) hearSweep(sort string, name [32]byte) {
	switch sort {
	case shared.SweptKey:
		s.forgetToken(name)
	case shared.SweptAll:
		if s.keys.names != nil && s.keys.names.Swept(sort, "") == name {
			s.sweepAll()
		}
	case shared.SweptAccount:
		names := s.keys.names
		if names != nil {
			s.sweepWhere(sweep{name: name, names: names})
		}
	}
}

// sweepAll forgets everything, and returns how many answers that were. All of them go at once,
// however many there are.
func (s *Scope) sweepAll() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweeps.add(sweep{all: true})
	s.fastPaths.empty()
	s.forgetLogins()
	for key := range s.flights.byKey {
		s.flights.cancel(key)
	}
	for _, f := range s.superseded {
		f.superseded = false
	}
	s.superseded = map[[32]byte]*flight{}
	count := len(s.answers.allowed.items) + len(s.answers.denied.items)
	s.answers = s.answers.emptied()
	return count
}

// sweepAccount forgets what was allowed for the user of a folded name.
func (s *Scope) sweepAccount(folded string) int {
	count := s.sweepWhere(sweep{account: folded})
	return count
}

// maxSwept is how many answers are looked at in one turn of the lock.
const maxSwept = 100

// sweepWhere forgets the answers that a sweep is about. It holds the lock for a few of them
// at a time, so that hits wait for none; but first it sees to it that flights which have
// begun, and answers that are prebuilt, allow nobody.
func (s *Scope) sweepWhere(w sweep) int {
	walk := s.beginSweep(w)
	count := 0
	for {
		some, more := s.sweepSome(w, walk)
		count += some
		if !more {
			return count
		}
		runtime.Gosched()
	}
}

// beginSweep returns a walk over the answers. Between its steps, others may come and go: one
// that is there all the time is met, and one that comes later is of a flight that is checked.
func (s *Scope) beginSweep(w sweep) *reflect.MapIter {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweeps.add(w)
	s.fastPaths.empty()
	walk := reflect.ValueOf(s.answers.allowed.items).MapRange()
	return walk
}

// sweepSome takes some steps, and tells whether there are more.
func (s *Scope) sweepSome(w sweep, walk *reflect.MapIter) (int, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	count := 0
	for steps := 0; steps < maxSwept; steps++ {
		more := walk.Next()
		if !more {
			return count, false
		}
		key := walk.Key().Interface().([32]byte)
		place := s.answers.allowed.items[key]
		if place != nil && w.isAbout(place.Value.(*item).entry.identity) {
			count += s.forgetKeys([][32]byte{key})
		}
	}
	return count, true
}

// forgetLogins has no login count that was seen so far, here or by those who share the memory.
// The caller holds the lock.
func (s *Scope) forgetLogins() {
	s.epoch.validFrom = s.clock.Last()
	m := s.memory
	if m != nil { // which is never changed
		s.memory = &memory{store: m.store, names: m.names, after: s.now()}
	}
}
