package redis_test

import (
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/redis"
)

func testListener(t *testing.T, l level) {
	s := start(t, redis.Options{Durable: true})
	before := runtime.NumGoroutine()
	number := l.open([]string{s.Address()}, "", "", "", 0, nil, 2*time.Second)
	cli(t, s, "XADD", "events", "*", "n", "before")
	ear := l.listen(number, "events")
	heard := func() []string { list, _ := l.heard(ear); return list }
	eventually(t, "the listener to begin", func() bool { return !l.current(ear).IsZero() })

	t.Run("no entry is lost or heard twice, though connections and the server end", func(t *testing.T) {
		var want []string
		for i := range 60 {
			switch i % 20 {
			case 5:
				cli(t, s, "CLIENT", "KILL", "TYPE", "normal")
			case 15:
				if i < 40 {
					s.Kill()
					if err := s.Restart(); err != nil {
						t.Fatal(err)
					}
				}
			}
			cli(t, s, "XADD", "events", "*", "n", strconv.Itoa(i))
			want = append(want, "n="+strconv.Itoa(i))
		}
		eventually(t, "all entries", func() bool { return len(heard()) >= len(want) })
		time.Sleep(50 * time.Millisecond)
		if got := heard(); !slices.Equal(got, want) {
			t.Errorf("heard %q", got)
		}
		if _, missed := l.heard(ear); missed != 0 {
			t.Errorf("%d times entries may have been missed", missed)
		}
	})

	t.Run("it says up to when it has heard all", func(t *testing.T) {
		now := time.Now()
		eventually(t, "a later instant", func() bool { return l.current(ear).After(now) })
		s.Pause()
		stopped := l.current(ear)
		eventually(t, "it to stay while nothing is heard", func() bool { // a reply may still be on its way
			before := stopped
			time.Sleep(500 * time.Millisecond)
			stopped = l.current(ear)
			return stopped.Equal(before)
		})
		s.Continue()
		eventually(t, "a later instant", func() bool { return l.current(ear).After(stopped) })
	})

	missed := func() int { _, n := l.heard(ear); return n }
	t.Run("it says that entries went before they were heard", func(t *testing.T) {
		l.hold(ear, true)
		cli(t, s, "XADD", "events", "*", "n", "held")
		eventually(t, "it to wait with an entry", func() bool { return l.waits(ear) })
		for i := range 5 {
			cli(t, s, "XADD", "events", "MAXLEN", "1", "*", "n", fmt.Sprint("late", i))
		}
		l.hold(ear, false)
		eventually(t, "the last one", func() bool { return slices.Contains(heard(), "n=late4") })
		if missed() != 1 || slices.Contains(heard(), "n=late3") {
			t.Errorf("%d times, heard %q", missed(), heard())
		}
	})

	t.Run("it says that the stream is an older one, and goes on with that", func(t *testing.T) {
		// In one, so that it never finds the stream gone, which is another loss.
		cli(t, s, "EVAL", `redis.call("DEL", "events") return redis.call("XADD", "events", "1-1", "n", "older")`, "0")
		cli(t, s, "CLIENT", "KILL", "TYPE", "normal")
		eventually(t, "the loss to be seen", func() bool { return missed() == 2 })
		cli(t, s, "XADD", "events", "1-2", "n", "next")
		eventually(t, "the next one", func() bool { return slices.Contains(heard(), "n=next") })
	})

	t.Run("it says why nothing is heard", func(t *testing.T) {
		eventually(t, "nothing to be said where all is well", func() bool { return l.failure(ear) == "" })
		s.Kill()
		eventually(t, "a reason", func() bool { return strings.Contains(l.failure(ear), "refused") })
		if err := s.Restart(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the end of it", func() bool { return l.failure(ear) == "" })
	})

	t.Run("it ends when it is told to", func(t *testing.T) {
		l.stop(ear)
		eventually(t, "its connection to end", func() bool {
			return strings.Count(cli(t, s, "CLIENT", "LIST", "TYPE", "normal"), "cmd=xread") == 0
		})
		l.close(number)
		expectNoGoroutines(t, before+1)
	})
}
