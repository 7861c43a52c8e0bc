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

func TestPool(t *testing.T) {
	for _, c := range []struct {
		name        string
		respond     responder
		singleUse   bool
		change      func(p *pool)
		pause       time.Duration
		connections int
	}{
		{"a connection that has rested is used again", plainly, false, func(*pool) {}, 150 * time.Millisecond, 1},
		{"a connection is not used again before it has rested", plainly, false, func(p *pool) { p.rest = time.Hour }, 150 * time.Millisecond, 5},
		{"singleUse gives each request a connection of its own", plainly, true, func(*pool) {}, 150 * time.Millisecond, 5},
		{"a connection that is too old is not used again", plainly, false, func(p *pool) { p.maxAge = 20 * time.Millisecond }, 150 * time.Millisecond, 5},
		{"a connection that nobody uses is closed", plainly, false, func(p *pool) { p.maxIdle = 30 * time.Millisecond }, 150 * time.Millisecond, 5},
		{"a connection with an interim response is not kept", func(conn net.Conn, _ <-chan struct{}) {
			_, _ = io.WriteString(conn, "HTTP/1.1 103 Early Hints\r\n\r\n")
			writeResponse(conn, "", object)
		}, false, func(*pool) {}, 150 * time.Millisecond, 5},
		{"a connection with more than one response is not kept", func(conn net.Conn, _ <-chan struct{}) {
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(object), object)
		}, false, func(*pool) {}, 150 * time.Millisecond, 5},
		{"a connection that brings something while it rests is not used again", func(conn net.Conn, _ <-chan struct{}) {
			writeResponse(conn, "", object)
			time.AfterFunc(5*time.Millisecond, func() { _, _ = io.WriteString(conn, "\r") })
		}, false, func(*pool) {}, 150 * time.Millisecond, 5},
		{"a connection that is to be closed is not kept", func(conn net.Conn, _ <-chan struct{}) { writeResponse(conn, "Connection: close\r\n", object) }, false, func(*pool) {}, 150 * time.Millisecond, 5},
		{"a connection whose response was too large is not kept", func(conn net.Conn, _ <-chan struct{}) { writeResponse(conn, "", strings.Repeat(" ", maxResponse+1)) }, false, func(*pool) {}, 150 * time.Millisecond, 5},
		{"a chunked response leaves its connection", func(conn net.Conn, _ <-chan struct{}) {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Trailer: 1\r\n\r\n")
		}, false, func(*pool) {}, 150 * time.Millisecond, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			respond, connections := counting(c.respond)
			url, requests := serve(t, respond)
			client := resting(t, Target{URL: url, SingleUse: c.singleUse}, 30*time.Millisecond)
			c.change(client.pool)
			for i := 0; i < 5; i++ {
				if response, err := callWith(t, client, "{}", 5*time.Second); err != nil || response.Status != 200 || response.Truncated {
					t.Fatalf("%+v (%v)", response, err)
				}
				time.Sleep(c.pause)
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
		for begun := time.Now(); time.Since(begun) < time.Second; {
			if _, err := callWith(t, client, "{}", 5*time.Second); err != nil {
				t.Fatal(err)
			}
		}
		if again := int(requests.Load()) - connections(); again < maxConnections {
			t.Errorf("%d of %d requests on a kept connection", again, requests.Load())
		}
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
				if _, err := callWith(t, client, "{}", 20*time.Second); err != nil {
					t.Error(err)
				}
			}()
		}
		all.Wait()
		if most.Load() > maxConnections || len(client.pool.idle) > maxConnections || client.pool.busy != 0 {
			t.Errorf("%d calls at once, %d kept, %d busy", most.Load(), len(client.pool.idle), client.pool.busy)
		}
		for i := 0; i < 300 && runtime.NumGoroutine() > before; i++ {
			time.Sleep(10 * time.Millisecond)
		}
		if left := runtime.NumGoroutine(); left > before {
			t.Errorf("%d goroutines, %d before", left, before)
		}
	})
}

// A kept connection that was closed before the first byte of a response says nothing.
func TestClientLost(t *testing.T) {
	for _, c := range []struct {
		name     string
		second   responder // to the second request of a connection
		fresh    responder // to the first of the second connection
		answered bool
		requests int64
	}{
		{"closed", write(""), plainly, true, 3},
		{"reset", reset(""), plainly, true, 3},
		{"closed, and the new one too", write(""), write(""), false, 3},
		{"given up by the server, which says so", write("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"), plainly, true, 3},
		{"closed after one byte", write("H"), plainly, false, 2},
		{"silent", hang(""), plainly, false, 2},
	} {
		for _, method := range []string{"GET", "POST"} {
			for _, body := range []string{"", "{}"} {
				t.Run("a request goes once more on a new connection only if the kept one was lost without a byte: "+c.name+", "+method+" "+body, func(t *testing.T) {
					var served atomic.Int64
					url, requests := serve(t, func(conn net.Conn, hold <-chan struct{}) {
						switch served.Add(1) {
						case 1:
							plainly(conn, hold)
						case 2:
							c.second(conn, hold)
						default:
							c.fresh(conn, hold)
						}
					})
					client := resting(t, Target{URL: url, Method: method}, 10*time.Millisecond)
					if _, err := callWith(t, client, body, 5*time.Second); err != nil {
						t.Fatal(err)
					}
					time.Sleep(120 * time.Millisecond)
					response, err := callWith(t, client, body, 300*time.Millisecond)
					if (err == nil && response.Body != nil) != c.answered || requests.Load() != c.requests {
						t.Errorf("%+v (%v), %d requests, want %d", response, err, requests.Load(), c.requests)
					}
				})
			}
		}
	}

	t.Run("a new connection that is closed without a byte is an error", func(t *testing.T) {
		url, requests := serve(t, write(""))
		if _, err := call(t, Target{URL: url}, "", time.Second); err == nil || requests.Load() != 1 {
			t.Errorf("%v, %d requests", err, requests.Load())
		}
	})
}

func TestClientAge(t *testing.T) {
	t.Run("a response with an Age other than 0 was not made for this call", func(t *testing.T) {
		for headers, cached := range map[string]bool{
			"": false, "Age: 0\r\n": false, "Age: 1\r\n": true, "age: 86400\r\n": true, "Age: -1\r\n": true, "Age: x\r\n": true, "Age: \r\n": true,
			"Age: 0\r\nAge: 5\r\n": true, "Age: 0, 5\r\n": true, "X-Age: 5\r\n": false,
		} {
			url, _ := serve(t, func(conn net.Conn, _ <-chan struct{}) { writeResponse(conn, headers, object) })
			response, err := call(t, Target{URL: url}, "", time.Second)
			if err != nil || response.Cached != cached {
				t.Errorf("%q: %v (%v)", headers, response.Cached, err)
			}
		}
	})
}
