package scenario

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Rows plays every case of testdata/<api>/ on one level: what a client gets of
// each documented reply, of those that no document describes, and of the gate
// itself; and what the backend is told. One configuration for each API holds a
// route for each case, so that it is quick behind Traefik too.
//
// Each play has a scope and a credential of its own, with a marker in it that no
// output may hold in the end.
func Rows(t *testing.T, open Opener) {
	backend := NewBackend(nil)
	defer backend.Close()
	level, err := open(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer level.Close()
	p := newRowPlayer(level, backend)
	defer p.close()
	for _, api := range slices.Sorted(maps.Keys(rowServers)) {
		t.Run(api, func(t *testing.T) {
			p.playAll(t, api)
		})
	}
	t.Run("no output holds a credential or an identity", func(t *testing.T) {
		p.searchLogs(t)
	})
}

// rowPlayer holds what the plays of one level share.
type rowPlayer struct {
	level   Level
	backend *Backend
	servers map[string]*upstreams.Server // by API
	others  []*upstreams.Server          // that answer everybody alike
	dead    string                       // where nobody listens
	trap    *httptest.Server             // where redirects lead
	trapped atomic.Int64

	configured strings.Builder // every configuration served
	secrets    map[string]bool // texts that no output may hold
}

func newRowPlayer(level Level, backend *Backend) *rowPlayer {
	p := &rowPlayer{level: level, backend: backend, servers: map[string]*upstreams.Server{}, secrets: map[string]bool{}}
	for api, start := range rowServers {
		p.servers[api] = start(level.Clock())
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	p.dead = gone.URL
	gone.Close()
	p.trap = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		p.trapped.Add(1)
		_, _ = w.Write([]byte(`{"status":true,"IsSuccess":true,"data":{}}`))
	}))
	return p
}

func (p *rowPlayer) close() {
	p.trap.Close()
	for _, server := range p.servers {
		server.Close()
	}
	for _, server := range p.others {
		server.Close()
	}
}

// rowServers starts the upstream of each API.
var rowServers = map[string]func(*upstreams.Clock) *upstreams.Server{
	"thammasat": func(clock *upstreams.Clock) *upstreams.Server {
		up := upstreams.NewThammasat(upstreams.ThammasatOptions{Options: upstreams.Options{Clock: clock}})
		up.AddKey(OperatorKey)
		return up.Server
	},
	"ippanel": func(clock *upstreams.Clock) *upstreams.Server {
		return upstreams.NewIPPanel(upstreams.IPPanelOptions{Options: upstreams.Options{Clock: clock}}).Server
	},
	"bts": func(clock *upstreams.Clock) *upstreams.Server {
		return upstreams.NewBTS(upstreams.BTSOptions{Options: upstreams.Options{Clock: clock}}).Server
	},
	"webservice": func(clock *upstreams.Clock) *upstreams.Server {
		return upstreams.NewWebService(upstreams.WebServiceOptions{Options: upstreams.Options{Clock: clock}}).Server
	},
}

// playAll serves all cases of one API at once, and plays them one by one.
func (p *rowPlayer) playAll(t *testing.T, api string) {
	cases, err := loadRows(api)
	if err != nil {
		t.Fatal(err)
	}
	routes := Routes{}
	served := make([]rowServed, 0, len(cases))
	for n, c := range cases {
		s := p.furnish(c)
		s.route = routeName(n, c.name)
		s.separate()
		routes[s.route] = s.config
		served = append(served, s)
	}
	text, err := json.Marshal(routes)
	if err != nil {
		t.Fatal(err)
	}
	p.configured.Write(text)
	NewGate(t, p.level, p.backend).Serve(routes)
	for _, s := range served {
		t.Run(s.name, func(t *testing.T) {
			p.play(NewGate(t, p.level, p.backend), t, s)
		})
	}
}

// rowServed is a play and where it is served.
type rowServed struct {
	rowPlay
	route  string
	config map[string]any
	server *upstreams.Server // nil: nobody answers
}

// furnish starts what a play needs beside the four upstreams, and gives its
// blocks their addresses.
func (p *rowPlayer) furnish(c rowPlay) rowServed {
	s := rowServed{rowPlay: c, config: map[string]any{}, server: p.servers[c.api]}
	switch c.upstream {
	case "down":
		s.server = nil
	case "everybody":
		s.server = rowServers[c.api](p.level.Clock())
		p.others = append(p.others, s.server)
		reply := p.fill().reply(*c.reply)
		s.server.AnswerAll(&reply)
	}
	for key, value := range c.settings {
		block, isBlock := value.(map[string]any)
		api, isCredential := block["api"].(string)
		if isBlock && isCredential {
			block = maps.Clone(block)
			block["url"] = p.address(s, api)
			value = block
		}
		s.config[key] = value
	}
	return s
}

// separate gives a play a scope of its own: faults that are played one after
// another are an outage, and refusals a flood.
func (s rowServed) separate() {
	cache, _ := s.config["cache"].(map[string]any)
	own := maps.Clone(cache)
	if own == nil {
		own = map[string]any{}
	}
	own["epoch"] = s.route
	s.config["cache"] = own
}

func (p *rowPlayer) address(s rowServed, api string) string {
	if api != s.api {
		return p.servers[api].URL
	}
	if s.server == nil {
		return p.dead
	}
	return s.server.URL
}

var notInRoutes = regexp.MustCompile(`[^a-z0-9]+`)

// routeName makes a host's label of a case's name.
func routeName(n int, name string) string {
	label := strings.Trim(notInRoutes.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if len(label) > 50 {
		label = strings.Trim(label[:50], "-")
	}
	return fmt.Sprintf("r%d-%s", n, label)
}

// asked counts the calls that the upstreams got about a play's credential
// since the last reset, or about nobody's.
func (p *rowPlayer) asked(f *rowFill) int {
	calls := int(p.trapped.Load())
	for _, server := range append(slices.Collect(maps.Values(p.servers)), p.others...) {
		for _, r := range server.Requests() {
			anonymous := len(r.Credentials) == 0 || slices.Equal(r.Credentials, []string{OperatorKey})
			if anonymous || strings.Contains(fmt.Sprint(r.URI, r.Header, r.Body, r.Credentials), f.credential) {
				calls++
			}
		}
	}
	return calls
}

func (p *rowPlayer) reset() {
	p.trapped.Store(0)
	p.backend.Seen()
	for _, server := range append(slices.Collect(maps.Values(p.servers)), p.others...) {
		server.Reset()
	}
}

// searchLogs looks through all that the level wrote.
func (p *rowPlayer) searchLogs(t *testing.T) {
	logs, configured := p.level.Logs(), p.configured.String()
	Unmarked(t, logs)
	for secret := range p.secrets {
		if strings.Contains(logs, secret) && !strings.Contains(configured, secret) {
			t.Errorf("an identity or an account was written: %q", secret)
		}
	}
}
