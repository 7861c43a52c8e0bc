package transport

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// serveStreams starts a server that offers HTTP/2, and counts its connections.
func serveStreams(t *testing.T, handler http.HandlerFunc) (*httptest.Server, TLS, *atomic.Int64) {
	t.Helper()
	own := certificate(t, "", time.Now().Add(time.Hour))
	loaded, err := tls.X509KeyPair([]byte(own.cert), []byte(own.key))
	if err != nil {
		t.Fatal(err)
	}
	connections := &atomic.Int64{}
	server := httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{loaded}}
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server, TLS{CA: own.cert}, connections
}

func TestStreams(t *testing.T) {
	t.Run("a server that offers HTTP/2 is asked over one connection, without a rest", func(t *testing.T) {
		var second atomic.Int64
		server, trusted, connections := serveStreams(t, func(w http.ResponseWriter, r *http.Request) {
			if r.ProtoMajor == 2 {
				second.Add(1)
			}
			_, _ = io.WriteString(w, object)
		})
		client := resting(t, Target{URL: server.URL, TLS: trusted}, time.Hour)
		if _, err := callWith(t, client, "{}", ample); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for i := 0; i < 20; i++ {
			all.Add(1)
			go func() {
				defer all.Done()
				if response, err := callWith(t, client, "{}", ample); err != nil || response.Body == nil {
					t.Errorf("%+v (%v)", response, err)
				}
			}()
		}
		all.Wait()
		if second.Load() != 21 || connections.Load() != 2 { // the first found out
			t.Errorf("%d requests over HTTP/2, %d connections", second.Load(), connections.Load())
		}
	})

	t.Run("a connection of HTTP/2 that was lost before a response is replaced, once", func(t *testing.T) {
		var requests atomic.Int64
		server, trusted, _ := serveStreams(t, func(w http.ResponseWriter, _ *http.Request) {
			requests.Add(1)
			_, _ = io.WriteString(w, object)
		})
		client := resting(t, Target{URL: server.URL, TLS: trusted}, time.Hour)
		for i := 0; i < 60; i++ { // it is noticed at several places
			if response, err := callWith(t, client, "{}", ample); err != nil || response.Body == nil {
				t.Fatalf("%+v (%v)", response, err)
			}
			server.CloseClientConnections()
		}
		if requests.Load() != 60 {
			t.Errorf("%d requests", requests.Load())
		}
	})

	t.Run("a connection that is too old is not used again", func(t *testing.T) {
		server, trusted, connections := serveStreams(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, object) })
		client := resting(t, Target{URL: server.URL, TLS: trusted}, time.Hour)
		client.streams.maxAge = 0
		for i := 0; i < 3; i++ {
			if _, err := callWith(t, client, "{}", ample); err != nil {
				t.Fatal(err)
			}
		}
		if connections.Load() != 4 {
			t.Errorf("%d connections, want 4", connections.Load())
		}
	})

	t.Run("with singleUse each request has a connection of HTTP/1.1", func(t *testing.T) {
		server, trusted, connections := serveStreams(t, func(w http.ResponseWriter, r *http.Request) {
			if r.ProtoMajor != 1 || !r.Close {
				t.Errorf("%s, closing %v", r.Proto, r.Close)
			}
			_, _ = io.WriteString(w, object)
		})
		client := resting(t, Target{URL: server.URL, TLS: trusted, SingleUse: true}, 0)
		for i := 0; i < 3; i++ {
			if _, err := callWith(t, client, "{}", ample); err != nil {
				t.Fatal(err)
			}
		}
		if connections.Load() != 3 {
			t.Errorf("%d connections, want 3", connections.Load())
		}
	})
}
