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

// StatusTables runs every case of testdata/<api>/ on one level: the response that a
// client gets for each documented reply of the upstream, for undocumented ones and
// from the plugin alone, and the headers that reach the backend. One configuration
// for each API holds a route for each case, which is faster behind Traefik.
//
// Each case has a scope and a credential of its own. The credential has a marker, so
// that the end of the test can search the output for it.
func StatusTables(t *testing.T, open Opener) {
	backend := NewBackend(nil)
	defer backend.Close()
	level, err := open(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer level.Close()
	r := newTableRunner(level, backend)
	defer r.close()
	for _, api := range slices.Sorted(maps.Keys(startUpstream)) {
		t.Run(api, func(t *testing.T) {
			r.runAPI(t, api)
		})
	}
	t.Run("no output holds a credential or an identity", func(t *testing.T) {
		r.searchLogs(t)
	})
}

// closedAddress is one at which no server runs. Its port is one that the system gives to
// no test: the port of a server that was closed may be another's a moment later.
const closedAddress = "http://127.0.0.1:1"

// tableRunner holds what the cases of one level share.
type tableRunner struct {
	level          Level
	backend        *Backend
	servers        map[string]*upstreams.Server // by API
	ownServers     []*upstreams.Server          // that answer every request alike
	redirectTarget *httptest.Server             // of redirects
	redirected     atomic.Int64

	configured strings.Builder // every configuration served
	secrets    map[string]bool // texts that no output may hold
}

func newTableRunner(level Level, backend *Backend) *tableRunner {
	r := &tableRunner{level: level, backend: backend, servers: map[string]*upstreams.Server{}, secrets: map[string]bool{}}
	for api, start := range startUpstream {
		r.servers[api] = start(level.Clock())
	}
	r.redirectTarget = upstreams.NewHTTPServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		r.redirected.Add(1)
		_, _ = w.Write([]byte(`{"status":true,"IsSuccess":true,"data":{}}`))
	}))
	return r
}

func (r *tableRunner) close() {
	r.redirectTarget.Close()
	for _, server := range r.servers {
		server.Close()
	}
	for _, server := range r.ownServers {
		server.Close()
	}
}

// startUpstream starts the upstream of each API.
var startUpstream = map[string]func(*upstreams.Clock) *upstreams.Server{
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
	"custom/keys": func(clock *upstreams.Clock) *upstreams.Server {
		return upstreams.NewKeys(upstreams.Options{Clock: clock}, KeysSecret).Server
	},
	"custom/github": func(clock *upstreams.Clock) *upstreams.Server {
		return upstreams.NewGitHub(upstreams.Options{Clock: clock}).Server
	},
	"custom/sanctum": func(clock *upstreams.Clock) *upstreams.Server {
		return upstreams.NewSanctum(upstreams.Options{Clock: clock}, false).Server
	},
	"custom/legacy": func(clock *upstreams.Clock) *upstreams.Server {
		return upstreams.NewLegacy(upstreams.Options{Clock: clock}).Server
	},
}

// runAPI serves all cases of one API at once, and runs them one by one.
func (r *tableRunner) runAPI(t *testing.T, api string) {
	cases, err := loadTables(api)
	if err != nil {
		t.Fatal(err)
	}
	routes := Routes{}
	served := make([]servedCase, 0, len(cases))
	for n, c := range cases {
		s := r.prepare(c)
		s.route = routeName(n, c.name)
		s.isolate()
		routes[s.route] = s.config
		served = append(served, s)
	}
	text, err := json.Marshal(routes)
	if err != nil {
		t.Fatal(err)
	}
	r.configured.Write(text)
	NewHarness(t, r.level, r.backend).Serve(routes)
	for _, s := range served {
		t.Run(s.name, func(t *testing.T) {
			r.runCase(NewHarness(t, r.level, r.backend), t, s)
		})
	}
}

// servedCase is a case and its route.
type servedCase struct {
	tableCase
	route  string
	config map[string]any
	server *upstreams.Server // nil: none is running
}

// prepare starts the upstream of a case that needs its own, and completes the
// blocks of its configuration with the upstreams' addresses.
func (r *tableRunner) prepare(c tableCase) servedCase {
	s := servedCase{tableCase: c, config: map[string]any{}, server: r.servers[c.api]}
	switch c.upstream {
	case "down":
		s.server = nil
	case "any credential":
		s.server = startUpstream[c.api](r.level.Clock())
		r.ownServers = append(r.ownServers, s.server)
		reply := r.newPlaceholders().reply(*c.reply)
		s.server.AnswerAll(&reply)
	}
	for key, value := range c.settings {
		block, isBlock := value.(map[string]any)
		api, isCredential := block["api"].(string)
		if isBlock && isCredential {
			block = maps.Clone(block)
			block["url"] = r.address(s, api)
			value = block
		}
		s.config[key] = value
	}
	return s
}

// isolate gives a case a scope of its own; in a shared one, the faults of several
// cases would open the circuit.
func (s servedCase) isolate() {
	cache, _ := s.config["cache"].(map[string]any)
	own := maps.Clone(cache)
	if own == nil {
		own = map[string]any{}
	}
	own["epoch"] = s.route
	s.config["cache"] = own
}

func (r *tableRunner) address(s servedCase, api string) string {
	if api != s.api && api != "custom" {
		return r.servers[api].URL
	}
	if s.server == nil {
		return closedAddress
	}
	return s.server.URL
}

var notInRoutes = regexp.MustCompile(`[^a-z0-9]+`)

// routeName makes a host name's label of a case's name.
func routeName(n int, name string) string {
	label := strings.Trim(notInRoutes.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if len(label) > 50 {
		label = strings.Trim(label[:50], "-")
	}
	return fmt.Sprintf("r%d-%s", n, label)
}

// upstreamCalls counts the calls since the last reset that hold a case's credential
// or none at all.
func (r *tableRunner) upstreamCalls(p *placeholders) int {
	calls := int(r.redirected.Load())
	for _, server := range append(slices.Collect(maps.Values(r.servers)), r.ownServers...) {
		for _, r := range server.Requests() {
			anonymous := len(r.Credentials) == 0 || slices.Equal(r.Credentials, []string{OperatorKey})
			if anonymous || strings.Contains(fmt.Sprint(r.URI, r.Header, r.Body, r.Credentials), p.credential) {
				calls++
			}
		}
	}
	return calls
}

func (r *tableRunner) reset() {
	r.redirected.Store(0)
	r.backend.TakeSeen()
	for _, server := range append(slices.Collect(maps.Values(r.servers)), r.ownServers...) {
		server.Reset()
	}
}

// searchLogs looks for secrets in the level's output.
func (r *tableRunner) searchLogs(t *testing.T) {
	logs, configured := r.level.Logs(), r.configured.String()
	ExpectNoMarker(t, logs)
	for secret := range r.secrets {
		if strings.Contains(logs, secret) && !strings.Contains(configured, secret) {
			t.Errorf("an identity or an account in the output: %q", secret)
		}
	}
}
