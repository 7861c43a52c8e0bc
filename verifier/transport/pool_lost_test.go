package transport

import (
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/steadytest"
)

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
				c, method, body := c, method, body
				t.Run("a request goes once more on a new connection only if the kept one was lost without a byte: "+c.name+", "+method+" "+body, func(t *testing.T) {
					limit := ample
					if c.name == "silent" {
						limit = 300 * time.Millisecond
					}
					ask := func() (wrong string) {
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
						if _, err := callWith(t, client, body, ample); err != nil {
							t.Fatal(err)
						}
						if !settled(t, client.pool) {
							t.Fatal("the connection is not kept")
						}
						response, err := callWith(t, client, body, limit)
						if (err == nil && response.Body != nil) != c.answered || requests.Load() != c.requests {
							return fmt.Sprintf("%+v (%v), %d requests, want %d", response, err, requests.Load(), c.requests)
						}
						return ""
					}
					if c.name == "silent" {
						steadytest.Steadily(t, ask)
					} else if wrong := ask(); wrong != "" {
						t.Error(wrong)
					}
				})
			}
		}
	}

	t.Run("a new connection that is closed without a byte is an error", func(t *testing.T) {
		url, requests := serve(t, write(""))
		if _, err := call(t, Target{URL: url}, "", ample); err == nil || requests.Load() != 1 {
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
			response, err := call(t, Target{URL: url}, "", ample)
			if err != nil || response.Cached != cached {
				t.Errorf("%q: %v (%v)", headers, response.Cached, err)
			}
		}
	})
}
