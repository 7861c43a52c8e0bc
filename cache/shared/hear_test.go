package shared

import (
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/redis"
	"github.com/upstreamauth/upstreamauth/telemetry/counters"
)

// listener is a store that hears what a test has it hear, and what it has told its user.
func listener(f *fixture) (s *Store, n *Names, told map[string]int) {
	told = map[string]int{}
	s = New(Options{Secret: secret, Local: time.Minute, Prefix: "p"}, f.Now, f.Uptime, counters.NewMemory(), Hears{
		Forgotten: func([32]byte) { told["forgotten"]++ }, Revoked: func([32]byte) { told["revoked"]++ },
		Issued: func([32]byte) { told["issued"]++ }, Swept: func(string, [32]byte) {}, Missed: func() { told["missed"]++ },
	})
	return s, s.Names(scope()), told
}

// hear is a message of another store.
func (s *Store) hear(kind string, name, token [32]byte, m mark) {
	written := s.ear.message(s.stream(), kind, name, token, newBox(secret, kind, name).seal(encodeMark(m)))
	written[len(written)-1] = "another"
	s.ear.hear(redis.Entry{ID: "1-0", Fields: written[6:]})
}

func TestHears(t *testing.T) {
	x := bearer("x")

	t.Run("a login ends a bar, unless it is of the future", func(t *testing.T) {
		for later, want := range map[time.Duration]bool{time.Minute: true, 2*time.Minute + margin: true, 3 * time.Minute: false, time.Hour: false} {
			f := &fixture{now: noon.Add(2 * time.Minute)}
			s, n, told := listener(f)
			s.hear(barredKind, n.TokenOf(x), n.TokenOf(x), mark{at: noon, end: noon.Add(longest)})
			s.hear(loginKind, loginName(n.logins, "x"), n.TokenOf(x), mark{at: noon.Add(later), end: noon.Add(longest)})
			f.pass(3 * time.Hour) // what was no login then is none later
			if ended := !s.IsBarred(n, x, time.Time{}); ended != want || (told["issued"] == 1) != want || told["revoked"] != 1 {
				t.Errorf("%s after the bar: ended %v, told %v", later, ended, told)
			}
		}
	})
}

func TestOwnBars(t *testing.T) {
	x := bearer("x")

	t.Run("a bar of this process is none of others, whichever connection it comes back by", func(t *testing.T) {
		f := &fixture{now: noon}
		old, n, _ := listener(f)
		s, _, told := listener(f)
		s.Follow(old)
		own := mark{at: noon, end: noon.Add(longest)}
		old.own.add(n.TokenOf(x), own)
		s.hear(barredKind, n.TokenOf(x), n.TokenOf(x), own)
		if s.IsBarred(n, x, time.Time{}) || told["revoked"] != 1 {
			t.Errorf("it is, or is not heard: %v", told)
		}
		own.at = noon.Add(time.Second)
		s.hear(barredKind, n.TokenOf(x), n.TokenOf(x), own)
		if !s.IsBarred(n, x, time.Time{}) {
			t.Error("nor is a later one of others")
		}
	})
}

func TestFollow(t *testing.T) {
	x := bearer("x")

	t.Run("one that is opened for its settings alone knows what the other one has heard", func(t *testing.T) {
		f := &fixture{now: noon}
		old, n, _ := listener(f)
		old.hear(barredKind, n.TokenOf(x), n.TokenOf(x), mark{at: noon, end: noon.Add(longest)})
		s, _, _ := listener(f)
		s.Follow(old)
		if !s.IsBarred(n, x, time.Time{}) {
			t.Error("it does not")
		}
		s.hear(barredKind, n.TokenOf(bearer("y")), n.TokenOf(bearer("y")), mark{at: noon, end: noon.Add(longest)})
		if !s.IsBarred(n, bearer("y"), time.Time{}) || !old.IsBarred(n, bearer("y"), time.Time{}) {
			t.Error("what it hears is not known to both")
		}
	})
}

func TestKeeps(t *testing.T) {
	one := func(name byte, asked time.Duration) *keep {
		return &keep{name: [32]byte{name}, asked: noon.Add(asked), until: noon.Add(time.Hour)}
	}

	t.Run("the newest of a name is written, and none that was forgotten or is late", func(t *testing.T) {
		q := newKeeps()
		for _, k := range []*keep{one(1, 0), one(2, 0), one(1, 1), one(3, -keepWithin-1), one(4, 0)} {
			q.add(k)
		}
		delete(q.byName, [32]byte{2})
		batch, lost := q.next(noon, 10)
		if len(batch) != 2 || !batch[0].asked.Equal(noon.Add(1)) || batch[1].name[0] != 4 || lost != 1 {
			t.Errorf("%+v, %d lost", batch, lost)
		}
		q.add(one(1, 2))
		q.again(batch)
		batch, _ = q.next(noon, 10)
		if len(batch) != 2 || !batch[0].asked.Equal(noon.Add(2)) {
			t.Errorf("what was not written replaces what is newer: %+v", batch)
		}
	})

	t.Run("their number is bounded", func(t *testing.T) {
		q := newKeeps()
		for i := 0; i < maxQueue; i++ {
			q.add(one(byte(i), 0))
		}
		if q.add(one(1, 0)) || len(q.waiting) != maxQueue {
			t.Error("it is not")
		}
	})
}
