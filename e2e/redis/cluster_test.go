package redis_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/redis"
)

func testCluster(t *testing.T, l level) {
	c, err := redis.StartCluster(3, redis.Options{Password: "staple"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	before := runtime.NumGoroutine()
	number := l.open(c.Addresses(), "", "", "staple", 0, nil, patience)

	t.Run("slots that move meanwhile lead to no wrong value and no loss", func(t *testing.T) {
		round := 0
		all := func() {
			counts, text := l.run(number, callers, 20, fmt.Sprint("ua", round), true, hang)
			expectCounts(t, counts, text, callers*20)
			round++
		}
		all() // by then it is known where each slot lies
		moved := make(chan error, 1)
		go func() { moved <- c.Move(0, 1, 400) }()
		for done := false; !done; {
			select {
			case err := <-moved:
				if err != nil {
					t.Fatal(err)
				}
				done = true
			default:
			}
			all() // once more when they have moved
		}
		met := cli(t, c.Nodes[0], "INFO", "errorstats")
		t.Logf("%q", met)
		if !strings.Contains(met, "errorstat_MOVED") {
			t.Error("no caller met a slot that had moved")
		}
	})

	t.Run("a key that is on its way is asked for at its new node", func(t *testing.T) {
		slot := cli(t, c.Nodes[0], "CLUSTER", "KEYSLOT", "{3f}")
		owner := slices.IndexFunc(c.Nodes, func(s *redis.Server) bool {
			return !strings.Contains(cli(t, s, "EXISTS", "{3f}"), "MOVED")
		})
		source, target := c.Nodes[owner], c.Nodes[(owner+1)%3]
		l.expect(t, number, [][]string{{"SET", "{3f}old", "o"}}, "OK")
		cli(t, target, "CLUSTER", "SETSLOT", slot, "IMPORTING", cli(t, source, "CLUSTER", "MYID"))
		cli(t, source, "CLUSTER", "SETSLOT", slot, "MIGRATING", cli(t, target, "CLUSTER", "MYID"))
		l.expect(t, number, [][]string{{"GET", "{3f}old"}, {"SET", "{3f}new", "n"}, {"GET", "{3f}new"}, {"INCR", "{3f}count"}, {"GET", "{3f}old"}},
			"o", "OK", "n", "1", "o")
		l.expect(t, number, [][]string{{"MGET", "{3f}new", "{3f}old"}}, "TRYAGAIN")
		if met := cli(t, source, "INFO", "errorstats"); !strings.Contains(met, "errorstat_ASK") {
			t.Errorf("no key was on its way: %q", met)
		}
		cli(t, source, "CLUSTER", "SETSLOT", slot, "STABLE")
		cli(t, target, "CLUSTER", "SETSLOT", slot, "STABLE")
	})

	t.Run("commands for several nodes in one call have their replies in order", func(t *testing.T) {
		var commands [][]string
		var want []string
		for i := range 20 {
			key := fmt.Sprintf("k{%02x}", i)
			commands = append(commands, []string{"SET", key, key}, []string{"GET", key})
			want = append(want, "OK", key)
		}
		l.expect(t, number, commands, want...)
	})

	t.Run("a stream is found where it lies, wherever that is", func(t *testing.T) {
		for _, stream := range []string{"{aa}events", "{bb}events", "{cc}events", "{dd}events"} {
			ear := l.listen(number, stream)
			eventually(t, "the listener to begin", func() bool { return !l.current(ear).IsZero() })
			l.do(number, [][]string{{"XADD", stream, "*", "n", stream}})
			eventually(t, "the entry", func() bool { list, _ := l.heard(ear); return slices.Equal(list, []string{"n=" + stream}) })
			l.stop(ear)
		}
	})

	t.Run("a node that is gone takes no others with it", func(t *testing.T) {
		c.Nodes[0].Kill()
		eventually(t, "the others to answer", func() bool {
			answered := 0
			for i := range 16 {
				got := l.do(number, [][]string{{"SET", fmt.Sprintf("k{%02x}", i), "v"}})[0]
				if got == "OK" {
					answered++
				}
			}
			return answered >= 4
		})
		l.close(number)
		expectNoGoroutines(t, before)
	})
}
