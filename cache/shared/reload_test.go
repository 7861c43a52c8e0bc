package shared

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/redis"
	"github.com/upstreamauth/upstreamauth/telemetry/counters"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// memory answers commands as an empty Redis does, and counts what is told.
type memory struct {
	away atomic.Bool
	told atomic.Int64
}

func (m *memory) dial(context.Context, string) (net.Conn, error) {
	if m.away.Load() {
		return nil, errors.New("away")
	}
	near, far := net.Pipe()
	go m.serve(far)
	return near, nil
}

func (m *memory) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	length := func() int {
		line, _ := in.ReadString('\n')
		n, err := strconv.Atoi(strings.Trim(line, "*$\r\n"))
		if err != nil {
			return 0
		}
		return n
	}
	for {
		var command []string
		for n := length(); n > 0; n-- {
			text := make([]byte, length()+2)
			if _, err := io.ReadFull(in, text); err != nil {
				return
			}
			command = append(command, string(text[:len(text)-2]))
		}
		if len(command) == 0 {
			return
		}
		if _, err := io.WriteString(conn, m.answer(command)); err != nil {
			return
		}
	}
}

func (m *memory) answer(command []string) string {
	switch command[0] {
	case "PING":
		return fmt.Sprintf("$%d\r\n%s\r\n", len(command[1]), command[1])
	case "SET":
		return "+OK\r\n"
	case "XADD":
		m.told.Add(1)
		return "$3\r\n1-1\r\n"
	case "MGET":
		return fmt.Sprintf("*%d\r\n", len(command)-1) + strings.Repeat("$-1\r\n", len(command)-1)
	case "XREAD":
		time.Sleep(5 * time.Millisecond)
		return "*-1\r\n"
	case "XRANGE", "XREVRANGE":
		return "*0\r\n"
	}
	return ":1\r\n"
}

func TestReload(t *testing.T) {
	t.Run("a logout that waited while Traefik reloaded is told, though nothing is written after it", func(t *testing.T) {
		m := &memory{}
		m.away.Store(true)
		began := time.Now()
		var passed atomic.Int64
		nothing := func([32]byte) {}
		s := New(Options{
			Redis:  redis.Options{Endpoints: []string{"127.0.0.1:1"}, Timeout: time.Minute, Dial: m.dial},
			Secret: "a secret of thirty-two bytes or more", Local: time.Second, Prefix: "p",
		}, time.Now, func() time.Duration { return time.Since(began) + time.Duration(passed.Load()) }, counters.NewMemory(), Hears{Forgotten: nothing, Revoked: nothing, Issued: nothing, Swept: func(string, [32]byte) {}, Missed: func() {}})
		names := s.Names(Scope{Parts: []string{"x"}, API: "bts", Address: "https://a.example"})
		report := func(_, _, _ string) {}
		old, end := context.WithCancel(context.Background())
		s.Use(old, report)
		s.Forget(names, verifier.Credential{Kind: verifier.Bearer, Token: "token"})
		end()
		if s.IsLive() {
			t.Error("it is live")
		}
		passed.Store(int64(lingers))
		for stopped := false; !stopped; time.Sleep(time.Millisecond) {
			s.writer.mu.Lock()
			stopped = !s.writer.running
			s.writer.mu.Unlock()
		}
		fresh, stop := context.WithCancel(context.Background())
		defer stop()
		m.away.Store(false)
		s.Use(fresh, report)
		for late := time.Now().Add(30 * time.Second); m.told.Load() == 0; time.Sleep(time.Millisecond) {
			if time.Now().After(late) {
				t.Fatal("it is not told")
			}
		}
	})

	t.Run("a panic at the end ends no process, and all is as if there had been none", func(t *testing.T) {
		m := &memory{}
		nothing := func([32]byte) {}
		s := New(Options{
			Redis:  redis.Options{Endpoints: []string{"127.0.0.1:1"}, Timeout: time.Minute, Dial: m.dial},
			Secret: "a secret of thirty-two bytes or more", Local: time.Second, Prefix: "p",
		}, time.Now, func() time.Duration { return 0 }, counters.NewMemory(), Hears{Forgotten: nothing, Revoked: nothing, Issued: nothing, Swept: func(string, [32]byte) {}, Missed: func() { panic("missed") }})
		s.running = true
		func() { // as watch does
			defer s.stopped()
			s.end()
		}()
		if !s.IsIdle() {
			t.Error("it runs on")
		}
	})

	t.Run("what is told after another store has taken over what waited is not lost", func(t *testing.T) {
		isLive := func() bool { return false }
		old := newWriter(&link{counter: &counter{}}, "", time.Now, isLive)
		next := newWriter(&link{counter: &counter{}}, "", time.Now, isLive)
		first, second, third := &message{until: time.Now().Add(time.Hour)}, &message{until: time.Now().Add(time.Hour)}, &message{until: time.Now().Add(time.Hour)}
		old.messages = []*message{first, second}
		batch := old.oldest() // and while this is written
		next.takeOver(old)
		old.messages = []*message{third}
		old.told(batch)
		if len(old.messages) != 1 || old.messages[0] != third {
			t.Errorf("%d messages wait on in the old one, where there should be the third", len(old.messages))
		}
		if len(next.messages) != 2 {
			t.Errorf("%d messages wait in the new one, where there should be two", len(next.messages))
		}
		batch = next.oldest() // and while this is written
		next.messages = []*message{second, third}
		next.told(batch)
		if len(next.messages) != 1 || next.messages[0] != third {
			t.Errorf("%d messages wait after the first was dropped, where there should be the third", len(next.messages))
		}
	})
}
