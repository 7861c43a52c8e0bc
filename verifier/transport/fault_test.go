package transport

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/steadytest"
)

func TestClientFaults(t *testing.T) {
	t.Run("a connection that fails is an error or a defect, and never late", func(t *testing.T) {
		const head = "HTTP/1.1 200 OK\r\n"
		cases := []struct {
			name    string
			respond responder
			want    string
		}{
			{"closed before a byte", write(""), "connection closed early"},
			{"reset before a byte", reset(""), "connection reset"},
			{"reset within the body", reset(head + "Content-Length: 100\r\n\r\n{"), "its body was cut off: connection reset"},
			{"closed within the header", write(head + "Content-Len"), "not understood as HTTP"},
			{"closed within the body", write(head + "Content-Length: 100\r\n\r\n" + object), "its body was cut off: connection closed early"},
			{"closed within a body without a length", write(head + "\r\n" + object[:8]), "its body is not one plain JSON object"},
			{"closed within a chunk", write(head + "Transfer-Encoding: chunked\r\n\r\nff\r\n" + object), "its body was cut off: connection closed early"},
			{"a chunk that is none", write(head + "Transfer-Encoding: chunked\r\n\r\n" + marker + "\r\n"), "its body was cut off: not understood as HTTP"},
			{"sends nothing", hang(""), "no response in time"},
			{"stops within the header", hang(head), "no response in time"},
			{"stops within the body", hang(head + "Content-Length: 100\r\n\r\n{"), "its body was cut off: no response in time"},
			{"no HTTP", write("SSH-2.0-" + marker + "\r\n"), "not understood as HTTP"},
			{"a status that is none", write("HTTP/1.1 " + marker + "\r\n\r\n"), "not understood as HTTP"},
			{"two lengths", write(head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n" + object), "not understood as HTTP"},
			{"1 MB of one header", write(head + "X: " + strings.Repeat("x", 1<<20) + "\r\n\r\n"), "its headers are over 64 KiB"},
			{"1 MB of many headers", write(head + strings.Repeat("X: xxxxxxxxxxxx\r\n", 1<<16) + "\r\n"), "its headers are over 64 KiB"},
			{"interim responses without end", write(strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 1000)), "not understood as HTTP"},
			{"another protocol", hang("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n" + object), "not understood as HTTP"},
		}
		for _, c := range cases {
			c := c
			t.Run(c.name, func(t *testing.T) {
				steadytest.Steadily(t, func() string {
					url, requests := serve(t, c.respond)
					response, err := call(t, Target{URL: url}, "", 300*time.Millisecond)
					got := response.Defect
					if err != nil {
						got = err.Error()
					}
					if !strings.HasSuffix(got, c.want) || response.Body != nil || requests.Load() != 1 {
						return fmt.Sprintf("got %q, want %q; %d requests, want 1", got, c.want, requests.Load())
					}
					return ""
				})
			})
		}
	})
}

func TestClientUnreachable(t *testing.T) {
	t.Run("a server that cannot be reached is an error", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		silent := listener.Addr().String() // accepts connections, and reads nothing
		defer func() { _ = listener.Close() }()
		other, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		closed := other.Addr().String()
		_ = other.Close()

		for url, want := range map[string]string{
			"http://" + silent:            "no response in time",
			"https://" + silent:           "TLS: the handshake did not end in time",
			"http://" + closed:            "connection refused",
			"http://nowhere.invalid:1234": "its name does not resolve: there is no such host, its name does not resolve: no answer of the name server in time, its name does not resolve: the name server has failed", // by the resolver
		} {
			steadytest.Steadily(t, func() string {
				_, err := call(t, Target{URL: url}, "", 300*time.Millisecond)
				if err == nil || !strings.Contains(want, err.Error()) {
					return fmt.Sprintf("%s: %v, want %s", url, err, want)
				}
				return ""
			})
		}
	})
}

func TestClientDeadline(t *testing.T) {
	t.Run("a call that is cancelled is an error", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		url, _ := serve(t, func(_ net.Conn, hold <-chan struct{}) { cancel(); <-hold })
		client, err := NewClient(Target{URL: url, Method: "GET"}, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Do(ctx, Request{Header: http.Header{}}); err == nil || err.Error() != "cancelled" {
			t.Errorf("%v", err)
		}
	})

	t.Run("a body that comes a byte at a time is cut off in time", func(t *testing.T) {
		url, _ := serve(t, func(conn net.Conn, hold <-chan struct{}) {
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
			for i := 0; i < 1000; i++ {
				if _, err := conn.Write([]byte(" ")); err != nil {
					return
				}
				select {
				case <-hold:
					return
				case <-time.After(10 * time.Millisecond):
				}
			}
		})
		steadytest.Steadily(t, func() string {
			response, err := call(t, Target{URL: url}, "", 200*time.Millisecond)
			if err != nil || response.Defect != "its body was cut off: no response in time" {
				return fmt.Sprintf("%+v (%v)", response, err)
			}
			return ""
		})
	})
}

// write writes a text and closes the connection.
func write(text string) responder {
	return func(conn net.Conn, _ <-chan struct{}) {
		_, _ = io.WriteString(conn, text)
		_ = conn.Close()
	}
}

// hang writes a text and leaves the connection open.
func hang(text string) responder {
	return func(conn net.Conn, hold <-chan struct{}) {
		_, _ = io.WriteString(conn, text)
		<-hold
	}
}

// reset writes a text and closes the connection with RST instead of FIN.
func reset(text string) responder {
	return func(conn net.Conn, _ <-chan struct{}) {
		_, _ = io.WriteString(conn, text)
		time.Sleep(30 * time.Millisecond) // until it was read
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
}
