package shared

import (
	"strconv"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/redis"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// Look asks the memory about a credential, in one batch, and in another where an operator has
// had something forgotten. It takes no longer than two of the memory's time limits, and no time
// at all while that is left alone.
func (s *Store) Look(n *Names, c verifier.Credential) *Found {
	s.wake()
	begun := s.uptime()
	s.counter.add(Counts{Looks: 1})
	q := s.question(n, c)
	s.askSwept(q, n)
	found := &Found{}
	replies := s.link.ask(q.commands)
	if replies == nil {
		s.recall(n, c, found)
		return found
	}
	found.Answered = true
	s.read(q, replies, found)
	s.lookSwept(n, c, found, begun)
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

// askSwept asks whether an operator has had the scope forgotten, or any part of it.
func (s *Store) askSwept(q *question, n *Names) {
	q.commands = append(q.commands, []string{"MGET", s.key(tagOf(n.all), SweptAll, n.all), s.key(tagOf(n.all), sweptKind, n.swept)})
	q.add(SweptAll, n.secret, n.all)
	q.add(sweptKind, n.secret, n.swept)
}

// lookSwept asks whether a part was forgotten that this is about, where any part was since
// the entry. Without an answer, or without an entry to tell whose it is, it was. The look began
// then, as uptime.
func (s *Store) lookSwept(n *Names, c verifier.Credential, f *Found, begun time.Duration) {
	if f.swept.IsZero() || f.Entry != nil && isAfter(f.Entry.Asked, f.swept) {
		return
	}
	if f.Entry == nil {
		f.ended = laterOf(f.ended, f.swept)
		return
	}
	q := &question{}
	get := []string{"MGET"}
	for _, sort := range []string{SweptKey, SweptAccount} {
		name := n.Swept(sort, subjectOf(sort, c, f.Entry))
		get = append(get, s.key(tagOf(n.all), sort, name))
		q.add(sort, n.secret, name)
	}
	replies := s.link.askMore([][]string{get}, begun)
	if replies == nil || replies[0].Kind != redis.Array {
		f.ended = laterOf(f.ended, f.swept)
		return
	}
	s.read(q, replies, f)
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
	case SweptAll, SweptAccount, SweptKey:
		f.ended = laterOf(f.ended, m.at)
		s.sweeps.add(name, m)
	case sweptKind:
		f.swept = m.at
	case loginKind:
		if !m.at.After(s.now().Add(margin)) {
			s.logins.add(name, m)
		}
	}
}

// Take counts one call to an upstream, with those of all others, under a limit of a fixed
// window that begins with its first call. name is whose calls are counted, such as an
// application key. wait is what is left of the window where the limit is spent, and 0 where
// the call is granted; counted is false where the memory does not answer. Each caller obeys
// its own limit over the count of all whose window is as long. While the memory does not
// answer, calls are counted on from what it said last.
func (s *Store) Take(n *Names, name string, limit verifier.Rate) (wait time.Duration, counted bool) {
	s.wake()
	id := named(n.scope, "budget", name, limit.Period.String())
	key := s.key(tagOf(id), budgetKind, id)
	window := px(limit.Period, farthest)
	replies := s.link.ask([][]string{
		{"SET", key, "0", "PX", window, "NX"},
		{"INCR", key},
		{"PTTL", key},
	})
	if replies == nil {
		return s.tallies.add(id, int64(limit.Calls), s.uptime())
	}
	if replies[1].Kind != redis.Integer || replies[2].Kind != redis.Integer {
		for _, r := range replies {
			if r.Kind == redis.Failed {
				s.link.health.wrote(r.Text)
			}
		}
		return s.tallies.add(id, int64(limit.Calls), s.uptime())
	}
	s.link.health.wrote("")
	left := replies[2].Number
	if left < 0 { // somebody has taken its end away
		s.link.ask([][]string{{"PEXPIRE", key, window}})
		left, _ = strconv.ParseInt(window, 10, 64)
	}
	wait = time.Duration(left) * time.Millisecond
	s.tallies.set(id, &tally{calls: replies[1].Number, end: s.uptime() + wait})
	if replies[1].Number <= int64(limit.Calls) {
		return 0, true
	}
	if wait > windowEnds {
		// It was no call, and must not spend what another route may. Not at the end of the
		// window, where a late command would count in the next one.
		s.link.ask([][]string{{"DECR", key}})
	}
	if wait <= 0 {
		wait = time.Millisecond
	}
	return wait, true
}
