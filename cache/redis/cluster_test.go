package redis_test

import (
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/redis"
)

// moved is what a node says about a key that another one has.
func moved(to string) string { return fmt.Sprintf("-MOVED 3999 %s\r\n", to) }

func TestCluster(t *testing.T) {
	t.Run("a key is asked for where the cluster says, and the next one of its tag at once", func(t *testing.T) {
		var asked atomic.Int64
		owner := newServer(t, pong(echo))
		other := newServer(t, pong(func([]string) string { asked.Add(1); return moved(owner.address()) }))
		client := newClient(t, redis.Options{Endpoints: []string{other.address(), owner.address()}})
		for i, key := range []string{"a{3f}", "b{3f}", "c{3f}", "a{40}"} {
			replies, err := client.Do([][]string{{"GET", key}})
			if err != nil || replies[0].Text != key {
				t.Errorf("%s: %+v, %v", key, replies, err)
			}
			if want := []int64{1, 1, 1, 2}[i]; asked.Load() != want {
				t.Errorf("%s: the other node was asked %d times, want %d", key, asked.Load(), want)
			}
		}
	})

	t.Run("an address without a host is the node's own one", func(t *testing.T) {
		owner := newServer(t, pong(echo))
		_, port, _ := net.SplitHostPort(owner.address())
		other := newServer(t, pong(func([]string) string { return moved(":" + port) }))
		replies, err := newClient(t, redis.Options{Endpoints: []string{other.address()}}).Do(get)
		if err != nil || replies[0].Text != get[0][1] {
			t.Errorf("%+v, %v", replies, err)
		}
	})

	t.Run("nodes that send it round are asked a few times, then that is the reply", func(t *testing.T) {
		var asked atomic.Int64
		var one, two *server
		one = newServer(t, pong(func([]string) string { asked.Add(1); return moved(two.address()) }))
		two = newServer(t, pong(func([]string) string { asked.Add(1); return moved(one.address()) }))
		replies, err := newClient(t, redis.Options{Endpoints: []string{one.address()}}).Do(get)
		if err != nil || replies[0].Code != redis.Moved {
			t.Errorf("%+v, %v", replies, err)
		}
		if n := asked.Load(); n < 2 || n > 5 {
			t.Errorf("asked %d times", n)
		}
	})

	t.Run("an address that is none is not dialled", func(t *testing.T) {
		for _, to := range []string{"", "x", "x:", "x:0", "x:70000", ":y", "x:+1"} {
			s := newServer(t, pong(func([]string) string { return moved(to) }))
			replies, err := newClient(t, redis.Options{Endpoints: []string{s.address()}}).Do(get)
			if err != nil || replies[0].Code != redis.Moved {
				t.Errorf("%q: %+v, %v", to, replies, err)
			}
		}
	})

	t.Run("a node that says nothing takes no more than two time limits with the way to it", func(t *testing.T) {
		const limit = 200 * time.Millisecond
		silent := newServer(t, func(*session, []string) string { return "" })
		other := newServer(t, pong(func([]string) string { return moved(silent.address()) }))
		began := time.Now()
		client := newClient(t, redis.Options{Endpoints: []string{other.address()}, Timeout: limit})
		if _, err := client.Do(get); err == nil {
			t.Error("there is a reply")
		}
		if took := time.Since(began); took > 2*limit+2*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}
