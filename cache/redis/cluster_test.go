package redis_test

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/redis"
	"github.com/upstreamauth/upstreamauth/steadytest"
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
		client := newClient(t, redis.Options{Endpoints: []string{other.address()}, Timeout: limit})
		var err error
		took, _ := steadytest.Timed(func() { _, err = client.Do(get) })
		if err == nil || took > 2*limit+2*time.Second {
			t.Errorf("it took %v: %v", took, err)
		}
	})
}

func TestAsk(t *testing.T) {
	t.Run("a node is told that it is asked for a key on its way, and the next command goes the usual way", func(t *testing.T) {
		var to *server
		var asking, usual atomic.Int64
		to = newServer(t, func() func(s *session, command []string) string {
			told := false // of one connection; the replies to one are written in order
			return pong(func(command []string) string {
				if command[0] == "ASKING" {
					told = true
					asking.Add(1)
					return "+OK\r\n"
				}
				if !told {
					return moved("127.0.0.1:1")
				}
				told = false
				return bulk(command[1])
			})
		}())
		from := newServer(t, pong(func(command []string) string {
			usual.Add(1)
			return "-ASK 3999 " + to.address() + "\r\n"
		}))
		client := newClient(t, redis.Options{Endpoints: []string{from.address()}})
		for i := range [2]int{} {
			replies, err := client.Do([][]string{{"GET", "a{3f}"}, {"GET", "b{3f}"}})
			if err != nil || replies[0].Text != "a{3f}" || replies[1].Text != "b{3f}" {
				t.Errorf("%+v, %v", replies, err)
			}
			if n := int64(2 * (i + 1)); asking.Load() != n || usual.Load() != n {
				t.Errorf("told %d times, and asked the usual way %d times, want %d", asking.Load(), usual.Load(), n)
			}
		}
	})

	t.Run("nodes that send it round for ever are asked a few times", func(t *testing.T) {
		var asked atomic.Int64
		var s *server
		s = newServer(t, pong(func(command []string) string {
			if command[0] == "ASKING" {
				return "-ERR x\r\n"
			}
			asked.Add(1)
			return "-ASK 3999 " + s.address() + "\r\n"
		}))
		replies, err := newClient(t, redis.Options{Endpoints: []string{s.address()}}).Do(get)
		if err != nil || replies[0].Code != redis.Ask || asked.Load() > 5 {
			t.Errorf("%+v, %v, asked %d times", replies, err, asked.Load())
		}
	})

	t.Run("a cluster that names ever new nodes opens a bounded number of connections", func(t *testing.T) {
		var open, most atomic.Int64
		next := 0
		s := newServer(t, pong(func([]string) string {
			next++
			return moved(fmt.Sprintf("127.0.0.%d:7000", 2+next%200))
		}))
		client := newClient(t, redis.Options{Endpoints: []string{s.address()}, Dial: func(ctx context.Context, address string) (net.Conn, error) {
			if open.Add(1) > most.Load() {
				most.Store(open.Load())
			}
			conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.address()) // all of them are this one
			return &counted{Conn: conn, open: &open}, err
		}})
		for i := 0; i < 300; i++ {
			_, _ = client.Do([][]string{{"GET", fmt.Sprintf("{%d}", i)}})
		}
		client.Close()
		if most.Load() > 70 || open.Load() != 0 {
			t.Errorf("%d at once, and %d at the end", most.Load(), open.Load())
		}
	})
}

// counted is a connection that is counted while it is open.
type counted struct {
	net.Conn
	once sync.Once
	open *atomic.Int64
}

func (c *counted) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}
