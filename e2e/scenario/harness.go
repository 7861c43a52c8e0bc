// Package scenario tests what the plugin promises, as requests and their
// results, on three levels: native, interpreted and behind Traefik. A scenario
// does not know on which level it runs.
//
// harness*.go, backend*.go, fixtures.go and levels.go are what
// scenarios run on; results.go counts what attack*.go and the scenarios report;
// status_tables*.go run testdata/<api>/ and configuration_cases.go runs
// testdata/config; panics*.go are run with a panic at every function. All other
// files hold the scenarios of the subject that their name says.
package scenario

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Routes are the protected routes of one configuration: a route's name, and
// the plugin's block on it as a provider would deliver it.
type Routes map[string]map[string]any

// Behind ends the name of a block that stands behind another one on a route: those of
// "a" and "a-behind" are the chain of the route a.
const Behind = "-behind"

// Level runs the plugin.
type Level interface {
	// Apply replaces the configuration, and returns when the new one is served.
	// A route is reached by the host name <name>.test.
	Apply(routes Routes) error
	// URL is the address that requests are sent to.
	URL() string
	// Logs is all output so far.
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

// NewHarness joins a level and a backend for one test.
func NewHarness(t testing.TB, level Level, backend *Backend) *Harness {
	return &Harness{Level: level, Backend: backend, t: t}
}

// Serve applies a configuration; if that fails, so does the test.
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

// Request is one request of a client.
type Request struct {
	Route   string
	Method  string // empty: GET
	Path    string // empty: /
	Headers []string
	Body    io.Reader
	From    string // the client's address, of 127.0.0.0/8; empty: any
}

// Do sends a request; without a response the test fails.
func (h *Harness) Do(request Request) Response {
	h.t.Helper()
	reply, err := h.Try(request)
	if err != nil {
		h.t.Fatalf("%s: no response: %v", request.Route, err)
	}
	return reply
}

// Get sends a GET with these headers.
func (h *Harness) Get(route string, lines ...string) Response {
	h.t.Helper()
	return h.Do(Request{Route: route, Headers: lines})
}

// Try sends a request, and counts it.
func (h *Harness) Try(request Request) (Response, error) {
	h.Counters.requests.Add(1)
	begun := time.Now()
	r, err := h.send(request)
	raise(&h.Counters.longest, time.Since(begun))
	if err != nil {
		h.Counters.noResponse.Add(1)
	}
	return r, err
}

func (h *Harness) send(request Request) (Response, error) {
	r, err := h.newRequest(request)
	if err != nil {
		return Response{}, err
	}
	response, err := clientAt(request.From).Do(r)
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

// newRequest makes the HTTP request. Header names are sent as they are spelled,
// which Go's Header.Add would not do.
func (h *Harness) newRequest(request Request) (*http.Request, error) {
	method, path := request.Method, request.Path
	if method == "" {
		method = http.MethodGet
	}
	if path == "" {
		path = "/"
	}
	r, err := http.NewRequest(method, h.URL()+path, request.Body)
	if err != nil {
		return nil, err
	}
	r.Host = request.Route + ".test"
	for _, line := range request.Headers {
		name, value, _ := strings.Cut(line, ":")
		r.Header[name] = append(r.Header[name], strings.TrimPrefix(value, " "))
	}
	return r, nil
}

// Advance moves the clock, or waits where the level has none.
func (h *Harness) Advance(d time.Duration) {
	if clock := h.Clock(); clock != nil {
		clock.Advance(d)
		return
	}
	time.Sleep(d)
}

// Pass lets time pass until d has passed since then, by the level's clock. To wait for the
// end of a period, then is after the request that begins it.
func (h *Harness) Pass(since time.Time, d time.Duration) {
	if left := d - clockOf(h).Sub(since); left > 0 {
		h.Advance(left)
	}
}

// inTime tries what has to happen within a limit, and checks it. Where the machine took
// longer, it shows nothing, and is tried again, with what no try has used before.
func (h *Harness) inTime(limit time.Duration, try func(n int) (check func())) {
	h.t.Helper()
	for n := range 10 {
		begun := clockOf(h)
		check := try(n)
		if took := clockOf(h).Sub(begun); took < limit {
			check()
			return
		}
	}
	h.t.Errorf("what has to happen within %s took longer ten times", limit)
}
