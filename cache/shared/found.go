package shared

import (
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/account"
)

// Found is what the memory has of a credential.
type Found struct {
	Answered bool   // the memory was asked, and did answer
	Entry    *Entry // it was allowed, and that has not been ended since; nil: nothing is known
	Had      bool   // it was allowed once

	ended  time.Time // when it was forgotten last; zero: it was not
	barred time.Time // when it was barred last
	issued time.Time // when a login issued it last
	swept  time.Time // when an operator has had any part of the scope forgotten last
}

// Holds tells whether an answer counts for which the upstream was asked then: it was neither
// forgotten nor barred later, nor shortly before.
func (f *Found) Holds(asked time.Time) bool {
	return isAfter(asked, f.ended) && isAfter(asked, f.barred)
}

// End notes that the upstream denied the credential then, as is known here.
func (f *Found) End(at time.Time) {
	f.ended = laterOf(f.ended, at)
	if f.Entry != nil && !f.Holds(f.Entry.Asked) {
		f.Entry = nil
	}
}

// isAfter tells whether one instant is certainly after another; zero: there is none.
func isAfter(later, earlier time.Time) bool {
	return earlier.IsZero() || later.After(earlier.Add(margin))
}

// Issued is when a login issued the credential, as others saw it; zero: they saw none.
func (f *Found) Issued() time.Time { return f.issued }

// IsBarred tells whether the credential is barred, and no login certainly later has issued
// it. login is one that is known here; zero: none.
func (f *Found) IsBarred(login time.Time) bool {
	if f.barred.IsZero() {
		return false
	}
	if f.issued.After(login) {
		login = f.issued
	}
	return login.IsZero() || !isAfter(login, f.barred)
}

// recall adds what is known of a token that others have barred or issued.
func (s *Store) recall(n *Names, c verifier.Credential, f *Found) {
	f.barred = barredIn(s.bars, n, c)
	f.issued = s.issued(n, c)
	f.ended = laterOf(f.ended, barredIn(s.own, n, c)) // a login ends the bar, and brings no older answer back
	if s.sweeps.any() {
		s.recallSwept(n, c, f)
	}
	if !s.ends.any() {
		return
	}
	// What was told here a moment ago may not have been written yet.
	f.ended = laterOf(f.ended, s.ends.since(n.Of(c)))
	if c.Kind == verifier.Bearer {
		f.ended = laterOf(f.ended, s.ends.since(n.TokenOf(c)))
	}
}

// subjectOf is what a sweep of a sort would be about that ends the entry of a credential.
func subjectOf(sort string, c verifier.Credential, e *Entry) string {
	if sort == SweptKey {
		return Subject(c)
	}
	return account.Fold(e.Identity.Get("user"))
}

// recallSwept adds what operators have had forgotten, as far as this process has told, heard
// or read it.
func (s *Store) recallSwept(n *Names, c verifier.Credential, f *Found) {
	f.ended = laterOf(f.ended, s.sweeps.since(n.all))
	f.ended = laterOf(f.ended, s.sweeps.since(n.Swept(SweptKey, Subject(c))))
	if f.Entry != nil {
		f.ended = laterOf(f.ended, s.sweeps.since(n.Swept(SweptAccount, subjectOf(SweptAccount, c, f.Entry))))
	}
}

// issued is when a login of others has issued a token last; zero: none has that counts.
func (s *Store) issued(n *Names, c verifier.Credential) time.Time {
	if n.logins == "" || c.Kind != verifier.Bearer || !s.logins.any() {
		return time.Time{}
	}
	at := s.logins.since(loginName(n.logins, c.Token))
	if at.IsZero() || !isAfter(at, s.ends.since(n.TokenOf(c))) {
		return time.Time{}
	}
	return at
}

// barredIn is when a token was barred, by any of its names; zero: it was not.
func barredIn(bars *marks, n *Names, c verifier.Credential) time.Time {
	at := time.Time{}
	if c.Kind != verifier.Bearer || !bars.any() {
		return at
	}
	at = bars.since(n.TokenOf(c))
	if n.logins == "" {
		return at
	}
	at = laterOf(at, bars.since(tokenName(n.logins, c.Token)))
	name, named := idName(n.logins, c.Token)
	if named {
		at = laterOf(at, bars.since(name))
	}
	return at
}

// IsBarred tells whether others have barred a token, as far as this process has heard or
// read, and no login certainly later has issued it. login is one that is known here; zero:
// none.
func (s *Store) IsBarred(n *Names, c verifier.Credential, login time.Time) bool {
	f := &Found{}
	f.barred = barredIn(s.bars, n, c)
	if f.barred.IsZero() {
		return false
	}
	f.issued = s.issued(n, c)
	return f.IsBarred(login)
}

// EndsOwnBar tells whether a login of others has issued a token that was barred here,
// certainly later.
func (s *Store) EndsOwnBar(n *Names, c verifier.Credential) bool {
	login := s.issued(n, c)
	at := barredIn(s.own, n, c)
	return !login.IsZero() && !at.IsZero() && isAfter(login, at)
}

func laterOf(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
