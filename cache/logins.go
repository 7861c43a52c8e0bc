package cache

import (
	"time"

	"github.com/upstreamauth/upstreamauth/cache/logins"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// loginNow is loginOf for callers that do not hold the lock.
func (s *Scope) loginNow(credential verifier.Credential) *logins.Login {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.loginOf(credential)
}

// isBarred tells whether a token was barred, and no login that counts here has issued
// it since. The caller holds the lock.
func (s *Scope) isBarred(credential verifier.Credential) bool {
	order := int64(0)
	if s.barred != nil {
		order = s.barred.Since(credential.Token)
	}
	if s.logins != nil {
		own := s.logins.BarredSince(credential.Token)
		if own > order {
			order = own
		}
	}
	if order == 0 && s.memory == nil {
		return false
	}
	issued := s.loginOf(credential)
	here := order != 0 && (issued == nil || issued.Order < order)
	if s.memory == nil {
		return here
	}
	if here {
		return !s.memory.store.EndsOwnBar(s.memory.names, credential)
	}
	login := time.Time{}
	if issued != nil {
		login = issued.Issued
	}
	return s.memory.store.IsBarred(s.memory.names, credential, login)
}

// loginOf returns the login that issued a credential, if one is known that counts
// in this epoch; nil otherwise. The caller holds the lock.
func (s *Scope) loginOf(credential verifier.Credential) *logins.Login {
	if s.logins == nil {
		return nil
	}
	l := s.logins.Find(credential.Token)
	if l == nil || l.Order <= s.epoch.validFrom {
		return nil
	}
	return l
}

// revoke drops the login of a credential that the upstream denied, if the upstream
// was asked after the login. The caller holds the lock.
func (s *Scope) revoke(credential verifier.Credential, asked int64) {
	l := s.loginOf(credential)
	if l != nil && l.Order <= asked {
		s.logins.Drop(credential.Token)
	}
}

// recognize marks a credential that is to be checked anew, but was allowed before, or
// issued by a login that is trusted within this lifetime. The caller holds the lock.
func (s *Scope) recognize(key [32]byte, credential verifier.Credential, lifetime time.Duration, now time.Time) verifier.Credential {
	credential.Known = s.answers.entry(key) != nil
	issued := s.loginOf(credential)
	if issued != nil && now.Before(issued.Issued.Add(lifetime)) {
		credential.Known, credential.Issued = true, issued.Issued
	}
	return credential
}

// touchTokens notes that a scope which is held uses its tables.
func (s *Scope) touchTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.logins != nil {
		s.logins.Touch()
	}
	if s.barred != nil {
		s.barred.Touch()
	}
}

// belongsTo tells whether a scope takes tokens of the upstream that has these tables.
func (s *Scope) belongsTo(barred *logins.Barred, bySecret map[string]*logins.Logins) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.barred != nil && s.barred == barred {
		return true
	}
	for _, l := range bySecret {
		if s.logins != nil && s.logins == l {
			return true
		}
	}
	return false
}

// forget drops what is remembered of a credential and cancels its flights. Where another
// token may be barred with it, all that is prebuilt goes, since the hit path asks about no
// bar.
func (s *Scope) forget(credential verifier.Credential) {
	key := s.keys.of(credential)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers.barring = s.barred != nil && s.barred.Any()
	s.forgetKey(key)
	if s.answers.barring && logins.HasOtherSignatures(credential.Token) {
		s.fastPaths.empty()
	}
}

// forgetKey is forget, of one spelling of a credential. The caller holds the lock.
func (s *Scope) forgetKey(key [32]byte) {
	s.flights.cancel(key)
	s.overtake(key, nil)
	s.answers.forget(key)
}

// forgetName is forget where others have forgotten the credential of that name.
func (s *Scope) forgetName(name [32]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetKey(name)
}

// supersedeToken is supersede where a login elsewhere has issued a token.
func (s *Scope) supersedeToken(token [32]byte) {
	if token == [32]byte{} {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	keys := append(s.flightsOf(token), s.answers.denied.keysOf(token, s.answers.denied.size)...)
	for _, key := range append(keys, s.answers.paused.keysOf(token, s.answers.paused.size)...) {
		s.supersedeKey(key)
	}
}

// flightsOf are the keys of the flights of a token. The caller holds the lock.
func (s *Scope) flightsOf(token [32]byte) [][32]byte {
	var keys [][32]byte
	for key, f := range s.flights.byKey {
		if f.tag == token || f.memory != nil && f.memory.token == token {
			keys = append(keys, key)
		}
	}
	for key, f := range s.superseded {
		if f.tag == token || f.memory != nil && f.memory.token == token {
			keys = append(keys, key)
		}
	}
	return keys
}

// supersede drops the denials of a credential that a login has just issued. A flight
// that is under way was begun before: its denial is for those who wait for it and is
// not remembered, and later callers get a flight of their own. An allow that it brings
// counts, unless the credential is forgotten or denied meanwhile.
func (s *Scope) supersede(credential verifier.Credential) {
	key := s.keys.of(credential)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers.limited.remove(s.keys.quotaOf(credential))
	s.supersedeKey(key)
}

// supersedeKey is supersede, of one spelling of a credential. The caller holds the lock.
func (s *Scope) supersedeKey(key [32]byte) {
	s.answers.denied.remove(key)
	s.answers.paused.remove(key)
	f := s.flights.byKey[key]
	if f == nil || !f.calling {
		return // the upstream will be asked after the login
	}
	s.flights.cancel(key)
	s.overtake(key, f)
}

// overtake notes the flight that a login has overtaken; nil: none. An older one is
// void. The caller holds the lock.
func (s *Scope) overtake(key [32]byte, f *flight) {
	old := s.superseded[key]
	if old != nil {
		old.superseded = false
		delete(s.superseded, key)
	}
	if f != nil {
		f.superseded = true
		s.superseded[key] = f
	}
}
