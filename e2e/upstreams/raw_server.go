package upstreams

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// RawServer is an upstream whose every answer is written to the bare connection, so that one
// question can have two answers, or a kept connection none.
type RawServer struct {
	// URL is its base address, without a final slash.
	URL string

	listener    net.Listener
	config      *tls.Config // nil: plain
	answer      RawAnswer
	done        sync.WaitGroup
	connections atomic.Int64
	requests    atomic.Int64

	mu     sync.Mutex
	open   map[net.Conn]bool
	closed bool
}

// RawAnswer answers one question; nth counts those of its connection, from 1. It returns false to
// have the connection closed.
type RawAnswer func(c net.Conn, r *http.Request, nth int) bool

// NewRawServer starts a server, plain, or with TLS if config is not nil. It panics if it cannot listen.
func NewRawServer(config *tls.Config, answer RawAnswer) *RawServer {
	s := &RawServer{listener: must(fresh()), config: config, answer: answer, open: map[net.Conn]bool{}}
	s.URL = "http://" + s.listener.Addr().String()
	if config != nil {
		s.URL = "https://" + s.listener.Addr().String()
	}
	s.done.Go(s.accept)
	return s
}

// Connections counts the connections so far.
func (s *RawServer) Connections() int { return int(s.connections.Load()) }

// Requests counts the questions so far.
func (s *RawServer) Requests() int { return int(s.requests.Load()) }

// Open counts the connections that are open.
func (s *RawServer) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// Close ends the server and its connections.
func (s *RawServer) Close() {
	s.mu.Lock()
	s.closed = true
	_ = s.listener.Close()
	for c := range s.open {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.done.Wait()
}

func (s *RawServer) accept() {
	for {
		bare, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.connections.Add(1)
		s.mu.Lock()
		s.open[bare] = true
		if s.closed {
			_ = bare.Close()
		}
		s.mu.Unlock()
		s.done.Go(func() { s.serve(bare) })
	}
}

func (s *RawServer) serve(bare net.Conn) {
	defer func() {
		_ = bare.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.open, bare)
	}()
	c := bare
	if s.config != nil {
		c = tls.Server(bare, s.config)
	}
	reader := bufio.NewReader(c)
	for nth := 1; ; nth++ {
		r, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		s.requests.Add(1)
		if !s.answer(c, r, nth) {
			return
		}
	}
}

// mostLate is how much later than it should come a second answer may be written. One that a busy
// machine holds up for longer may come when the connection rests no more, and shows nothing.
const mostLate = 100 * time.Millisecond

// Twice answers each question by first, and once more by second after the delay; without a delay
// both are written as one.
func Twice(first func(r *http.Request) string, second string, delay func() time.Duration) RawAnswer {
	return func(c net.Conn, r *http.Request, _ int) bool {
		after := delay()
		if after <= 0 {
			_, err := io.WriteString(c, first(r)+second)
			return err == nil
		}
		if _, err := io.WriteString(c, first(r)); err != nil {
			return false
		}
		due := time.Now().Add(after)
		time.AfterFunc(after, func() {
			if time.Since(due) > mostLate {
				_ = c.Close()
				return
			}
			_, _ = io.WriteString(c, second)
		})
		return true
	}
}
