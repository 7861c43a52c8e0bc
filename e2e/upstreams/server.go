package upstreams

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// maxBody is the largest request body that is read, in bytes. The largest valid one is two texts in
// JSON; a larger one is answered with 413.
const maxBody = 64 << 10

// Options are what all four servers have in common.
type Options struct {
	// Addr is where to listen, as host:port. Empty: a free port of 127.0.0.1.
	Addr string

	// Clock is the time that tokens and quotas live by. Nil: a clock of its own.
	Clock *Clock

	// Seen, where it is given, is told of each request when its reply is decided, from
	// many goroutines at once.
	Seen func(Seen)

	// TLS serves HTTPS with a certificate made at the start; CA returns it.
	TLS bool

	// TLSUntil is when that certificate ends, in real time; in the past for the test of an expired
	// one. Zero: a day from now.
	TLSUntil time.Time
}

// Server is what all four upstreams share: a socket, a log of the requests, and a script of
// what to answer. It is part of each of them and not made on its own.
type Server struct {
	// URL is the base address, without a final slash: http://127.0.0.1:40123, for IPPanel with /v1.
	URL string

	// Clock is the time this server lives by.
	Clock *Clock

	requestLog
	script

	seen      func(Seen)
	api       api
	server    *http.Server
	listener  net.Listener
	ca        string
	served    chan struct{} // closed when the listener is gone
	closing   chan struct{}
	closeOnce sync.Once
}

// api is one upstream's own part of a Server.
type api interface {
	// credentials names what a request presents: a token, a key, or "user:password" for an account;
	// the most specific first. They serve for counting and scripting and decide nothing.
	credentials(c *call) []string

	// admit returns the error for a request that is not of the protocol (path, method,
	// media type), and nil if it is.
	admit(c *call) *Reply

	// answer replies to an admitted request that no script answers.
	answer(c *call) Reply
}

// listen opens the socket, plain or with TLS. Until begin, clients wait at it.
func listen(o Options) (*Server, error) {
	s := &Server{
		Clock:      o.Clock,
		seen:       o.Seen,
		requestLog: newRequestLog(),
		served:     make(chan struct{}),
		closing:    make(chan struct{}),
	}
	if s.Clock == nil {
		s.Clock = NewClock()
	}
	s.server = &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      2 * time.Minute, // held and delayed replies included
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          log.New(io.Discard, "", 0), // a client that hangs up is part of the tests
	}
	scheme := "http://"
	if o.TLS {
		scheme = "https://"
		certificate, ca, err := selfSigned(o.TLSUntil)
		if err != nil {
			return nil, fmt.Errorf("making a certificate: %w", err)
		}
		s.ca = ca
		s.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	}
	open := fresh
	if o.Addr != "" {
		open = func() (net.Listener, error) { return net.Listen("tcp", o.Addr) }
	}
	var err error
	if s.listener, err = open(); err != nil {
		return nil, fmt.Errorf("opening the upstream's socket: %w", err)
	}
	s.URL = scheme + s.listener.Addr().String()
	return s, nil
}

// begin serves a until Close. It is called once, when a is complete.
func (s *Server) begin(a api) {
	s.api = a
	go func() {
		defer close(s.served)
		if s.server.TLSConfig != nil {
			_ = s.server.ServeTLS(s.listener, "", "")
			return
		}
		_ = s.server.Serve(s.listener)
	}()
}

// must turns the one thing that can go wrong at a start, a socket that cannot be opened, into a
// panic: a test cannot go on without its upstream.
func must[T any](upstream T, err error) T {
	if err != nil {
		panic("upstreams: " + err.Error())
	}
	return upstream
}

// CA returns the certificate that a client has to trust, as PEM; empty without TLS.
func (s *Server) CA() string {
	return s.ca
}

// Close stops the server at once: open connections are cut, held requests included. It may be
// called more than once.
func (s *Server) Close() {
	s.closeOnce.Do(func() {
		close(s.closing)
		_ = s.server.Close()
		<-s.served
	})
}

// serve handles one request: read, decide, count, reply. Where requests are held it is counted
// first, and decided once it is released. Else a test that has seen the count may change what
// is answered, and means later requests.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	c := &call{Request: r}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err == nil {
		c.body = body
		c.credentials = s.api.credentials(c)
	}
	reply := Reply{Status: http.StatusRequestEntityTooLarge}
	decide := func() {
		if err == nil {
			reply = s.replyTo(c)
		}
	}
	released := s.held()
	if released == nil {
		decide()
	}
	s.add(c, s.Clock.Now())
	if released != nil {
		await(released, r, s.closing)
		decide()
	}
	if s.seen != nil {
		s.seen(seen(c, reply))
	}
	reply.write(w, r, s.closing)
}

// replyTo decides: the script for every request, the protocol, the script for one credential, the API.
func (s *Server) replyTo(c *call) Reply {
	if all, on := s.toAll(); on {
		return all
	}
	if wrong := s.api.admit(c); wrong != nil {
		return *wrong
	}
	if scripted, found := s.scripted(c.credentials); found {
		return scripted
	}
	return s.api.answer(c)
}
