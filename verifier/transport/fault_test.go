package transport

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestClientFaults(t *testing.T) {
	t.Run("a connection that fails is an error or a defect, and never late", func(t *testing.T) {
		write := func(text string) func(net.Conn, *http.Request, <-chan struct{}) {
			return func(c net.Conn, _ *http.Request, _ <-chan struct{}) {
				_, _ = io.WriteString(c, text)
				_ = c.Close()
			}
		}
		hang := func(text string) func(net.Conn, *http.Request, <-chan struct{}) {
			return func(c net.Conn, _ *http.Request, hold <-chan struct{}) {
				_, _ = io.WriteString(c, text)
				<-hold
			}
		}
		const head = "HTTP/1.1 200 OK\r\n"
		cases := []struct {
			name   string
			answer func(net.Conn, *http.Request, <-chan struct{})
			want   string
		}{
			{"closed before a byte", write(""), "connection closed early"},
			{"reset before a byte", reset(""), "connection failed (read)"},
			{"reset within the body", reset(head + "Content-Length: 100\r\n\r\n{"), "its body was cut off: connection failed (read)"},
			{"closed within the header", write(head + "Content-Len"), "not understood as HTTP"},
			{"closed within the body", write(head + "Content-Length: 100\r\n\r\n" + object), "its body was cut off: connection closed early"},
			{"closed within a body without a length", write(head + "\r\n" + object[:8]), "its body is not one plain JSON object"},
			{"closed within a chunk", write(head + "Transfer-Encoding: chunked\r\n\r\nff\r\n" + object), "its body was cut off: connection closed early"},
			{"a chunk of nonsense", write(head + "Transfer-Encoding: chunked\r\n\r\n" + marker + "\r\n"), "its body was cut off: not understood as HTTP"},
			{"says nothing", hang(""), "no answer in time"},
			{"stops within the header", hang(head), "no answer in time"},
			{"stops within the body", hang(head + "Content-Length: 100\r\n\r\n{"), "its body was cut off: no answer in time"},
			{"no HTTP", write("SSH-2.0-" + marker + "\r\n"), "not understood as HTTP"},
			{"a status of nonsense", write("HTTP/1.1 " + marker + "\r\n\r\n"), "not understood as HTTP"},
			{"two lengths", write(head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n" + object), "not understood as HTTP"},
			{"1 MB of one header", write(head + "X: " + strings.Repeat("x", 1<<20) + "\r\n\r\n"), "its headers are over 64 KiB"},
			{"1 MB of many headers", write(head + strings.Repeat("X: xxxxxxxxxxxx\r\n", 1<<16) + "\r\n"), "its headers are over 64 KiB"},
			{"hints without end", write(strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 1000)), "connection closed early"},
			// Its connection would be the caller's, and no time limit would end it.
			{"a protocol of its own", hang("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n" + object), "not understood as HTTP"},
		}
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				url, requests := raw(t, c.answer)
				reply, err := ask(t, Target{URL: url}, "", 300*time.Millisecond)
				got := reply.Defect
				if err != nil {
					got = err.Error()
				}
				if !strings.HasSuffix(got, c.want) || reply.Body != nil {
					t.Errorf("got %q, want %q", got, c.want)
				}
				if requests.Load() != 1 {
					t.Errorf("%d requests, want 1", requests.Load())
				}
			})
		}
	})

	t.Run("a server that cannot be reached is an error", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		silent := listener.Addr().String() // takes connections, and never looks at them
		defer func() { _ = listener.Close() }()
		other, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		closed := other.Addr().String()
		_ = other.Close()

		for url, want := range map[string]string{
			"http://" + silent:            "no answer in time",
			"https://" + silent:           "no answer in time",
			"http://" + closed:            "connection refused",
			"http://nowhere.invalid:1234": "its name does not resolve, or no answer in time", // as the resolver has it
		} {
			_, err := ask(t, Target{URL: url}, "", 300*time.Millisecond)
			if err == nil || !strings.Contains(want, err.Error()) {
				t.Errorf("%s: %v, want %s", url, err, want)
			}
		}
	})

	// A byte at a time is not a way around the time limit.
	t.Run("a slow trickle is cut off in time", func(t *testing.T) {
		url, _ := raw(t, func(c net.Conn, _ *http.Request, hold <-chan struct{}) {
			_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
			for i := 0; i < 1000; i++ {
				if _, err := c.Write([]byte(" ")); err != nil {
					return
				}
				select {
				case <-hold:
					return
				case <-time.After(10 * time.Millisecond):
				}
			}
		})
		reply, err := ask(t, Target{URL: url}, "", 200*time.Millisecond)
		if err != nil || reply.Defect != "its body was cut off: no answer in time" {
			t.Errorf("%+v (%v)", reply, err)
		}
	})
}

// reset ends a connection with RST instead of FIN.
func reset(text string) func(net.Conn, *http.Request, <-chan struct{}) {
	return func(c net.Conn, _ *http.Request, _ <-chan struct{}) {
		_, _ = io.WriteString(c, text)
		time.Sleep(30 * time.Millisecond) // until it was read
		_ = c.(*net.TCPConn).SetLinger(0)
		_ = c.Close()
	}
}

func TestClientConnections(t *testing.T) {
	// Go's transport repeats a request that it may repeat when a kept connection
	// breaks; one question is one request here, whatever the method.
	t.Run("a request is never sent twice", func(t *testing.T) {
		for _, c := range []struct{ method, body string }{{"GET", ""}, {"POST", ""}, {"POST", "{}"}, {"GET", "{}"}} {
			var served atomic.Int64
			url, requests := raw(t, func(conn net.Conn, _ *http.Request, _ <-chan struct{}) {
				if served.Add(1) == 1 {
					reply(conn, "200 OK", "", object)
					return
				}
				_ = conn.Close()
			})
			e, err := NewClient(Target{URL: url, Method: c.method}, time.Now)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := doAsk(t, e, c.body, 5*time.Second); err != nil {
				t.Fatal(err)
			}
			time.Sleep(30 * time.Millisecond) // until the connection is kept
			if _, err := doAsk(t, e, c.body, 5*time.Second); err == nil {
				t.Errorf("%s %q: the broken connection went unnoticed", c.method, c.body)
			}
			if requests.Load() != 2 {
				t.Errorf("%s %q: %d requests for 2 questions", c.method, c.body, requests.Load())
			}
		}
	})

	// Unread replies do not pile up connections, and kept ones are used again.
	t.Run("a connection is kept where the response was read", func(t *testing.T) {
		var connections sync.Map
		url, _ := raw(t, func(conn net.Conn, _ *http.Request, _ <-chan struct{}) {
			connections.Store(conn.RemoteAddr().String(), true)
			reply(conn, "200 OK", "", object)
		})
		e, err := NewClient(Target{URL: url, Method: "POST"}, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < 20; i++ {
			if _, err := doAsk(t, e, "{}", 5*time.Second); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Millisecond)
		}
		count := 0
		connections.Range(func(_, _ interface{}) bool {
			count++
			return true
		})
		if count > 3 {
			t.Errorf("%d connections for 20 questions", count)
		}
	})
}
