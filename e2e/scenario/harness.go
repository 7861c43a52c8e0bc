// Package scenario holds what the plugin is to do, as requests and what comes
// of them, and the three levels on which it is played: native, interpreted,
// behind Traefik. A scenario does not know on which one it runs.
package scenario

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Routes are the protected routes of one configuration: a route's name, and
// the plugin's block on it as a provider would deliver it.
type Routes map[string]map[string]any

// Level runs the plugin.
type Level interface {
	// Apply puts a configuration in the place of the one before, and returns
	// when it is served. A route is reached by the host name <name>.test.
	Apply(routes Routes) error
	// URL is where requests go.
	URL() string
	// Logs is everything that was written anywhere so far.
	Logs() string
	// Clock is the plugin's clock; nil where it cannot be moved.
	Clock() *upstreams.Clock
	// Close stops all that the level started.
	Close()
}

// Harness is a level with a backend behind it, in one test.
type Harness struct {
	Level
	Backend  *Backend
	Counters Counters
	t        testing.TB
}

// NewHarness joins a level and a backend for the length of a test.
func NewHarness(t testing.TB, level Level, backend *Backend) *Harness {
	return &Harness{Level: level, Backend: backend, t: t}
}

// Serve applies a configuration, or ends the test.
func (h *Harness) Serve(routes Routes) {
	h.t.Helper()
	if err := h.Apply(routes); err != nil {
		h.t.Fatalf("the configuration is not served: %v", err)
	}
	h.Backend.TakeSeen()
}

// Response is what a client got; Seen is set if the backend was reached.
type Response struct {
	Status int
	Header http.Header
	Body   string
	Seen   *SeenRequest
}

// Request is one request of a client: header lines as "Name: value", in order.
type Request struct {
	Route   string
	Method  string // empty: GET
	Path    string // empty: /
	Headers []string
	Body    io.Reader
	From    string // the address that it comes from, of 127.0.0.0/8; empty: any
}

// Do sends a call, or ends the test.
func (h *Harness) Do(c Request) Response {
	h.t.Helper()
	reply, err := h.Try(c)
	if err != nil {
		h.t.Fatalf("%s: no reply: %v", c.Route, err)
	}
	return reply
}

// Get sends a GET with these header lines.
func (h *Harness) Get(route string, lines ...string) Response {
	h.t.Helper()
	return h.Do(Request{Route: route, Headers: lines})
}

// Try sends a call, and counts it.
func (h *Harness) Try(c Request) (Response, error) {
	h.Counters.requests.Add(1)
	r, err := h.send(c)
	if err != nil {
		h.Counters.noResponse.Add(1)
	}
	return r, err
}

func (h *Harness) send(c Request) (Response, error) {
	r, err := h.newRequest(c)
	if err != nil {
		return Response{}, err
	}
	response, err := clientAt(c.From).Do(r)
	if err != nil {
		return Response{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return Response{}, err
	}
	reply := Response{Status: response.StatusCode, Header: response.Header, Body: string(body)}
	if strings.HasPrefix(reply.Body, `{"Method"`) {
		reply.Seen = &SeenRequest{}
		if err := json.Unmarshal(body, reply.Seen); err != nil {
			return reply, err
		}
	}
	return reply, nil
}

// newRequest makes the request of a call. Header names are sent as they are
// spelled, which Go's Header.Add would not do.
func (h *Harness) newRequest(c Request) (*http.Request, error) {
	method, path := c.Method, c.Path
	if method == "" {
		method = http.MethodGet
	}
	if path == "" {
		path = "/"
	}
	r, err := http.NewRequest(method, h.URL()+path, c.Body)
	if err != nil {
		return nil, err
	}
	r.Host = c.Route + ".test"
	for _, line := range c.Headers {
		name, value, _ := strings.Cut(line, ":")
		r.Header[name] = append(r.Header[name], strings.TrimPrefix(value, " "))
	}
	return r, nil
}
