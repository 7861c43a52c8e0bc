package transport

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
)

// countingConn counts what is written.
type countingConn struct {
	net.Conn
	written atomic.Int64
}

func (c *countingConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.written.Add(int64(n))
	return n, err
}

// heldBack serves one TLS connection. After the first response another one comes, of
// which the first bytes arrive at once, and the others with the second request.
func heldBack(raw net.Conn, config *tls.Config, bytes int, sent chan bool) {
	near, far := net.Pipe()
	defer func() { _ = raw.Close(); _ = near.Close() }()
	counted := &countingConn{Conn: near}
	var hold atomic.Bool
	var passed atomic.Int64
	second := make(chan bool, 1)
	go func() { _, _ = io.Copy(far, raw); _ = far.Close() }()
	go func() {
		b := make([]byte, 64<<10)
		for {
			n, err := far.Read(b)
			if err != nil {
				return
			}
			from := 0
			if bytes > 0 && hold.CompareAndSwap(true, false) {
				_, _ = raw.Write(b[:bytes])
				sent <- true
				<-second
				from = bytes
			}
			_, _ = raw.Write(b[from:n])
			passed.Add(int64(n))
		}
	}()
	conn := tls.Server(counted, config)
	in := bufio.NewReader(conn)
	for i := 0; ; i++ {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if i == 1 {
			second <- true
		}
		response := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n{\"path\":%q}", len(r.Header.Get("X-Id"))+11, r.Header.Get("X-Id"))
		_, _ = io.WriteString(conn, response)
		for passed.Load() < counted.written.Load() {
			time.Sleep(time.Millisecond)
		}
		if i == 0 && bytes > 0 {
			hold.Store(true)
			go func() { _, _ = io.WriteString(conn, response) }()
		} else if i == 0 {
			sent <- true
		}
	}
}

func TestPart(t *testing.T) {
	own := httptest.NewTLSServer(nil)
	defer own.Close()
	config := &tls.Config{Certificates: own.TLS.Certificates, NextProtos: []string{"http/1.1"}}
	for _, bytes := range []int{0, 1, 3, 5, 6, 40} {
		t.Run(fmt.Sprintf("a connection on which %d bytes of a TLS record came while it rested is not used again", bytes), func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			var connections atomic.Int64
			sent := make(chan bool, 4)
			go func() {
				for raw, err := listener.Accept(); err == nil; raw, err = listener.Accept() {
					connections.Add(1)
					go heldBack(raw, config, bytes, sent)
				}
			}()
			target := Target{URL: "https://" + listener.Addr().String(), Method: http.MethodGet, TLS: TLS{InsecureSkipVerify: true}}
			client := resting(t, target, 50*time.Millisecond)
			for _, id := range []string{"first", "other"} {
				ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
				response, err := client.Do(ctx, Request{Header: http.Header{"X-Id": {id}}})
				cancel()
				if err != nil || response.Body.Field("path").TextOf(strictjson.Text) != id {
					t.Fatalf("%s: %+v (%v)", id, response, err)
				}
				if id == "first" {
					<-sent
				}
				time.Sleep(200 * time.Millisecond)
			}
			want := int64(2)
			if bytes == 0 {
				want = 1
			}
			if connections.Load() != want {
				t.Errorf("%d connections, want %d", connections.Load(), want)
			}
		})
	}
}
