package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"time"
)

// streams asks an upstream that offers HTTP/2. There each answer names its question, so
// that all share one connection, and none has to rest.
type streams struct {
	config *tls.Config
	proxy  *proxy // nil: none
	maxAge time.Duration
	now    func() time.Time

	mu        sync.Mutex
	chosen    bool // the server prefers HTTP/2
	transport *http.Transport
	since     time.Time // when transport was made
	answered  bool      // transport has brought a response
}

func newStreams(config *tls.Config, via *proxy, now func() time.Time) *streams {
	return &streams{config: config, proxy: via, maxAge: ageLimit, now: now}
}

// isChosen tells whether the server has chosen HTTP/2 when it was asked last.
func (s *streams) isChosen() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.chosen
}

// confirm notes that a transport has brought a response, and whether over HTTP/2.
func (s *streams) confirm(t *http.Transport, chosen bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chosen = chosen
	if s.transport == t {
		s.answered = chosen
	}
}

// newTransport returns net/http's transport for HTTP/2. Where the server speaks
// HTTP/1.1 after all, its connections are closed after one response.
//
// The only proxy is the operator's: one that the environment names would see credentials.
// RoundTrip, unlike http.Client, follows no redirect, so no credential reaches another host.
func newTransport(config *tls.Config, via *proxy) *http.Transport {
	transport := &http.Transport{
		TLSClientConfig:        config.Clone(),
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    dialLimit,
		IdleConnTimeout:        idleLimit,
		MaxIdleConnsPerHost:    -1,
		MaxConnsPerHost:        maxConnections,
		MaxResponseHeaderBytes: maxResponse,
	}
	// The interpreter cannot assign a compiled method; reflection can. No interpreted
	// code runs while connecting: a panic there would end Traefik's process.
	dialer := &net.Dialer{Timeout: dialLimit}
	dial := reflect.ValueOf(dialer).MethodByName("DialContext")
	reflect.ValueOf(transport).Elem().FieldByName("DialContext").Set(dial)
	if via != nil {
		reflect.ValueOf(transport).Elem().FieldByName("Proxy").Set(reflect.ValueOf(http.ProxyURL(via.url)))
	}
	return transport
}

// current returns the transport, and makes a new one where that is too old: its
// connections end when they are idle. used: it has brought a response, so that it has
// kept its connection.
func (s *streams) current() (t *http.Transport, used bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.transport == nil || s.now().Sub(s.since) >= s.maxAge {
		if s.transport != nil {
			s.transport.CloseIdleConnections()
		}
		s.transport = newTransport(s.config, s.proxy)
		s.since = s.now()
		s.answered = false
	}
	transport, answered := s.transport, s.answered
	return transport, answered
}

// retire has the next call use a new connection.
func (s *streams) retire(t *http.Transport) {
	t.CloseIdleConnections()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.transport == t {
		s.transport = nil
	}
}

// ask makes one call. lost: the connection was a kept one, and ended before the first
// byte of a response.
func (s *streams) ask(ctx context.Context, r *http.Request) (_ reply, lost bool, _ error) {
	transport, used := s.current()
	response, err := transport.RoundTrip(r.WithContext(ctx))
	if err != nil {
		s.retire(transport)
		gone := used && ctx.Err() == nil && isBroken(err)
		return reply{}, gone, err
	}
	s.confirm(transport, response.ProtoMajor > 1)
	if response.StatusCode == http.StatusSwitchingProtocols {
		response.Body.Close()
		return reply{}, false, errNoHTTP
	}
	got, _ := readBody(response)
	response.Body.Close()
	return got, false, nil
}

// isBroken tells whether an error is that a connection has ended, or that net/http would
// have sent the request again for that reason if it could.
func isBroken(err error) bool {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return true
	}
	text := err.Error()
	for _, part := range []string{"connection reset", "broken pipe", "connection lost", "connection loss", "cannot retry err", "GOAWAY"} {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}
