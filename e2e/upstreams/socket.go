package upstreams

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
)

var (
	givenMu sync.Mutex
	given   = map[int]bool{} // ports
)

// fresh opens a socket on a loopback port that no upstream of this process has had. The plugin
// remembers an upstream by its URL: at a port that comes again, a new upstream would be taken for
// the one that was there before, with the proof of its canary and the credentials it had allowed.
func fresh() (net.Listener, error) {
	givenMu.Lock()
	defer givenMu.Unlock()
	for {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		port := listener.Addr().(*net.TCPAddr).Port
		if !given[port] {
			given[port] = true
			return listener, nil
		}
		_ = listener.Close()
	}
}

// NewHTTPServer starts a server of a handler alone, plain, at a port as an upstream's. It panics if
// it cannot listen.
func NewHTTPServer(handler http.Handler) *httptest.Server {
	server := httptest.NewUnstartedServer(handler)
	_ = server.Listener.Close()
	server.Listener = must(fresh())
	server.Start()
	return server
}
