package gate

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/cache"
	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// fixture is what gates share, with a clock that stands still until a test moves
// it, and an upstream that allows credentials which contain "valid".
type fixture struct {
	t      *testing.T
	shared *Shared
	log    *lockedBuffer
	sink   *telemetry.Sink
	level  string // of the routes' logs
	moved  atomic.Int64
	calls  atomic.Int64 // without those of canaries
	server *httptest.Server
	got    http.Header // what the backend received last; nil: the last request did not reach it
}

// lockedBuffer is a log that canaries may write to, in the background, while a test
// reads it.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(line)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

func newFixture(t *testing.T) *fixture {
	f := &fixture{t: t, log: &lockedBuffer{}, level: "info"}
	f.server = httptest.NewServer(http.HandlerFunc(f.upstream))
	t.Cleanup(f.server.Close)
	start := time.Now()
	since := func(at time.Time) time.Duration { return start.Add(time.Duration(f.moved.Load())).Sub(at) }
	now := func() time.Time { return start.Add(since(start)) }
	f.sink = telemetry.NewSink(f.log, now)
	scopes := cache.NewRegistry(start, now, func() time.Duration { return now().Sub(start) })
	f.shared = &Shared{Start: start, Since: since, Now: now, Scopes: scopes, Fields: NewFields(), Removed: NewRemoved()}
	return f
}

func (f *fixture) upstream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	body, _ := io.ReadAll(r.Body)
	key := r.Header.Get("Application-Key")
	if sent := key + r.Header.Get("Authorization") + string(body); strings.Contains(sent, "valid") || strings.Contains(sent, "denied") {
		f.calls.Add(1) // a canary calls at any time, with random credentials
	}
	switch {
	case len(key) == 64: // a canary's, which is not known
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"status":false,"message":"Application-Key Invalid!"}`)
	case key != "" && strings.Contains(string(body), "valid"):
		_, _ = io.WriteString(w, `{"status":true,"message":"Success","username":"somchai"}`)
	case key != "" && len(body) != 0:
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"status":false,"message":"Users or Password Invalid!"}`)
	case key != "" && strings.Contains(key, "valid"):
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"status":false,"message":"Body no data! Request body {user / pass}"}`)
	case key != "":
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"status":false,"message":"Application-Key Invalid!"}`)
	case strings.Contains(r.Header.Get("Authorization"), "valid"):
		_, _ = fmt.Fprintf(w, `{"IsSuccess":true,"Data":{"UserName":%q,"Id":7}}`, r.Header.Get("Authorization"))
	default:
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"status":"error","message":"Invalid username or password","code":401}`)
	}
}

// block is a block of one API with the configuration's defaults, but for the timeout: no machine
// stands still for so long.
func (f *fixture) block(kind verifier.Kind, name, path string) *Block {
	for _, api := range apis.All() {
		if api.Name == name {
			target := transport.Target{URL: f.server.URL, Path: path, Method: api.Method}
			upstream := apis.Settings{Kind: kind, Target: target, Canary: true}
			return &Block{API: api, Upstream: upstream, Lifetime: api.Lifetime, Timeout: time.Minute, Budget: api.Quota}
		}
	}
	f.t.Fatal("no such API: ", name)
	return nil
}

func (f *fixture) bearer() *Block {
	return f.block(verifier.Bearer, "webservice", "/check")
}

func (f *fixture) key(account bool) *Block {
	b := f.block(verifier.ApplicationKey, "thammasat", "/verify")
	b.Upstream.Account = account
	return b
}

// gate builds a gate of these blocks in front of next; change may be nil.
func (f *fixture) gate(next http.Handler, change func(o *Options), blocks ...*Block) *Gate {
	f.t.Helper()
	o := &Options{
		Blocks: blocks, CacheSize: 1000, NegativeSize: 1000, NegativeLifetime: 30 * time.Second,
		PerClient: verifier.Rate{Calls: 300, Period: time.Minute}, Prefix: "X-Auth-", Unavailable: 500,
	}
	if change != nil {
		change(o)
	}
	return New(context.Background(), next, o, f.shared, telemetry.NewLog(f.sink, "gate", f.level))
}

// route builds a gate's handler in front of a backend that records what it receives.
func (f *fixture) route(change func(o *Options), blocks ...*Block) http.Handler {
	f.t.Helper()
	next := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { f.got = r.Header })
	return http.HandlerFunc(f.gate(next, change, blocks...).Handler())
}

// ask sends a request with these header lines, name and value in turn.
func (f *fixture) ask(h http.Handler, method string, lines ...string) (*httptest.ResponseRecorder, *http.Request) {
	r := httptest.NewRequest(method, "/", nil)
	for i := 0; i+1 < len(lines); i += 2 {
		r.Header[lines[i]] = append(r.Header[lines[i]], lines[i+1])
	}
	w := httptest.NewRecorder()
	f.got = nil
	h.ServeHTTP(w, r)
	return w, r
}

// prebuild sends a request until its answer is prebuilt: a miss, a lookup, a hit.
// Then it sends it once more, which must not cause a call to the upstream.
func (f *fixture) prebuild(h http.Handler, lines ...string) *httptest.ResponseRecorder {
	f.t.Helper()
	for i := 0; i < 3; i++ {
		f.ask(h, http.MethodGet, lines...)
	}
	before := f.calls.Load()
	w, _ := f.ask(h, http.MethodGet, lines...)
	if f.calls.Load() != before {
		f.t.Errorf("%q is verified again", lines)
	}
	return w
}

// prebuilt counts the prebuilt answers of a gate.
func (f *fixture) prebuilt(g *Gate) (n int) {
	for _, s := range g.schemes {
		s.fastPath.Lock.Lock()
		n += len(s.fastPath.Answers)
		s.fastPath.Lock.Unlock()
	}
	return n
}

// entries counts the log's entries of an event.
func (f *fixture) entries(event string) int {
	return strings.Count(f.log.String(), `"event":"`+event+`"`)
}
