package shared

import (
	"github.com/upstreamauth/upstreamauth/cache/redis"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// Look asks the memory about a credential, in one batch. It takes no longer than two of the
// memory's time limits, and no time at all while that is left alone.
func (s *Store) Look(n *Names, c verifier.Credential) *Found {
	s.wake()
	s.counter.add(Counts{Looks: 1})
	q := s.question(n, c)
	found := &Found{}
	replies := s.link.ask(q.commands)
	if replies == nil {
		s.recall(n, c, found)
		return found
	}
	found.Answered = true
	s.read(q, replies, found)
	s.recall(n, c, found)
	e := found.Entry
	if e != nil && (!found.Answered || !found.Holds(e.Asked) || e.Asked.After(s.now().Add(margin))) {
		found.Entry = nil
	}
	if found.Entry != nil {
		s.counter.add(Counts{Found: 1})
	}
	return found
}

// question is what is asked about one credential: values of these kinds and names, in this
// order.
type question struct {
	commands [][]string
	kinds    []string
	names    [][32]byte
	secrets  []string // that the values open with; a box costs more than most questions
}

// question asks for the entry, what may have ended it, and the login. The name that its
// issuer gave a token lies in another slot of a cluster.
func (s *Store) question(n *Names, c verifier.Credential) *question {
	key, tag := sealed(n.secret, c)
	q := &question{}
	get := []string{"MGET"}
	name := n.Of(c)
	get = append(get, s.key(tag, entryKind, name), s.key(tag, endedKind, name))
	q.add(entryKind, key, name)
	q.add(endedKind, n.secret, name)
	if c.Kind != verifier.Bearer {
		q.commands = [][]string{get}
		return q
	}
	name = n.TokenOf(c)
	get = append(get, s.key(tag, revokedKind, name), s.key(tag, barredKind, name))
	q.add(revokedKind, n.secret, name)
	q.add(barredKind, n.secret, name)
	if n.logins == "" {
		q.commands = [][]string{get}
		return q
	}
	name = tokenName(n.logins, c.Token)
	issued := loginName(n.logins, c.Token)
	get = append(get, s.key(tag, refreshKind, name), s.key(tag, loginKind, issued))
	q.add(refreshKind, n.secret, name)
	q.add(loginKind, n.secret, issued)
	q.commands = [][]string{get}
	name, named := idName(n.logins, c.Token)
	if named {
		q.commands = append(q.commands, []string{"MGET", s.key(tagOf(name), refreshKind, name)})
		q.add(refreshKind, n.secret, name)
	}
	return q
}

func (q *question) add(kind, secret string, name [32]byte) {
	q.kinds = append(q.kinds, kind)
	q.names = append(q.names, name)
	q.secrets = append(q.secrets, secret)
}

// read reads the values in the replies to one question. Whatever does not open is as if it
// were not there.
func (s *Store) read(q *question, replies []*redis.Reply, f *Found) {
	i, unopened := 0, 0
	for _, r := range replies {
		if r.Kind != redis.Array {
			f.Answered = false // the command was refused
			return
		}
		for _, value := range r.Items {
			if i < len(q.kinds) && value.Kind == redis.Bulk && !s.readOne(q, i, value, f) {
				unopened++
			}
			i++
		}
	}
	if unopened > 0 {
		s.counter.add(Counts{Unopened: unopened})
	}
}

// readOne reads one value; false: it does not open, or says nothing.
func (s *Store) readOne(q *question, i int, value *redis.Reply, f *Found) bool {
	b := newBox(q.secrets[i], q.kinds[i], q.names[i])
	if q.kinds[i] == entryKind {
		plain, _ := b.open(value.Text)
		f.Entry = decode(plain)
		f.Had = f.Entry != nil
		return f.Had
	}
	m, opens := openMark(b, value)
	if opens {
		s.note(q.kinds[i], q.names[i], m, f)
	}
	return opens
}

// note takes one mark in. A login of the future would end a bar: it is none.
func (s *Store) note(kind string, name [32]byte, m mark, f *Found) {
	switch kind {
	case endedKind:
		f.ended = laterOf(f.ended, m.at)
		m.end = m.at.Add(longest)
		s.ends.add(name, m)
	case revokedKind:
		f.ended = laterOf(f.ended, m.at)
		s.ends.add(name, m)
	case barredKind:
		s.ear.noteBar(name, m)
	case refreshKind:
		s.ear.noteBar(name, m)
	case loginKind:
		if !m.at.After(s.now().Add(margin)) {
			s.logins.add(name, m)
		}
	}
}
