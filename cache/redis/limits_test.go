package redis_test

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/redis"
	"github.com/upstreamauth/upstreamauth/steadytest"
)

func TestLimits(t *testing.T) {
	const limit = 200 * time.Millisecond

	t.Run("a silent server holds nobody for longer than two time limits", func(t *testing.T) {
		before := runtime.NumGoroutine()
		s := newServer(t, func(*session, []string) string { return "" })
		client := newClient(t, redis.Options{Endpoints: []string{s.address()}, Timeout: limit})
		var wg sync.WaitGroup
		for n := 0; n < 32; n++ {
			wg.Add(1)
			go func() {
				defer wg.Done()
				var err error
				took, _ := steadytest.Timed(func() { _, err = client.Do(get) })
				if err == nil || took > 2*limit+2*time.Second {
					t.Errorf("it took %v: %v", took, err)
				}
			}()
		}
		wg.Wait()
		client.Close()
		s.end()
		expectNoGoroutines(t, before)
	})

	t.Run("a batch that follows another one has what that has left", func(t *testing.T) {
		at := newClock()
		s := newServer(t, pong(func(command []string) string { return bulk(command[1]) }))
		client := newClient(t, redis.Options{Endpoints: []string{s.address()}, Now: at.now})
		began := at.now()
		at.advance(2*time.Minute - 30*time.Second) // a batch may take two minutes here
		if replies, err := client.DoMore(get, began); err != nil || replies[0].Text != get[0][1] {
			t.Errorf("%v, %v", replies, err)
		}
		at.advance(30 * time.Second)
		for _, commands := range [][][]string{get, {{"GET", "{3f}a"}, {"GET", "{40}b"}}} {
			if _, err := client.DoMore(commands, began); err == nil {
				t.Error("a batch was sent after its time")
			}
		}
		if n := s.connections(); n != 1 {
			t.Errorf("%d connections", n)
		}
	})

	t.Run("after two failures it is not asked for a second, then once more", func(t *testing.T) {
		var dials atomic.Int64
		at := newClock()
		client := newClient(t, redis.Options{
			Endpoints: []string{"192.0.2.1:1"}, Now: at.now,
			Dial: func(context.Context, string) (net.Conn, error) {
				dials.Add(1)
				return nil, errors.New("away")
			},
		})
		expect := func(want int64, paused bool) {
			t.Helper()
			if _, err := client.Do(get); errors.Is(err, redis.ErrPaused) != paused || err == nil {
				t.Errorf("error %v", err)
			}
			if n := dials.Load(); n != want {
				t.Errorf("dialled %d times, want %d", n, want)
			}
		}
		expect(1, false)
		expect(2, false)
		expect(2, true)
		at.advance(999 * time.Millisecond)
		expect(2, true)
		at.advance(2 * time.Millisecond)
		expect(3, false)
		expect(3, true)
	})

	t.Run("a success ends the count of failures", func(t *testing.T) {
		var fails atomic.Bool
		s := newServer(t, func(_ *session, command []string) string {
			if fails.Load() {
				return "?\r\n"
			}
			return bulk(command[1])
		})
		client := newClient(t, redis.Options{Endpoints: []string{s.address()}, Now: newClock().now})
		for _, fail := range []bool{true, false, true, false, true, false} {
			fails.Store(fail)
			if _, err := client.Do(get); (err != nil) != fail {
				t.Errorf("error %v", err)
			}
		}
	})

	t.Run("more than may wait are refused at once", func(t *testing.T) {
		s := newServer(t, func(*session, []string) string { return "" })
		client := newClient(t, redis.Options{Endpoints: []string{s.address()}, Timeout: time.Minute})
		many := make([][]string, 1000)
		for i := range many {
			many[i] = get[0]
		}
		ended := make(chan error, 20)
		for n := 0; n < 20; n++ {
			go func() {
				_, err := client.Do(many)
				ended <- err
			}()
		}
		for n := 0; n < 10; n++ { // while the others wait on
			if err := <-ended; !errors.Is(err, redis.ErrBusy) {
				t.Errorf("one ends with %v", err)
			}
		}
		client.Close()
		others := 0
		for n := 10; n < 20; n++ {
			if err := <-ended; err == nil {
				t.Error("there is a reply")
			} else if !errors.Is(err, redis.ErrBusy) {
				others++
			}
		}
		if others == 0 {
			t.Error("all of 20 were refused")
		}
	})

	t.Run("closing fails what is under way, and all that comes after", func(t *testing.T) {
		before := runtime.NumGoroutine()
		asked := make(chan bool, 100)
		s := newServer(t, func(*session, []string) string { asked <- true; return "" })
		client := newClient(t, redis.Options{Endpoints: []string{s.address()}, Timeout: time.Minute})
		ended := make(chan error)
		for n := 0; n < 3; n++ {
			go func() {
				_, err := client.Do(get)
				ended <- err
			}()
		}
		<-asked
		client.Close()
		for n := 0; n < 3; n++ {
			if err := <-ended; err == nil {
				t.Error("no error")
			}
		}
		if _, err := client.Do(get); !errors.Is(err, redis.ErrClosed) {
			t.Error(err)
		}
		s.end()
		expectNoGoroutines(t, before)
	})
}

func TestDripping(t *testing.T) {
	const limit = 200 * time.Millisecond
	drip := func(s *session, text string) string {
		for i := range text {
			if _, err := io.WriteString(s.conn, text[i:i+1]); err != nil {
				break
			}
			time.Sleep(limit / 20)
		}
		return ""
	}
	for name, answer := range map[string]string{
		"a value": "$65536\r\n" + strings.Repeat("x", 65536), "a length": "$" + strings.Repeat("0", 4000),
		"a status": "+" + strings.Repeat("x", 4000), "a list": "*4096\r\n" + strings.Repeat(":1\r\n", 4096),
	} {
		t.Run("a server that sends a byte now and then holds nobody for longer: "+name, func(t *testing.T) {
			s := newServer(t, func(s *session, _ []string) string { return drip(s, answer) })
			client := newClient(t, redis.Options{Endpoints: []string{s.address()}, Timeout: limit})
			var err error
			took, _ := steadytest.Timed(func() { _, err = client.Do([][]string{{"XRANGE", "k", "-", "+"}}) })
			if err == nil || took > 2*limit+2*time.Second {
				t.Errorf("it took %v: %v", took, err)
			}
		})
	}

	t.Run("one whose half of the connection is closed is left at once", func(t *testing.T) {
		s := newServer(t, func(s *session, command []string) string {
			_ = s.conn.(*net.TCPConn).CloseWrite()
			return ""
		})
		client := newClient(t, redis.Options{Endpoints: []string{s.address()}, Timeout: time.Minute})
		if _, err := client.Do(get); err == nil {
			t.Error("there is a reply")
		}
	})
}
