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

// fixture is what gates share, with a clock that stands until it is moved, before
// an upstream that calls good what contains "good".
type fixture struct {
	t      *testing.T
	shared *Shared
	log    *bytes.Buffer
	output *telemetry.Sink
	level  string // of the routes' logs
	moved  atomic.Int64
	calls  atomic.Int64
	server *httptest.Server
	got    http.Header // of the request that the backend got last; nil: none
}

func newFixture(t *testing.T) *fixture {
	s := &fixture{t: t, log: &bytes.Buffer{}, level: "info"}
	s.server = httptest.NewServer(http.HandlerFunc(s.upstream))
	t.Cleanup(s.server.Close)
	start := time.Now()
	since := func(at time.Time) time.Duration { return start.Add(time.Duration(s.moved.Load())).Sub(at) }
	now := func() time.Time { return start.Add(since(start)) }
	s.output = telemetry.NewSink(s.log, now)
	s.shared = &Shared{Start: start, Since: since, Now: now, Scopes: cache.NewRegistry(start, now)}
	return s
}

func (s *fixture) upstream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	body, _ := io.ReadAll(r.Body)
	key := r.Header.Get("Application-Key")
	if said := key + r.Header.Get("Authorization") + string(body); strings.Contains(said, "good") || strings.Contains(said, "wrong") {
		s.calls.Add(1) // the canary's own come when they like
	}
	switch {
	case key != "" && strings.Contains(string(body), "good"):
		_, _ = io.WriteString(w, `{"status":true,"message":"Success","username":"somchai"}`)
	case key != "" && len(body) != 0:
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"status":false,"message":"Users or Password Invalid!"}`)
	case key != "" && strings.Contains(key, "good"):
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"status":false,"message":"Body no data! Request body {user / pass}"}`)
	case key != "":
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"status":false,"message":"Application-Key Invalid!"}`)
	case strings.Contains(r.Header.Get("Authorization"), "good"):
		_, _ = fmt.Fprintf(w, `{"IsSuccess":true,"Data":{"UserName":%q,"Id":7}}`, r.Header.Get("Authorization"))
	default:
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"status":"error","message":"Invalid username or password","code":401}`)
	}
}

// block is one of an API, with what the configuration gives by default.
func (s *fixture) block(kind verifier.Kind, name, path string) *Block {
	for _, api := range apis.All() {
		if api.Name == name {
			target := transport.Target{URL: s.server.URL, Path: path, Method: api.Method}
			upstream := apis.Settings{Kind: kind, Target: target, Canary: true}
			return &Block{API: api, Upstream: upstream, Lifetime: api.Lifetime, Timeout: 5 * time.Second, Budget: api.Quota}
		}
	}
	s.t.Fatal("no such API: ", name)
	return nil
}

func (s *fixture) bearer() *Block {
	return s.block(verifier.Bearer, "webservice", "/check")
}

func (s *fixture) key(account bool) *Block {
	b := s.block(verifier.ApplicationKey, "thammasat", "/verify")
	b.Upstream.Account = account
	return b
}

// gate makes one of these blocks before next; change may be nil.
func (s *fixture) gate(next http.Handler, change func(o *Options), blocks ...*Block) *Gate {
	s.t.Helper()
	o := &Options{
		Blocks: blocks, CacheSize: 1000, NegativeSize: 1000, NegativeLifetime: 30 * time.Second,
		PerClient: verifier.Rate{Calls: 300, Period: time.Minute}, Prefix: "X-Auth-", Unavailable: 500,
	}
	if change != nil {
		change(o)
	}
	return New(context.Background(), next, o, s.shared, telemetry.NewLog(s.output, "gate", s.level))
}

// route makes a gate's handler before a backend that notes what it gets.
func (s *fixture) route(change func(o *Options), blocks ...*Block) http.Handler {
	s.t.Helper()
	next := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { s.got = r.Header })
	return http.HandlerFunc(s.gate(next, change, blocks...).Handler())
}

// ask sends a request of header lines, name and value in turn.
func (s *fixture) ask(h http.Handler, method string, lines ...string) (*httptest.ResponseRecorder, *http.Request) {
	r := httptest.NewRequest(method, "/", nil)
	for i := 0; i+1 < len(lines); i += 2 {
		r.Header[lines[i]] = append(r.Header[lines[i]], lines[i+1])
	}
	w := httptest.NewRecorder()
	s.got = nil
	h.ServeHTTP(w, r)
	return w, r
}

// known asks until an answer is remembered and ready: a miss, a look, a hit.
func (s *fixture) known(h http.Handler, lines ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	for i := 0; i < 3; i++ {
		s.ask(h, http.MethodGet, lines...)
	}
	before := s.calls.Load()
	w, _ := s.ask(h, http.MethodGet, lines...)
	if s.calls.Load() != before {
		s.t.Errorf("%q is asked about again", lines)
	}
	return w
}

// ready tells how many answers stand ready on a route's fronts.
func (s *fixture) ready(g *Gate) (n int) {
	for _, d := range g.schemes {
		d.fastPath.Lock.Lock()
		n += len(d.fastPath.Answers)
		d.fastPath.Lock.Unlock()
	}
	return n
}

func TestAReadyRefusalIsTheSlowOneByteForByte(t *testing.T) {
	s := newFixture(t)
	for _, format := range []string{"upstream", "problem"} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodHead} {
			h := s.route(func(o *Options) { o.Problem = format == "problem" }, s.bearer(), s.key(false))
			line := "Bearer wrong-" + format + method
			first, _ := s.ask(h, method, "Authorization", line)
			s.known(h, "Authorization", line)
			hit, _ := s.ask(h, method, "Authorization", line)
			if hit.Code != first.Code || hit.Body.String() != first.Body.String() || fmt.Sprint(hit.Header()) != fmt.Sprint(first.Header()) {
				t.Errorf("%s %s:\n%d %v %s\n%d %v %s", format, method, first.Code, first.Header(), first.Body, hit.Code, hit.Header(), hit.Body)
			}
		}
	}
}

// Whatever is around us may hand a refused request's headers on: Traefik's
// errors middleware does, to the server of its pages.
func TestAReadyRefusalTakesTheClientsWordAwayToo(t *testing.T) {
	s := newFixture(t)
	h := s.route(nil, s.bearer())
	s.known(h, "Authorization", "Bearer wrong")
	for _, forged := range []string{"X-Auth-User", "X_auth_user", "X.Auth.Id"} {
		w, r := s.ask(h, http.MethodGet, "Authorization", "Bearer wrong", forged, "admin")
		if w.Code != http.StatusUnauthorized || r.Header[forged] != nil {
			t.Errorf("%d: a refused request still says %v", w.Code, r.Header)
		}
	}
}

// remember sets how long refusals are remembered.
func remember(d time.Duration) func(o *Options) {
	return func(o *Options) { o.NegativeLifetime = d }
}

func TestAReadyRefusalEndsAndARouteThatRemembersNoneGivesNone(t *testing.T) {
	s := newFixture(t)
	long := s.route(remember(1*time.Hour), s.bearer())
	short := s.route(remember(10*time.Second), s.bearer())
	none := s.route(remember(0*time.Second), s.bearer())
	s.known(long, "Authorization", "Bearer wrong")
	s.known(short, "Authorization", "Bearer wrong")
	count := func(h http.Handler) int64 {
		before := s.calls.Load()
		s.ask(h, http.MethodGet, "Authorization", "Bearer wrong")
		return s.calls.Load() - before
	}
	if long, none, short := count(long), count(none), count(short); long != 0 || none != 1 || short != 0 {
		t.Errorf("%d, %d, %d calls; want 0, 1, 0", long, none, short)
	}
	s.known(short, "Authorization", "Bearer wrong")
	s.moved.Add(int64(10 * time.Second))
	if long, short := count(long), count(short); long != 0 || short != 1 {
		t.Errorf("after 10 s: %d and %d calls, want 0 and 1", long, short)
	}
}

// A machine may start with its clock ahead, and have it set right when we run.
func TestAClockThatIsSetBackBeforeOurStartTurnsNoRefusalIntoAYes(t *testing.T) {
	s := newFixture(t)
	h := s.route(remember(10*time.Second), s.bearer())
	s.known(h, "Authorization", "Bearer good") // so that the names of headers are known
	s.moved.Add(-int64(time.Hour))
	for i := 0; i < 6; i++ {
		w, _ := s.ask(h, http.MethodGet, "Authorization", "Bearer wrong")
		if w.Code != http.StatusUnauthorized || s.got != nil {
			t.Errorf("request %d: %d, backend %v", i+1, w.Code, s.got)
		}
		s.moved.Add(int64(3 * time.Second))
	}
	s.known(h, "Authorization", "Bearer good")
	s.moved.Add(int64(11 * time.Hour))
	s.ask(h, http.MethodGet, "Authorization", "Bearer good")
	if s.got == nil || s.got["X-Auth-Api"] == nil {
		t.Errorf("the backend got %v", s.got)
	}
}

func TestEveryRefusalIsNotedWhereThatIsWanted(t *testing.T) {
	s := newFixture(t)
	quiet := s.route(nil, s.bearer())
	s.level = "debug"
	noting := s.route(nil, s.bearer())
	s.known(quiet, "Authorization", "Bearer wrong")
	s.known(noting, "Authorization", "Bearer wrong")
	if got := strings.Count(s.log.String(), `"event":"refused"`); got != 4 {
		t.Errorf("%d of 4 refusals are noted: %s", got, s.log)
	}
}

func TestWhatIsReadyForOneKindAnswersNoRequestOfTwo(t *testing.T) {
	s := newFixture(t)
	h := s.route(nil, s.bearer(), s.key(false))
	s.known(h, "Authorization", "Bearer good")
	s.known(h, "Application-Key", "good-key")
	for _, lines := range [][]string{
		{"Authorization", "Bearer good", "Application-Key", "good-key"},
		{"Authorization", "Bearer good", "Application-Key", "x"},
		{"Authorization", "Bearer good", "Authorization", "Bearer good"},
		{"Application-Key", "good-key", "Application-Key", "good-key"},
	} {
		if w, _ := s.ask(h, http.MethodGet, lines...); w.Code != http.StatusBadRequest || s.got != nil {
			t.Errorf("%q: %d, backend %v", lines, w.Code, s.got)
		}
	}
	for _, lines := range [][]string{{"Authorization", "Bearer good"}, {"Application-Key", "good-key"}} {
		s.ask(h, http.MethodGet, lines...)
		if s.got == nil || s.got[lines[0]] != nil || len(s.got["X-Auth-Api"]) != 1 {
			t.Errorf("%q: the backend got %v", lines, s.got)
		}
	}
}

func TestAKeyWithAnAccountHasAWayOfItsOwn(t *testing.T) {
	s := newFixture(t)
	for _, forward := range []bool{false, true} {
		h := s.route(func(o *Options) { o.ForwardCredential = forward }, s.key(true))
		const account, other = "Basic Z29vZDpwYXNzd29yZA==", "Basic YmFkOnBhc3N3b3Jk"
		s.known(h, "Application-Key", "k", "Authorization", account)
		s.ask(h, http.MethodGet, "Application-Key", "k", "Authorization", account)
		if s.got == nil || fmt.Sprint(s.got["X-Auth-User"]) != "[somchai]" || (s.got["Authorization"] != nil) != forward || (s.got["Application-Key"] != nil) != forward {
			t.Errorf("forward %t: the backend got %v", forward, s.got)
		}
		for _, lines := range [][]string{
			{"Application-Key", "k"}, {"Authorization", account}, {"Application-Key", "k", "Authorization", other},
			{"Application-Key", "k", "Authorization", account, "Authorization", account},
			{"Application-Key", "", "Authorization", "k" + account}, {"Application-Key", "kB", "Authorization", account[1:]},
		} {
			if w, _ := s.ask(h, http.MethodGet, lines...); w.Code < 400 || s.got != nil {
				t.Errorf("%q: %d, backend %v", lines, w.Code, s.got)
			}
		}
	}
}

func TestAPreflightPassesWithoutTheIdentityOfAReadyCredential(t *testing.T) {
	s := newFixture(t)
	h := s.route(func(o *Options) { o.Preflight = true }, s.bearer())
	s.known(h, "Authorization", "Bearer good")
	s.ask(h, http.MethodOptions, "Authorization", "Bearer good", "Origin", "https://a.example", "Access-Control-Request-Method", "PUT")
	if s.got == nil || s.got["X-Auth-Api"] != nil || s.got["Authorization"] != nil {
		t.Errorf("the backend got %v", s.got)
	}
	s.ask(h, http.MethodOptions, "Authorization", "Bearer good", "Origin", "https://a.example")
	if s.got == nil || s.got["X-Auth-Api"] == nil {
		t.Errorf("an OPTIONS that is no preflight: the backend got %v", s.got)
	}
}

// The proxy behind us deletes what Connection names.
func TestConnectionNamesNoHeaderOfOursOnTheHitPath(t *testing.T) {
	s := newFixture(t)
	h := s.route(nil, s.bearer())
	s.known(h, "Authorization", "Bearer good")
	for _, value := range []string{"keep-alive", "Upgrade", "close, X-Auth-User", "x-auth-api", "X_Auth_Id"} {
		for i := 0; i < 2; i++ {
			s.ask(h, http.MethodGet, "Authorization", "Bearer good", "Connection", value)
			if s.got == nil || s.got["X-Auth-Api"] == nil || strings.Contains(strings.ToLower(fmt.Sprint(s.got["Connection"])), "auth") {
				t.Errorf("%s: the backend got %v", value, s.got)
			}
		}
	}
	s.ask(h, http.MethodGet, "Authorization", "Bearer good", "Connection", "keep-alive", "Connection", "X-Auth-User")
	if fmt.Sprint(s.got["Connection"]) != "[keep-alive]" {
		t.Errorf("the backend got %v", s.got)
	}
}

// Requests share what stands ready: whoever adds to a header adds to a copy.
func TestWhoAddsToAHeaderAddsToHisOwn(t *testing.T) {
	s := newFixture(t)
	h := s.route(nil, s.bearer())
	s.known(h, "Authorization", "Bearer good")
	s.known(h, "Authorization", "Bearer wrong")
	for i := 0; i < 3; i++ {
		w, _ := s.ask(h, http.MethodGet, "Authorization", "Bearer good")
		for name, values := range s.got {
			if strings.HasPrefix(name, "X-Auth-") && (len(values) != 1 || cap(values) != 1) {
				t.Errorf("%s: %q, room for %d", name, values, cap(values))
			}
			s.got.Add(name, "more")
		}
		w, _ = s.ask(h, http.MethodGet, "Authorization", "Bearer wrong")
		for name, values := range w.Header() {
			if len(values) != 1 || cap(values) != 1 {
				t.Errorf("%s: %q, room for %d", name, values, cap(values))
			}
			w.Header().Add(name, "more")
		}
	}
}

// Of two that learn at once, who comes late brings no older names.
func TestNamesThatAreLearnedAtOnceAreAllKnown(t *testing.T) {
	s := newFixture(t)
	g := s.gate(http.NotFoundHandler(), nil, s.bearer())
	g.Handler()
	var all sync.WaitGroup
	for i := 0; i < 64; i++ {
		all.Add(1)
		go func(name string) {
			defer all.Done()
			g.rememberHeaderNames([]string{name})
		}(fmt.Sprint("X-Name-", i))
	}
	all.Wait()
	known := g.schemes[0].safeNames[1].allowed
	for i := 0; i < 64; i++ {
		if !known[fmt.Sprint("X-Name-", i)] {
			t.Errorf("X-Name-%d is not known", i)
		}
	}
	if known["Connection"] || s.ready(g) != 0 {
		t.Errorf("known: %v", known)
	}
}

func TestManyRequestsAtOnceGetTheirOwnAnswers(t *testing.T) {
	s := newFixture(t)
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Header.Get("X-Auth-User"))
	})
	h := s.gate(next, func(o *Options) { o.CacheSize, o.NegativeSize = 8, 4 }, s.bearer()).Handler()
	var all sync.WaitGroup
	for i := 0; i < 8; i++ {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			for n := 0; n < 200; n++ {
				token := fmt.Sprintf("Bearer good-%d", (i+n)%12)
				if n%3 == 0 {
					token = fmt.Sprintf("Bearer wrong-%d", n%6)
				}
				r := httptest.NewRequest(http.MethodGet, "/", nil)
				r.Header.Set("Authorization", token)
				r.Header.Set(fmt.Sprint("X-Name-", n%40), "x")
				w := httptest.NewRecorder()
				h(w, r)
				good := strings.Contains(token, "good")
				if w.Code == http.StatusTooManyRequests {
					continue
				}
				if good && strings.ReplaceAll(w.Body.String(), "%20", " ") != token || !good && w.Code != http.StatusUnauthorized {
					t.Errorf("%s: %d %s", token, w.Code, w.Body)
					return
				}
			}
		}(i)
	}
	all.Wait()
}
