package redis_test

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/redis"
	"github.com/upstreamauth/upstreamauth/steadytest"
)

// named is a Sentinel's reply that names a server.
func named(host, port string) string { return "*2\r\n" + bulk(host) + bulk(port) }

func namedAt(address string) string {
	host, port, _ := net.SplitHostPort(address)
	return named(host, port)
}

// role answers as a server does of this role.
func role(name string) func(s *session, command []string) string {
	return pong(func(command []string) string {
		if command[0] == "ROLE" {
			return "*1\r\n" + bulk(name)
		}
		return bulk(name)
	})
}

// countDials opens connections, and counts them.
func countDials(n *atomic.Int64) func(context.Context, string) (net.Conn, error) {
	return func(ctx context.Context, address string) (net.Conn, error) {
		n.Add(1)
		return (&net.Dialer{}).DialContext(ctx, "tcp", address)
	}
}

func TestSentinels(t *testing.T) {
	sentinel := func(t *testing.T, answer func() string) string {
		return newServer(t, pong(func([]string) string { return answer() })).address()
	}
	saying := func(answer string) func() string { return func() string { return answer } }

	t.Run("what names no server is passed over, and nothing is dialled", func(t *testing.T) {
		master := newServer(t, role("master"))
		for _, odd := range []string{
			named("", "6379"), named("127.0.0.1", ""), named("127.0.0.1", "0"), named("127.0.0.1", "70000"), named("127.0.0.1", "x"), named("127.0.0.1", "+1"),
			"*1\r\n" + bulk("127.0.0.1"), "*2\r\n$-1\r\n$-1\r\n", "*-1\r\n", "-ERR x\r\n", bulk("x"), "+OK\r\n", "*2\r\n:1\r\n:2\r\n",
		} {
			var told, dialled atomic.Int64
			liar := sentinel(t, func() string { told.Add(1); return odd })
			client := newClient(t, redis.Options{
				Endpoints: []string{liar, sentinel(t, saying(namedAt(master.address())))}, Master: "main",
				Dial: countDials(&dialled),
			})
			replies, err := client.Do(get)
			if err != nil || replies[0].Text != "master" || told.Load() == 0 {
				t.Errorf("%q: %+v, %v", odd, replies, err)
			}
			if n := dialled.Load(); n != 3 {
				t.Errorf("%q: %d connections were opened", odd, n)
			}
		}
	})

	t.Run("a server that says it is a replica gets no command, however often it is named", func(t *testing.T) {
		var asked atomic.Int64
		replica := newServer(t, func(s *session, command []string) string {
			if command[0] == "GET" {
				asked.Add(1)
			}
			return role("slave")(s, command)
		})
		client := newClient(t, redis.Options{Endpoints: []string{sentinel(t, saying(namedAt(replica.address())))}, Master: "main"})
		if _, err := client.Do(get); err == nil || !strings.Contains(err.Error(), "is a replica") || asked.Load() != 0 {
			t.Errorf("%v, asked %d times", err, asked.Load())
		}
	})

	t.Run("one that names itself, or another Sentinel, is an error", func(t *testing.T) {
		own := ""
		own = sentinel(t, func() string { return namedAt(own) })
		if _, err := newClient(t, redis.Options{Endpoints: []string{own}, Master: "main"}).Do(get); err == nil {
			t.Error("no error")
		}
	})

	t.Run("silent ones hold nobody for longer than two time limits", func(t *testing.T) {
		const limit = 200 * time.Millisecond
		before := runtime.NumGoroutine()
		silent := []*server{}
		addresses := []string{}
		for range [3]int{} {
			s := newServer(t, func(*session, []string) string { return "" })
			silent = append(silent, s)
			addresses = append(addresses, s.address())
		}
		client := newClient(t, redis.Options{Endpoints: addresses, Master: "main", Timeout: limit})
		var err error
		took, _ := steadytest.Timed(func() { _, err = client.Do(get) })
		if err == nil || took > 2*limit+2*time.Second {
			t.Errorf("it took %v: %v", took, err)
		}
		client.Close()
		for _, s := range silent {
			s.end()
		}
		expectNoGoroutines(t, before)
	})

	t.Run("the password goes to one that asks for it, and no error repeats it", func(t *testing.T) {
		for _, answer := range []string{"-NOAUTH x\r\n", "-WRONGPASS staple\r\n", "-ERR staple\r\n", "-staple\r\n", "+staple\r\n", "$6\r\nstaple\r\n"} {
			var auth atomic.Int64
			s := newServer(t, func(_ *session, command []string) string {
				if command[0] == "AUTH" {
					auth.Add(1)
					return answer
				}
				return "-NOAUTH x\r\n"
			})
			client := newClient(t, redis.Options{Endpoints: []string{s.address()}, Master: "main", Username: "gate", Password: "staple"})
			_, err := client.Do(get)
			if err == nil || strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), "staple") || auth.Load() != 1 {
				t.Errorf("%q: %v, sent %d times", answer, err, auth.Load())
			}
		}
	})
}
