package redis_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/redis"
)

// stream is a stream of one server, as a test sets it.
type stream struct {
	mu    sync.Mutex
	ids   []string // what it holds, in order
	reply string   // what XREAD is answered with instead
	asked chan bool
}

func (s *stream) set(reply string, ids ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reply, s.ids = reply, ids
}

// answer waits for nothing: what XREAD would wait for is absent.
func (s *stream) answer(command []string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	entry := func(i int) string {
		return fmt.Sprintf("*2\r\n%s*2\r\n%s%s", bulk(s.ids[i]), bulk("n"), bulk(s.ids[i]))
	}
	switch {
	case command[0] == "XREAD" && s.reply != "":
		return s.reply
	case command[0] == "XREAD":
		var after []string
		for i, id := range s.ids {
			if id > command[len(command)-1] {
				after = append(after, entry(i))
			}
		}
		select {
		case s.asked <- true:
		default:
		}
		if len(after) == 0 {
			time.Sleep(time.Millisecond)
			return "*-1\r\n"
		}
		return fmt.Sprintf("*1\r\n*2\r\n%s*%d\r\n%s", bulk("events"), len(after), strings.Join(after, ""))
	case len(s.ids) == 0:
		return "*0\r\n"
	case command[0] == "XREVRANGE":
		return "*1\r\n" + entry(len(s.ids)-1)
	}
	return "*1\r\n" + entry(0)
}

// ears are what a listener has heard.
type ears struct {
	*redis.Listener
	mu     sync.Mutex
	heard  []string
	missed int
}

func listenTo(t *testing.T, address string) *ears {
	t.Helper()
	e := &ears{}
	e.Listener = newClient(t, redis.Options{Endpoints: []string{address}}).Listen("events",
		func(entry redis.Entry) { e.mu.Lock(); e.heard = append(e.heard, entry.ID); e.mu.Unlock() },
		func() { e.mu.Lock(); e.missed++; e.mu.Unlock() })
	t.Cleanup(e.Stop)
	return e
}

func (e *ears) state() (heard string, missed int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.Join(e.heard, " "), e.missed
}

func eventually(t *testing.T, what string, reached func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !reached(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no end of waiting for %s", what)
		}
	}
}

func TestListener(t *testing.T) {
	begin := func(t *testing.T, ids ...string) (*stream, *server, *ears) {
		t.Helper()
		s := &stream{asked: make(chan bool)}
		s.set("", ids...)
		server := newServer(t, pong(s.answer))
		e := listenTo(t, server.address())
		<-s.asked
		<-s.asked // it has read the first reply by then
		return s, server, e
	}
	expect := func(t *testing.T, e *ears, want string, wantMissed int) {
		t.Helper()
		eventually(t, fmt.Sprintf("%q and %d times entries that were missed", want, wantMissed), func() bool {
			heard, missed := e.state()
			return heard == want && missed == wantMissed
		})
	}

	t.Run("a stream that begins anew with smaller IDs, over the same connection, is heard", func(t *testing.T) {
		s, server, e := begin(t, "5-0")
		s.set("")
		expect(t, e, "", 1)
		s.set("", "3-0")
		expect(t, e, "3-0", 1)
		if n := server.connections(); n != 1 {
			t.Errorf("%d connections", n)
		}
	})

	// Whoever writes to Redis can do so, and remove it again.
	t.Run("an entry with an ID of far away, which was removed, ends nothing", func(t *testing.T) {
		s, _, e := begin(t, "5-0")
		s.set("", "5-0", "9-0")
		expect(t, e, "9-0", 0)
		s.set("", "5-0")
		expect(t, e, "9-0", 1)
		s.set("", "5-0", "6-0")
		expect(t, e, "9-0 6-0", 1)
	})

	t.Run("of a stream that was empty before a connection ended, some may have been missed", func(t *testing.T) {
		first, then := &stream{asked: make(chan bool)}, &stream{asked: make(chan bool)}
		first.set("-ERR x\r\n")
		then.set("", "7-0", "8-0")
		server := newServer(t, func(s *session, command []string) string {
			of := first
			if s.number > 1 {
				of = then
			}
			return pong(of.answer)(s, command)
		})
		expect(t, listenTo(t, server.address()), "7-0 8-0", 1)
	})

	// Who has looked something up since Current first was known relies on hearing its end.
	t.Run("it has begun no earlier than the reply that tells its place: what came before that is not heard", func(t *testing.T) {
		s, c := &stream{asked: make(chan bool)}, newClock()
		began, once := c.now(), sync.Once{}
		server := newServer(t, pong(func(command []string) string {
			once.Do(func() {
				c.advance(time.Second) // another one tells something while this one's question is on its way
				s.set("", "5-0")
			})
			return s.answer(command)
		}))
		e := &ears{Listener: newClient(t, redis.Options{Endpoints: []string{server.address()}, Now: c.now}).Listen("events", func(redis.Entry) {}, func() {})}
		t.Cleanup(e.Stop)
		eventually(t, "it to begin", func() bool { return !e.Current().IsZero() })
		if current := e.Current(); current.Before(began.Add(time.Second)) {
			t.Errorf("it says to have begun %v before that", began.Add(time.Second).Sub(current))
		}
	})

	for name, reply := range map[string]string{
		"a failure in place of the entries":  "*1\r\n*2\r\n" + bulk("events") + "-ERR x\r\n",
		"a text in place of the entries":     "*1\r\n*2\r\n" + bulk("events") + bulk("x"),
		"no entries, though it did not wait": "*1\r\n*2\r\n" + bulk("events") + "*0\r\n",
		"another stream":                     "*1\r\n*2\r\n" + bulk("others") + "*0\r\n",
		"a failure in place of the stream":   "*1\r\n-ERR x\r\n",
		"an entry that was heard before":     "*1\r\n*2\r\n" + bulk("events") + "*1\r\n*2\r\n" + bulk("5-0") + "*0\r\n",
		"an entry without a number":          "*1\r\n*2\r\n" + bulk("events") + "*1\r\n*2\r\n" + bulk("6") + "*0\r\n",
		"an entry without fields":            "*1\r\n*2\r\n" + bulk("events") + "*1\r\n*2\r\n" + bulk("6-0") + "*-1\r\n",
		"a failure":                          "-NOPERM x\r\n",
	} {
		t.Run(name+" ends the connection, and is not taken for silence", func(t *testing.T) {
			s, server, e := begin(t, "5-0")
			s.set(reply, "5-0")
			eventually(t, "the odd reply to be met", func() bool { return e.Err() != nil })
			n := server.connections()
			eventually(t, "another connection", func() bool { return server.connections() > n })
			if heard, _ := e.state(); heard != "" {
				t.Errorf("heard %q", heard)
			}
		})
	}
}
