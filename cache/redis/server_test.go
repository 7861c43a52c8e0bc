package redis_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/redis"
)

// server is a socket that answers as a test wants: answer gets one command and returns
// what is written, bytes as they are. Connections end with the server.
type server struct {
	listener net.Listener
	answer   func(s *session, command []string) string

	mu    sync.Mutex
	conns map[net.Conn]bool
	count int // of connections, ever
	wg    sync.WaitGroup
}

// session is one connection to a server.
type session struct {
	number int // from 1
	conn   net.Conn
}

// hangUp is an answer that closes the connection, after what stands before it.
const hangUp = "<hang up>"

func newServer(t *testing.T, answer func(s *session, command []string) string) *server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{listener: listener, answer: answer, conns: map[net.Conn]bool{}}
	s.wg.Add(1)
	go func() {
		defer s.wg.Done()
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns[conn] = true
			s.count++
			number := s.count
			s.mu.Unlock()
			s.wg.Add(1)
			go func() {
				defer s.wg.Done()
				s.serve(&session{number: number, conn: conn})
			}()
		}
	}()
	t.Cleanup(s.end)
	return s
}

func (s *server) serve(own *session) {
	defer own.conn.Close()
	in := bufio.NewReader(own.conn)
	for {
		command, err := readCommand(in)
		if err != nil {
			return
		}
		text := s.answer(own, command)
		before, _, ends := strings.Cut(text, hangUp)
		if _, err := io.WriteString(own.conn, before); err != nil || ends {
			return
		}
	}
}

func (s *server) end() {
	s.listener.Close()
	s.mu.Lock()
	for conn := range s.conns {
		conn.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

func (s *server) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

func (s *server) address() string { return s.listener.Addr().String() }

// readCommand reads what a client sends.
func readCommand(in *bufio.Reader) ([]string, error) {
	n, err := readLength(in, '*')
	if err != nil {
		return nil, err
	}
	var command []string
	for ; n > 0; n-- {
		size, err := readLength(in, '$')
		if err != nil {
			return nil, err
		}
		text := make([]byte, size+2)
		if _, err := io.ReadFull(in, text); err != nil {
			return nil, err
		}
		command = append(command, string(text[:size]))
	}
	return command, nil
}

func readLength(in *bufio.Reader, sign byte) (int, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return 0, err
	}
	if line[0] != sign || !strings.HasSuffix(line, "\r\n") {
		return 0, fmt.Errorf("a line %q", line)
	}
	return strconv.Atoi(line[1 : len(line)-2])
}

func bulk(text string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text) }

// pong answers a PING, and everything else by the function.
func pong(other func(command []string) string) func(s *session, command []string) string {
	return func(_ *session, command []string) string {
		if command[0] == "PING" {
			return bulk(command[1])
		}
		return other(command)
	}
}

// clock is moved by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Unix(1_900_000_000, 0)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// newClient has a time limit that only a server that says nothing reaches: no machine stands still
// for so long.
func newClient(t *testing.T, options redis.Options) *redis.Client {
	t.Helper()
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Timeout == 0 {
		options.Timeout = time.Minute
	}
	client := redis.New(options)
	t.Cleanup(client.Close)
	return client
}

// expectNoGoroutines compares with how many there were before.
func expectNoGoroutines(t *testing.T, before int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if runtime.NumGoroutine() <= before {
			return
		}
		if time.Now().After(end) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, and %d before\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}
