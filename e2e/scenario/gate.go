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

// Gate is a level with a backend behind it, in one test.
type Gate struct {
	Level
	Backend *Backend
	Tally   Tally
	t       testing.TB
}

// NewGate joins a level and a backend for the length of a test.
func NewGate(t testing.TB, level Level, backend *Backend) *Gate {
	return &Gate{Level: level, Backend: backend, t: t}
}

// Serve applies a configuration, or ends the test.
func (g *Gate) Serve(routes Routes) {
	g.t.Helper()
	if err := g.Apply(routes); err != nil {
		g.t.Fatalf("the configuration is not served: %v", err)
	}
	g.Backend.Seen()
}

// Reply is what a client got; Seen is set if the backend was reached.
type Reply struct {
	Status int
	Header http.Header
	Body   string
	Seen   *Seen
}

// Call is one request of a client: header lines as "Name: value", in order.
type Call struct {
	Route  string
	Method string // empty: GET
	Path   string // empty: /
	Lines  []string
	Body   io.Reader
	From   string // the address that it comes from, of 127.0.0.0/8; empty: any
}

// Do sends a call, or ends the test.
func (g *Gate) Do(c Call) Reply {
	g.t.Helper()
	reply, err := g.Try(c)
	if err != nil {
		g.t.Fatalf("%s: no reply: %v", c.Route, err)
	}
	return reply
}

// Get sends a GET with these header lines.
func (g *Gate) Get(route string, lines ...string) Reply {
	g.t.Helper()
	return g.Do(Call{Route: route, Lines: lines})
}

// Try sends a call, and counts it.
func (g *Gate) Try(c Call) (Reply, error) {
	g.Tally.requests.Add(1)
	r, err := g.try(c)
	if err != nil {
		g.Tally.lost.Add(1)
	}
	return r, err
}

func (g *Gate) try(c Call) (Reply, error) {
	r, err := g.Request(c)
	if err != nil {
		return Reply{}, err
	}
	response, err := clientAt(c.From).Do(r)
	if err != nil {
		return Reply{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return Reply{}, err
	}
	reply := Reply{Status: response.StatusCode, Header: response.Header, Body: string(body)}
	if strings.HasPrefix(reply.Body, `{"Method"`) {
		reply.Seen = &Seen{}
		if err := json.Unmarshal(body, reply.Seen); err != nil {
			return reply, err
		}
	}
	return reply, nil
}

// Request makes the request of a call. Header names are sent as they are
// spelled, which Go's Header.Add would not do.
func (g *Gate) Request(c Call) (*http.Request, error) {
	method, path := c.Method, c.Path
	if method == "" {
		method = http.MethodGet
	}
	if path == "" {
		path = "/"
	}
	r, err := http.NewRequest(method, g.URL()+path, c.Body)
	if err != nil {
		return nil, err
	}
	r.Host = c.Route + ".test"
	for _, line := range c.Lines {
		name, value, _ := strings.Cut(line, ":")
		r.Header[name] = append(r.Header[name], strings.TrimPrefix(value, " "))
	}
	return r, nil
}
