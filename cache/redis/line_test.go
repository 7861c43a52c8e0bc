package redis_test

import (
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/redis"
)

func echo(command []string) string { return bulk(command[1]) }

func TestLine(t *testing.T) {
	t.Run("nothing is dialled before the first command", func(t *testing.T) {
		s := newServer(t, pong(echo))
		newClient(t, redis.Options{Endpoints: []string{s.address()}})
		time.Sleep(20 * time.Millisecond)
		if n := s.connections(); n != 0 {
			t.Errorf("%d connections", n)
		}
	})

	t.Run("all callers share one connection, and each gets its own reply", func(t *testing.T) {
		s := newServer(t, pong(echo))
		client := newClient(t, redis.Options{Endpoints: []string{s.address()}})
		var wg sync.WaitGroup
		for caller := 0; caller < 64; caller++ {
			caller := caller
			wg.Add(1)
			go func() {
				defer wg.Done()
				for i := 0; i < 100; i++ {
					key := strconv.Itoa(caller) + ":" + strconv.Itoa(i)
					replies, err := client.Do([][]string{{"GET", key}, {"MGET", key}}[:1])
					if err != nil || replies[0].Text != key {
						t.Errorf("%s: %+v, %v", key, replies, err)
					}
				}
			}()
		}
		wg.Wait()
		if n := s.connections(); n != 1 {
			t.Errorf("%d connections", n)
		}
	})

	t.Run("who comes while a batch is under way is sent with the next one", func(t *testing.T) {
		var pings atomic.Int64
		var asked atomic.Bool
		open := make(chan bool)
		s := newServer(t, func(_ *session, command []string) string {
			if command[0] == "PING" {
				pings.Add(1)
				return bulk(command[1])
			}
			if command[1] == "first" {
				asked.Store(true)
				<-open
			}
			return bulk(command[1])
		})
		client := newClient(t, redis.Options{Endpoints: []string{s.address()}})
		var wg sync.WaitGroup
		ask := func(key string) {
			defer wg.Done()
			replies, err := client.Do([][]string{{"GET", key}})
			if err != nil || replies[0].Text != key {
				t.Errorf("%s: %+v, %v", key, replies, err)
			}
		}
		wg.Add(1)
		go ask("first")
		eventually(t, "the first command", func() bool { return asked.Load() })
		for i := 0; i < 20; i++ {
			wg.Add(1)
			go ask(strconv.Itoa(i))
		}
		eventually(t, "all to wait", func() bool { return client.Waiting() == 20 })
		close(open)
		wg.Wait()
		if n := pings.Load(); n > 4 {
			t.Errorf("%d batches", n)
		}
	})

	t.Run("a connection that was not used for long is replaced, one that was is not", func(t *testing.T) {
		s := newServer(t, pong(echo))
		at := newClock()
		client := newClient(t, redis.Options{Endpoints: []string{s.address()}, Now: at.now})
		for _, pause := range []time.Duration{0, 59 * time.Second, 61 * time.Second, 0} {
			at.advance(pause)
			if _, err := client.Do(get); err != nil {
				t.Fatal(err)
			}
		}
		if n := s.connections(); n != 2 {
			t.Errorf("%d connections", n)
		}
	})

	t.Run("a kept connection that the server closed costs nobody a reply", func(t *testing.T) {
		s := newServer(t, func(s *session, command []string) string {
			if command[0] == "PING" {
				return bulk(command[1]) + hangUp
			}
			return bulk(strconv.Itoa(s.number))
		})
		client := newClient(t, redis.Options{Endpoints: []string{s.address()}})
		for i := 0; i < 5; i++ {
			replies, err := client.Do(get)
			if err != nil || replies[0].Text != strconv.Itoa(i+1) {
				t.Fatalf("%+v, %v", replies, err)
			}
			time.Sleep(5 * time.Millisecond)
		}
	})

	t.Run("a command that it does not know is not sent", func(t *testing.T) {
		s := newServer(t, pong(echo))
		client := newClient(t, redis.Options{Endpoints: []string{s.address()}})
		for _, command := range [][]string{nil, {"GET"}, {"FLUSHALL", "x"}, {"get", "k"}, {"BLPOP", "k", "0"}, {"SET", "k", string(make([]byte, 65537))}} {
			if _, err := client.Do([][]string{command}); !errors.Is(err, redis.ErrCommand) {
				t.Errorf("%.20q: %v", command, err)
			}
		}
		if n := s.connections(); n != 0 {
			t.Errorf("%d connections", n)
		}
	})
}
