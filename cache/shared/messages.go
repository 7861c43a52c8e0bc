package shared

import (
	"time"

	"github.com/upstreamauth/upstreamauth/cache/redis"
)

// ear takes the messages of a stream.
type ear struct {
	secret  string
	origin  string
	now     func() time.Time
	bars    *marks // of others
	own     *marks
	logins  *marks // likewise
	sweeps  *marks // what operators have had forgotten
	ends    *marks // tokens that have ended, and credentials that were forgotten
	counter *counter
	hears   Hears
	missed  func() // a message was lost
}

// Hears is told what a store hears of others. All are set. They are called without a lock.
type Hears struct {
	Forgotten func(name [32]byte)  // by a scope: the name of a credential in it
	Revoked   func(token [32]byte) // a token has ended, or is barred, for its upstream
	Issued    func(token [32]byte) // a login has issued a token
	Swept     func(sort string, name [32]byte)
	Missed    func() // prebuilt answers are not to be used any more
}

// message writes what hear reads. The value proves that it comes from one who has the
// secret: nobody else can bar a token. token is its name for the upstream.
func (e *ear) message(stream, kind string, name, token [32]byte, value string) []string {
	return []string{"XADD", stream, "MAXLEN", "~", maxStream, "*", "k", kind, "n", text(name), "u", text(token), "v", value, "o", e.origin}
}

// hear is called with each message, in their order. The own ones come back, and say nothing
// new. One that ends in a panic is lost.
func (e *ear) hear(entry redis.Entry) {
	defer func() {
		if recover() != nil {
			e.missed()
		}
	}()
	f := entry.Fields
	if len(f) != 10 || f[0] != "k" || f[2] != "n" || f[4] != "u" || f[6] != "v" || f[8] != "o" {
		e.counter.add(Counts{Unopened: 1})
		return
	}
	if f[9] == e.origin {
		return
	}
	name, isName := nameIn(f[3])
	token, isToken := nameIn(f[5])
	plain, opens := newBox(e.secret, f[1], name).open(f[7])
	m, reads := decodeMark(plain)
	if !isName || !isToken || !opens || !reads {
		e.counter.add(Counts{Unopened: 1})
		return
	}
	e.take(f[1], name, token, m)
	e.counter.add(Counts{Heard: 1})
}

// take takes in what a message says. A login of the future would end a bar: it is none.
func (e *ear) take(kind string, name, token [32]byte, m mark) {
	switch kind {
	case endedKind:
		e.ends.add(name, mark{at: m.at, end: m.at.Add(longest)})
		e.hears.Forgotten(name)
	case revokedKind:
		e.ends.add(name, m)
		e.hears.Revoked(token)
	case barredKind:
		e.noteBar(name, m)
		e.hears.Revoked(token)
	case refreshKind:
		e.noteBar(name, m)
		e.hears.Revoked(token)
	case SweptAll, SweptAccount, SweptKey:
		e.sweeps.add(name, m)
		e.hears.Swept(kind, name)
	case loginKind:
		if m.at.After(e.now().Add(margin)) {
			return
		}
		e.logins.add(name, m)
		e.hears.Issued(token)
	}
}

// noteBar takes a bar in, unless it is one of this process, which may have two connections to
// one memory: then it is known here whether that, or a login, came first, however short the
// time between them.
func (e *ear) noteBar(name [32]byte, m mark) {
	if !e.own.since(name).Equal(m.at) {
		e.bars.add(name, m)
	}
}
