package shared

import (
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/jwt"
)

// Keep has an entry written, which lasts until then. It returns before that is done.
func (s *Store) Keep(n *Names, c verifier.Credential, e *Entry, until time.Time) {
	plain, fits := encode(e)
	if !fits {
		s.counter.add(Counts{Lost: 1})
		return
	}
	s.wake()
	key, tag := sealed(n.secret, c)
	name := n.Of(c)
	k := &keep{name: name, key: s.key(tag, entryKind, name), asked: e.Asked, until: until}
	k.value = newBox(key, entryKind, name).seal(plain)
	k.endedBy(endedKind, name, s.key(tag, endedKind, name))
	if c.Kind == verifier.Bearer {
		token := n.TokenOf(c)
		k.endedBy(revokedKind, token, s.key(tag, revokedKind, token))
		k.endedBy(barredKind, token, s.key(tag, barredKind, token))
	}
	s.writer.keep(k)
}

// Forget has all others forget what they remember of a credential in a scope.
func (s *Store) Forget(n *Names, c verifier.Credential) {
	_, tag := sealed(n.secret, c)
	name := n.Of(c)
	m := mark{at: s.now()}
	s.ends.add(name, mark{at: m.at, end: m.at.Add(longest)})
	t := s.told(n, tag, endedKind, name, m, endedFor)
	t.dels = [][]string{{"DEL", s.key(tag, entryKind, name)}}
	t.own = name
	s.tell(t)
}

// Sweep has all others forget what an operator wants forgotten in a scope, and keeps what is
// written already from counting. Nobody knows all entries that this is about, so it outlives
// them.
func (s *Store) Sweep(n *Names, sort, subject string) {
	name := n.Swept(sort, subject)
	now := s.now()
	m := mark{at: now, end: now.Add(longest)}
	s.sweeps.add(name, m)
	tag := tagOf(n.all)
	t := s.told(n, tag, sort, name, m, longest)
	if sort != SweptAll {
		value := newBox(n.secret, sweptKind, n.swept).seal(encodeMark(m))
		t.sets = append(t.sets, []string{"SET", s.key(tag, sweptKind, n.swept), value, "PX", px(longest, farthest)})
	}
	s.tell(t)
}

// Revoke has all others forget what they remember of a token of this upstream.
func (s *Store) Revoke(n *Names, token string) {
	c := verifier.Credential{Kind: verifier.Bearer, Token: token}
	_, tag := sealed(n.secret, c)
	// Nobody knows all entries of a token, so the tombstone outlives them.
	m := s.untilEnd(token)
	t := s.told(n, tag, revokedKind, n.TokenOf(c), m, m.end.Sub(m.at))
	t.token = n.TokenOf(c)
	s.ends.add(t.token, m)
	if n.logins != "" {
		t.dels = [][]string{{"DEL", s.key(tag, loginKind, loginName(n.logins, token))}}
	}
	s.tell(t)
}

// Bar bars a token of this upstream for all, until its end.
func (s *Store) Bar(n *Names, token string) {
	c := verifier.Credential{Kind: verifier.Bearer, Token: token}
	_, tag := sealed(n.secret, c)
	t := s.bar(n, tag, barredKind, n.TokenOf(c), token)
	t.token = n.TokenOf(c)
	s.tell(t)
}

// BarRefresh bars a refresh token for all who trust the logins of these names; access is
// the token that was issued with it, or empty. As in package logins, it is barred by the
// name that its issuer gave it, unless that names both.
func (s *Store) BarRefresh(n *Names, refresh, access string) {
	if n.logins == "" {
		return
	}
	c := verifier.Credential{Kind: verifier.Bearer, Token: refresh}
	_, tag := sealed(n.secret, c)
	name := tokenName(n.logins, refresh)
	byID, named := idName(n.logins, refresh)
	other, alsoNamed := idName(n.logins, access)
	if named && !(alsoNamed && byID == other) {
		name = byID
		tag = tagOf(byID)
	}
	t := s.bar(n, tag, refreshKind, name, refresh)
	t.token = n.TokenOf(c)
	s.tell(t)
}

// bar bars a token by a name, here too.
func (s *Store) bar(n *Names, tag, kind string, name [32]byte, token string) *told {
	m := s.untilEnd(token)
	rounded, _ := decodeMark(encodeMark(m))
	s.own.add(name, rounded)
	return s.told(n, tag, kind, name, m, m.end.Sub(m.at))
}

// Issued tells all who trust the logins of these names that one has issued a token now.
func (s *Store) Issued(n *Names, token string) {
	if n.logins == "" {
		return
	}
	c := verifier.Credential{Kind: verifier.Bearer, Token: token}
	_, tag := sealed(n.secret, c)
	m := s.untilEnd(token)
	// What is ended counts as older: the instant of a login is cut off, not rounded up.
	m.at = m.at.Add(1 - time.Millisecond)
	t := s.told(n, tag, loginKind, loginName(n.logins, token), m, m.end.Sub(m.at))
	t.token = n.TokenOf(c)
	s.tell(t)
}

// untilEnd is a mark of now, which matters until a token's own end; for as long as any may
// be honoured where it names none.
func (s *Store) untilEnd(token string) mark {
	now := s.now()
	end := jwt.End(token)
	if end.IsZero() {
		end = now.Add(longest)
	}
	return mark{at: now, end: end}
}

// told is what the others are to be told: a kind and a name, and a value that is set before.
type told struct {
	kind  string
	name  [32]byte
	token [32]byte // the token's name for the upstream
	own   [32]byte // of an entry that is not to be written any more
	value string
	until time.Time
	sets  [][]string
	dels  [][]string
}

// told makes one. lasts is for how long its value does.
func (s *Store) told(n *Names, tag, kind string, name [32]byte, m mark, lasts time.Duration) *told {
	t := &told{kind: kind, name: name, until: m.end}
	t.value = newBox(n.secret, kind, name).seal(encodeMark(m))
	t.sets = [][]string{{"SET", s.key(tag, kind, name), t.value, "PX", px(lasts, farthest)}}
	if t.until.IsZero() {
		t.until = m.at.Add(longest)
	}
	return t
}

func (s *Store) tell(t *told) {
	s.wake()
	entry := s.ear.message(s.stream(), t.kind, t.name, t.token, t.value)
	s.writer.tell(&message{sets: t.sets, dels: t.dels, until: t.until, entry: entry}, t.own)
}
