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
		bytes := bytes
		t.Run(fmt.Sprintf("a connection on which %d bytes of a TLS record came while it rested is not used again", bytes), func(t *testing.T) {
			for rest := 50 * time.Millisecond; ; rest *= 4 { // what comes after the rest is not what this is about
				connections, inTime := askTwice(t, config, bytes, rest)
				if !inTime && rest < 10*time.Second {
					continue
				}
				want := int64(2)
				if bytes == 0 {
					want = 1
				}
				if connections != want || !inTime {
					t.Errorf("%d connections, want %d; in time: %v", connections, want, inTime)
				}
				return
			}
		})
	}
}

// askTwice asks two questions, and tells over how many connections. inTime: the bytes came while
// the first one rested.
func askTwice(t *testing.T, config *tls.Config, bytes int, rest time.Duration) (_ int64, inTime bool) {
	t.Helper()
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
	client := resting(t, Target{URL: "https://" + listener.Addr().String(), Method: http.MethodGet, TLS: TLS{InsecureSkipVerify: true}}, rest)
	for _, id := range []string{"first", "other"} {
		ctx, cancel := context.WithTimeout(context.Background(), ample)
		response, err := client.Do(ctx, Request{Header: http.Header{"X-Id": {id}}})
		cancel()
		if err != nil || response.Body.Field("path").TextOf(strictjson.Text) != id {
			t.Fatalf("%s: %+v (%v)", id, response, err)
		}
		if id == "other" {
			return connections.Load(), true
		}
		<-sent
		client.pool.mu.Lock()
		late := bytes > 0 && len(client.pool.idle) > 0 && client.pool.idle[0].rested
		client.pool.mu.Unlock()
		if late {
			return 0, false
		}
		settled(t, client.pool)
	}
	return 0, false
}
