package transport

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// resting is a client whose connections rest for a while of the test's own.
func resting(t *testing.T, target Target, rest time.Duration) *Client {
	t.Helper()
	if target.Method == "" {
		target.Method = http.MethodPost
	}
	client, err := NewClient(target, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	client.pool.rest = rest
	return client
}

// counting is a responder that counts connections.
func counting(respond responder) (responder, func() int) {
	var connections sync.Map
	counted := func(conn net.Conn, hold <-chan struct{}) {
		connections.Store(conn.RemoteAddr().String(), true)
		respond(conn, hold)
	}
	return counted, func() int {
		count := 0
		connections.Range(func(_, _ interface{}) bool { count++; return true })
		return count
	}
}

func plainly(conn net.Conn, _ <-chan struct{}) { writeResponse(conn, "", object) }

// settled waits until the connection of a call that has ended may be used again (true), or is
// gone (false).
func settled(t *testing.T, p *pool) bool {
	t.Helper()
	rested, gone := false, false
	waitFor(t, "a connection that has rested, or is gone", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		gone = len(p.idle) == 0
		rested = !gone && p.idle[len(p.idle)-1].rested
		return rested || gone
	})
	return rested
}

// waitFor waits until something is reached; for less than idleLimit, by which everything ends.
func waitFor(t *testing.T, what string, reached func() bool) {
	t.Helper()
	for end := time.Now().Add(idleLimit * 2 / 3); !reached(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no end of waiting for %s", what)
		}
	}
}

func TestPool(t *testing.T) {
	rests := func(t *testing.T, p *pool) {
		t.Helper()
		if !settled(t, p) {
			t.Fatal("it is gone")
		}
	}
	ends := func(t *testing.T, p *pool) {
		t.Helper()
		waitFor(t, "the end of a connection", func() bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			return len(p.idle) == 0
		})
	}
	goesOn := func(*testing.T, *pool) {}
	for _, c := range []struct {
		name        string
		respond     responder
		singleUse   bool
		change      func(p *pool)
		then        func(t *testing.T, p *pool) // what is waited for after a response
		connections int
	}{
		{"a connection that has rested is used again", plainly, false, func(*pool) {}, rests, 1},
		{"a connection is not used again before it has rested", plainly, false, func(p *pool) { p.rest = time.Hour }, goesOn, 5},
		{"singleUse gives each request a connection of its own", plainly, true, func(*pool) {}, ends, 5},
		{"a connection that is too old is not used again", plainly, false, func(p *pool) { p.maxAge = 20 * time.Millisecond }, func(t *testing.T, p *pool) {
			t.Helper()
			settled(t, p)
			time.Sleep(30 * time.Millisecond)
		}, 5},
		{"a connection that nobody uses is closed", plainly, false, func(p *pool) { p.maxIdle = 30 * time.Millisecond }, ends, 5},
		{"a connection with an interim response is not kept", func(conn net.Conn, _ <-chan struct{}) {
			_, _ = io.WriteString(conn, "HTTP/1.1 103 Early Hints\r\n\r\n")
			writeResponse(conn, "", object)
		}, false, func(*pool) {}, ends, 5},
		{"a connection with more than one response is not kept", func(conn net.Conn, _ <-chan struct{}) {
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(object), object)
		}, false, func(*pool) {}, ends, 5},
		{"a connection that brings something while it rests is not used again", func(conn net.Conn, _ <-chan struct{}) {
			writeResponse(conn, "", object)
			time.AfterFunc(5*time.Millisecond, func() { _, _ = io.WriteString(conn, "\r") })
		}, false, func(*pool) {}, ends, 5},
		{"a connection that is to be closed is not kept", func(conn net.Conn, _ <-chan struct{}) { writeResponse(conn, "Connection: close\r\n", object) }, false, func(*pool) {}, ends, 5},
		{"a connection whose response was too large is not kept", func(conn net.Conn, _ <-chan struct{}) { writeResponse(conn, "", strings.Repeat(" ", maxResponse+1)) }, false, func(*pool) {}, ends, 5},
		{"a chunked response leaves its connection", func(conn net.Conn, _ <-chan struct{}) {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Trailer: 1\r\n\r\n")
		}, false, func(*pool) {}, rests, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			respond, connections := counting(c.respond)
			url, requests := serve(t, respond)
			client := resting(t, Target{URL: url, SingleUse: c.singleUse}, 30*time.Millisecond)
			c.change(client.pool)
			for i := 0; i < 5; i++ {
				if response, err := callWith(t, client, "{}", ample); err != nil || response.Status != 200 || response.Truncated {
					t.Fatalf("%+v (%v)", response, err)
				}
				c.then(t, client.pool)
			}
			if connections() != c.connections || requests.Load() != 5 {
				t.Errorf("%d connections, %d requests, want %d and 5", connections(), requests.Load(), c.connections)
			}
		})
	}

	t.Run("calls that come faster than rests end find connections that have rested", func(t *testing.T) {
		respond, connections := counting(plainly)
		url, requests := serve(t, respond)
		client := resting(t, Target{URL: url}, 200*time.Millisecond)
		waitFor(t, "64 requests on kept connections", func() bool { // if no rest ever ended, there would be none
			if _, err := callWith(t, client, "{}", ample); err != nil {
				t.Fatal(err)
			}
			return int(requests.Load())-connections() >= maxConnections
		})
	})

	t.Run("no more than 64 connections are open, and their goroutines end with them", func(t *testing.T) {
		var open, most atomic.Int64
		url, _ := serve(t, func(conn net.Conn, _ <-chan struct{}) {
			now := open.Add(1)
			old := most.Load()
			for now > old && !most.CompareAndSwap(old, now) {
				old = most.Load()
			}
			time.Sleep(5 * time.Millisecond)
			open.Add(-1)
			writeResponse(conn, "", object)
		})
		before := runtime.NumGoroutine()
		client := resting(t, Target{URL: url}, 20*time.Millisecond)
		client.pool.maxIdle = 100 * time.Millisecond
		var all sync.WaitGroup
		for i := 0; i < 300; i++ {
			all.Add(1)
			go func() {
				defer all.Done()
				if _, err := callWith(t, client, "{}", ample); err != nil {
					t.Error(err)
				}
			}()
		}
		all.Wait()
		client.pool.mu.Lock()
		kept, busy := len(client.pool.idle), client.pool.busy
		client.pool.mu.Unlock()
		if most.Load() > maxConnections || kept > maxConnections || busy != 0 {
			t.Errorf("%d calls at once, %d kept, %d busy", most.Load(), kept, busy)
		}
		waitFor(t, "the end of all goroutines", func() bool { return runtime.NumGoroutine() <= before })
	})
}
