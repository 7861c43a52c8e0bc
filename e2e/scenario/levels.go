package scenario

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/upstreamauth/upstreamauth"
	"github.com/upstreamauth/upstreamauth/e2e/interpreted"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// newHandler makes one middleware, as Traefik does for each router on each reload.
type newHandler func(ctx context.Context, next http.Handler, config map[string]any, name string) (http.Handler, error)

// inProcess serves the plugin from an HTTP server in the test's process.
type inProcess struct {
	server     *httptest.Server
	clock      *upstreams.Clock
	newHandler newHandler
	logs       func() string
	next       http.Handler
	cleanup    func()
	shared     bool // its process has other levels before and after it

	mu     sync.Mutex
	cancel context.CancelFunc
	routes atomic.Pointer[map[string]http.Handler]
}

// Native runs the plugin compiled.
func Native(backend string) (Level, error) { return NativeWith(backend, Environment()) }

// NativeWith is Native with an environment of its own.
func NativeWith(backend string, environment []string) (Level, error) {
	clock := upstreams.NewClock()
	log := &buffer{}
	env := func(name string) (string, bool) { return lookupEnv(environment, name) }
	process := upstreamauth.NewRuntime(clock.Now(), clock.Since, env, log)
	return newInProcess(backend, clock, func(ctx context.Context, next http.Handler, config map[string]any, name string) (http.Handler, error) {
		decoded := upstreamauth.CreateConfig()
		if err := interpreted.Decode(config, decoded); err != nil {
			return nil, err
		}
		return process.Handler(ctx, next, decoded, name), nil
	}, log.String, func() {}), nil
}

func newInProcess(backend string, clock *upstreams.Clock, build newHandler, logs func() string, cleanup func()) *inProcess {
	target, _ := url.Parse(backend)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
		},
		FlushInterval: -1,
	}
	l := &inProcess{clock: clock, newHandler: build, logs: logs, next: writes(proxy), cleanup: cleanup, cancel: func() {}}
	l.routes.Store(&map[string]http.Handler{})
	l.mark(func() { l.server = httptest.NewServer(http.HandlerFunc(l.route)) })
	return l
}

// mark marks all goroutines that begin meanwhile, and all that those begin, as this level's.
func (l *inProcess) mark(do func()) {
	pprof.Do(context.Background(), pprof.Labels("level", fmt.Sprintf("%p", l)), func(context.Context) { do() })
}

// Goroutines counts this level's: others of the process may serve another level.
func (l *inProcess) Goroutines() int {
	var profile bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&profile, 1)
	total, same := 0, 0
	for _, line := range strings.Split(profile.String(), "\n") {
		if count, _, found := strings.Cut(line, " @ "); found {
			same, _ = strconv.Atoi(count)
		}
		if strings.HasPrefix(line, "# labels:") && strings.Contains(line, fmt.Sprintf(`"%p"`, l)) {
			total += same
		}
	}
	return total
}

func (l *inProcess) route(w http.ResponseWriter, r *http.Request) {
	name, _, _ := strings.Cut(r.Host, ".test")
	handler := (*l.routes.Load())[name]
	if handler == nil {
		http.NotFound(w, r)
		return
	}
	defer recoverPanic(w)
	handler.ServeHTTP(w, r)
	if len(w.Header()["Trailer"]) == 0 { // else values are still to be sent
		write(w.Header())
	}
}

// Written ends the names of routes on which, on every level, all header values of
// requests and responses are written to once they have been served. In process that is
// done on all routes.
const Written = "-written"

// writes hands a request on, and then writes into its header values, as a middleware
// behind the gate may.
func writes(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer write(r.Header)
		next.ServeHTTP(w, r)
	})
}

func write(h http.Header) {
	for _, values := range h {
		for i := range values {
			values[i] = Marker + "written"
		}
	}
}

// recoverPanic responds as Traefik's recovery around each router does.
func recoverPanic(w http.ResponseWriter) {
	switch err := recover(); err {
	case nil:
	case http.ErrAbortHandler:
		panic(err)
	default:
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
	}
}

// Apply does as Traefik does: the context of the old handlers ends before the new
// ones are made, and the old ones serve until then.
func (l *inProcess) Apply(routes Routes) (err error) {
	l.mark(func() { err = l.apply(routes) })
	return err
}

func (l *inProcess) apply(routes Routes) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cancel()
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	handlers := map[string]http.Handler{}
	for name, config := range routes {
		next := l.next
		if second, chained := routes[name+Behind]; chained {
			behind, err := l.newHandler(ctx, l.next, second, name+Behind+"@file")
			if err != nil {
				return fmt.Errorf("%s: %w", name+Behind, err)
			}
			next = behind
		}
		handler, err := l.newHandler(ctx, next, config, name+"@file")
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		handlers[name] = handler
	}
	l.routes.Store(&handlers)
	return nil
}

func (l *inProcess) URL() string             { return l.server.URL }
func (l *inProcess) Logs() string            { return l.logs() }
func (l *inProcess) Clock() *upstreams.Clock { return l.clock }

func (l *inProcess) Close() {
	l.cancel()
	l.server.CloseClientConnections()
	l.server.Close()
	l.cleanup()
	time.Sleep(time.Millisecond)
}

// buffer is a log that several goroutines may write to.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
