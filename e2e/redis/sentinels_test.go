package redis_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/redis"
)

func testSentinels(t *testing.T, l level) {
	s, err := redis.StartSentinels(2, redis.Options{Password: "staple"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	master := s.Servers[0]
	options := settings{master: redis.MasterName, password: "staple", timeout: patience}
	client := l.client(t, s.Addresses(), options)
	writes := func(value string) bool { return l.do(client, [][]string{{"SET", "ua:{3f}:k", value}})[0] == "OK" }
	on := func(server *redis.Server) string { return cli(t, server, "GET", "ua:{3f}:k") }
	// follow waits for another master, to which the client's writes go.
	// It returns how long that took from when the Sentinels named it.
	follow := func(t *testing.T, value string) (took time.Duration) {
		t.Helper()
		other, err := s.Master(master)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		eventually(t, "a write at the new master", func() bool { return writes(value) && on(other) == value })
		took = time.Since(began)
		t.Logf("found after %v", took.Round(time.Millisecond))
		master = other
		return took
	}

	t.Run("it writes to the server that the Sentinels name", func(t *testing.T) {
		if !writes("one") || on(master) != "one" {
			t.Error("it did not")
		}
	})

	t.Run("a name that they do not know is an error", func(t *testing.T) {
		unknown := options
		unknown.master = "stranger"
		if got := l.do(l.client(t, s.Addresses(), unknown), [][]string{{"GET", "k"}})[0]; !strings.Contains(got, "knows no server by this name") {
			t.Error(got)
		}
	})

	t.Run("a Sentinel that is gone is passed over", func(t *testing.T) {
		s.Watchers[0].Pause()
		defer s.Watchers[0].Continue()
		l.expect(t, l.client(t, s.Addresses(), options), [][]string{{"GET", "ua:{3f}:k"}}, "one")
	})

	// It would go on with writes that are lost for ten seconds, if it only waited for an error.
	t.Run("after an ordered fail-over it writes to the new master", func(t *testing.T) {
		cli(t, s.Watchers[1], "SENTINEL", "FAILOVER", redis.MasterName)
		if took := follow(t, "two"); took > 8*time.Second {
			t.Errorf("it took %v", took)
		}
	})

	t.Run("after the master's death it writes to the next one", func(t *testing.T) {
		master.Kill()
		s.Servers = slices.DeleteFunc(s.Servers, func(server *redis.Server) bool { return server == master })
		t.Cleanup(master.Close)
		follow(t, "three")
	})

	t.Run("a master that turns into a replica under an open connection is left", func(t *testing.T) {
		// Without the Sentinels' hand, the connection stays open: the reply is READONLY.
		for _, watcher := range s.Watchers {
			watcher.Pause()
		}
		cli(t, master, "REPLICAOF", "127.0.0.1", "1")
		if got := l.do(client, [][]string{{"SET", "ua:{3f}:k", "four"}})[0]; got == "OK" {
			t.Error("a replica took a write")
		}
		cli(t, master, "REPLICAOF", "NO", "ONE")
		for _, watcher := range s.Watchers {
			watcher.Continue()
		}
		eventually(t, "a write at the master", func() bool { return writes("five") })
	})
}
