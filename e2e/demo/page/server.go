// Package page serves the demo's page: what can be tried, the login of the emulated
// panel, and the calls as they happen. It stands behind Traefik like any backend, on
// paths of its own: / and /demo/.
package page

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Content is what the page is told once. The credentials in it are good for emulated
// APIs alone.
type Content struct {
	Token      string `json:"token"` // of the operator's status
	Password   string `json:"password"`
	OTP        string `json:"otp"`
	SMSUser    string `json:"smsUser"`
	DirectUser string `json:"directUser"`
	Doors      []Door `json:"doors"`
}

// Door is a route with a gate.
type Door struct {
	API   string `json:"api"`
	Path  string `json:"path"`
	Title string `json:"title"`
	About string `json:"about"`
	Tries []Try  `json:"tries"`
}

// Try is a request to send: with a header, or none. Its path is the door's, unless it
// has one of its own.
type Try struct {
	Name   string `json:"name"`
	Path   string `json:"path,omitempty"`
	Header string `json:"header,omitempty"`
}

// Server serves the page until Close.
type Server struct {
	URL     string
	feed    *Feed
	token   string
	content []byte
	server  *http.Server
	done    context.Context // its end ends streams and the watch
	end     context.CancelFunc
	watched chan struct{} // closed when the watch has ended; nil: there is none
	served  chan struct{}
}

//go:embed assets
var embedded embed.FS

// policy lets the page load its own files, ask this site and post to it, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// Start serves the page at an address.
func Start(addr string, feed *Feed, content Content) (*Server, error) {
	text, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("opening the page's socket: %w", err)
	}
	s := &Server{
		URL: "http://" + listener.Addr().String(), feed: feed, token: content.Token, content: text, served: make(chan struct{}),
	}
	s.done, s.end = context.WithCancel(context.Background())
	s.server = &http.Server{Handler: s.handler(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	go func() {
		defer close(s.served)
		_ = s.server.Serve(listener)
	}()
	return s, nil
}

// Close ends the server, and its streams.
func (s *Server) Close() {
	s.end()
	if s.watched != nil {
		<-s.watched
	}
	_ = s.server.Close()
	<-s.served
}

func (s *Server) handler() http.Handler {
	assets, err := fs.Sub(embedded, "assets")
	if err != nil {
		panic(err) // a folder of that name is embedded above
	}
	mux := http.NewServeMux()
	file := func(pattern, name string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("Content-Security-Policy", policy)
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.Header().Set("Referrer-Policy", "same-origin")
			http.ServeFileFS(w, r, assets, name)
		})
	}
	file("GET /{$}", "demo.html")
	file("GET /demo/login", "login.html")
	for _, name := range []string{"page.css", "page.js", "doors.js", "calls.js", "login.js"} {
		file("GET /demo/"+name, name)
	}
	mux.HandleFunc("GET /demo/content", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(s.content)
	})
	mux.HandleFunc("GET /demo/events", s.stream)
	return mux
}

// stream sends what happens, as server-sent events: what is kept first, and then each
// event. A browser that comes again says which one it has.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) {
	defer s.feed.read()()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	last, _ := strconv.ParseInt(r.Header.Get("Last-Event-ID"), 10, 64)
	version := int64(-1)
	alive := time.NewTicker(15 * time.Second)
	defer alive.Stop()
	controller := http.NewResponseController(w)
	for {
		events, summary, now, more := s.feed.after(last, version)
		for _, e := range events {
			text, _ := json.Marshal(e) // texts and numbers always can be
			_, _ = fmt.Fprintf(w, "id: %d\ndata: %s\n\n", e.ID, text)
			last = e.ID
		}
		if summary != nil {
			_, _ = fmt.Fprintf(w, "event: summary\ndata: %s\n\n", summary)
		}
		version = now
		if controller.Flush() != nil {
			return
		}
		select {
		case <-more:
		case <-alive.C:
			_, _ = fmt.Fprint(w, ": still here\n\n")
		case <-r.Context().Done():
			return
		case <-s.done.Done():
			return
		}
	}
}
