package scenario

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// SeenRequest is a request as the backend received it.
type SeenRequest struct {
	Method string
	URI    string
	Host   string
	Header http.Header
	Length int64 // bytes of the body
}

// Backend is the server behind the plugin. It describes each request that it
// receives in its response, and records it.
type Backend struct {
	URL string

	server *httptest.Server
	mu     sync.Mutex
	seen   []SeenRequest
	routes map[string]http.Handler // by host name: handlers that take the requests instead
}

// ProxyTo passes the requests of one route to another server, unchanged.
func (b *Backend) ProxyTo(route, address string) {
	target, _ := url.Parse(address)
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = target.Scheme, target.Host },
		Transport:     &http.Transport{DisableCompression: true},
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0),
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.routes[route+".test"] = proxy
}

func (b *Backend) proxyFor(host string) http.Handler {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.routes[host]
}

// backendHeader is a response header that only the backend sets.
const backendHeader = "X-Backend"

// NewBackend starts a backend. extra, which may be nil, handles all paths but /:
// web sockets, streams.
func NewBackend(extra http.Handler) *Backend {
	b := &Backend{routes: map[string]http.Handler{}}
	b.server = upstreams.NewHTTPServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if elsewhere := b.proxyFor(r.Host); elsewhere != nil {
			elsewhere.ServeHTTP(w, r)
			return
		}
		if extra != nil && len(r.URL.Path) > 1 {
			b.record(r, 0)
			extra.ServeHTTP(w, r)
			return
		}
		length, _ := io.Copy(io.Discard, r.Body)
		seen := b.record(r, length)
		w.Header().Set(backendHeader, "reached")
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(seen)
	}))
	b.URL = b.server.URL
	return b
}

func (b *Backend) record(r *http.Request, length int64) SeenRequest {
	seen := SeenRequest{Method: r.Method, URI: r.RequestURI, Host: r.Host, Header: r.Header.Clone(), Length: length}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.seen) < 10_000 {
		b.seen = append(b.seen, seen)
	}
	return seen
}

// TakeSeen returns the requests since the last call.
func (b *Backend) TakeSeen() []SeenRequest {
	b.mu.Lock()
	defer b.mu.Unlock()
	seen := b.seen
	b.seen = nil
	return seen
}

// Close stops the backend.
func (b *Backend) Close() { b.server.Close() }
