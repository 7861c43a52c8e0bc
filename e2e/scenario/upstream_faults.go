package scenario

import (
	"crypto/tls"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// UpstreamFaults: every fault that an upstream can have, over real sockets.
var UpstreamFaults = []Scenario{
	{Name: "during any upstream fault cached callers are served and no other credential is allowed", Run: everyFault},
	{Name: "a 429 is passed on with a Retry-After between 1 and 3600", Run: everyRetryAfter},
	{Name: "redirects are not followed", Run: everyRedirect},
	{Name: "no credential is sent to a server with an invalid certificate", Run: everyCertificate},
	{Name: "a host name that does not resolve, and a slow upstream", Run: unresolvedAndSlow},
	{Name: "an outage is a 500 and not cached, and cached callers are served", Run: outageOfKnown},
}

// faultTimeout is the timeout of a lookup in these scenarios, and faultMargin what
// the machine may need in addition.
const (
	faultTimeout = 700 * time.Millisecond
	faultMargin  = 2 * time.Second
)

// faultCase is one fault, with a proxy, a route, a cached and a new user of its own.
type faultCase struct {
	name         string
	fault        *upstreams.Fault
	proxy        *upstreams.FaultProxy
	route        string
	cached, late string            // tokens
	status       int               // of the response to the new user meanwhile
	retryAfter   string            // of that response; empty: 10
	leaked       func(name string) // called if the credential was sent; nil: it may be
}

// faultSuite is the faults that are injected in front of one upstream.
type faultSuite struct {
	up  *upstreams.WebService
	all []*faultCase
}

const allowBody = `{"IsSuccess":true,"Data":{"UserName":"` + Marker + `intruder"}}`

func newFaultSuite() *faultSuite { return &faultSuite{up: newWebService(nil)} }

func (s *faultSuite) add(name string, fault *upstreams.Fault, config *tls.Config) *faultCase {
	t := &faultCase{
		name: name, fault: fault, proxy: upstreams.NewFaultProxy(s.up.URL, config), route: fmt.Sprint("r", len(s.all)), status: 500,
		cached: issueToken(s.up, "cached"),
		late:   issueToken(s.up, "late"),
	}
	s.all = append(s.all, t)
	return t
}

func (s *faultSuite) close() {
	for _, t := range s.all {
		t.proxy.Close()
	}
	s.up.Close()
}

// run serves all routes at once and injects the faults in parallel.
func (s *faultSuite) run(t *testing.T, h *Harness, more ...any) {
	defer s.close()
	routes := Routes{}
	for _, c := range s.all {
		keys := append([]any{"path", s.up.Path(), "timeout", faultTimeout.String()}, more...)
		routes[c.route] = routeConfig("bearer", "webservice", c.proxy.URL, keys...)
	}
	h.Serve(routes)
	slots := make(chan bool, 8)
	var all sync.WaitGroup
	for _, c := range s.all {
		slots <- true
		all.Go(func() {
			c.run(t, h, s.up)
			<-slots
		})
	}
	all.Wait()
}

// run: a user is allowed; the fault begins, and a new user gets an error in time,
// while the cached user is served without a call; the fault ends, and the new user
// is allowed, so nothing of the fault was cached.
func (c *faultCase) run(t *testing.T, h *Harness, up *upstreams.WebService) {
	fail := func(format string, args ...any) { t.Errorf(c.name+": "+format, args...) }
	expectCached := func() {
		begun := time.Now()
		r, err := h.Try(Request{Route: c.route, Headers: []string{bearer(c.cached)}})
		h.Counters.recordLatency(time.Since(begun))
		if !h.Counters.accepted(r, err, Marker+"cached") {
			fail("the cached user: %d %v", r.Status, err)
		}
	}
	late := func() (Response, time.Duration) {
		begun := time.Now()
		r, err := h.Try(Request{Route: c.route, Headers: []string{bearer(c.late)}})
		if err != nil {
			fail("%v", err)
		}
		return r, time.Since(begun)
	}
	expectCached()
	c.proxy.Inject(c.fault)
	r, waited := late()
	if !h.Counters.rejected(r, nil) || r.Status != c.status {
		fail("the new user: %d %s, want %d", r.Status, r.Body, c.status)
	}
	if waited > faultTimeout+faultMargin {
		fail("the error took %s", waited)
	}
	wait := c.retryAfter
	if wait == "" {
		wait = "10"
	}
	if got := r.Header.Get("Retry-After"); got != wait {
		fail("Retry-After %q, want %q", got, wait)
	}
	if c.leaked != nil && c.proxy.Received(c.late) {
		c.leaked(c.name)
	}
	expectCached()
	c.checkRecovery(fail, h, up, late)
	expectCount(t, c.name+": calls for the cached user", up.CallsWith(c.cached), 1)
}

// checkRecovery ends the fault. An error is not cached; a 429 is, for as long as its
// Retry-After.
func (c *faultCase) checkRecovery(fail func(string, ...any), h *Harness, up *upstreams.WebService, late func() (Response, time.Duration)) {
	c.proxy.Inject(nil)
	r, _ := late()
	if c.status == 429 {
		if r.Status != 429 || c.proxy.Received(c.late) || up.CallsWith(c.late) > 0 {
			fail("while it is rate-limited: %d", r.Status)
		}
		return
	}
	// A credential without an answer is not asked about again for a second.
	for end := time.Now().Add(3 * time.Second); r.Status == c.status && time.Now().Before(end); r, _ = late() {
		h.Advance(200 * time.Millisecond)
		time.Sleep(time.Millisecond)
	}
	if !h.Counters.accepted(r, nil, Marker+"late") || up.CallsWith(c.late) != 1 {
		fail("the new user, afterwards: %d %s, %d calls", r.Status, r.Body, up.CallsWith(c.late))
	}
}

func everyFault(t *testing.T, h *Harness) {
	s := newFaultSuite()
	faults := upstreams.Faults(allowBody)
	for name, body := range upstreams.OddBodies("IsSuccess", allowBody[len(`{"IsSuccess":true`):]) {
		faults["a body: "+name] = &upstreams.Fault{Send: upstreams.Raw(200, body)}
	}
	for _, name := range slices.Sorted(maps.Keys(faults)) {
		s.add(name, faults[name], nil)
	}
	s.run(t, h)
}

func everyRetryAfter(t *testing.T, h *Harness) {
	s := newFaultSuite()
	date := time.Now().Add(2 * time.Hour).UTC().Format(http.TimeFormat)
	past := time.Now().Add(-2 * time.Hour).UTC().Format(http.TimeFormat)
	for header, seconds := range map[string]string{
		"7": "7", date: "3600", past: "1", "0": "1", "-1": "1", "3601": "3600", "99999999999999999999": "3600",
		"soon": "60", "": "60", "1.5": "60", "7, 8": "60",
	} {
		reply := upstreams.Raw(429, "<html>", "Retry-After: "+header)
		if header == "" {
			reply = upstreams.Raw(429, "<html>")
		}
		c := s.add("Retry-After: "+header, &upstreams.Fault{Send: reply}, nil)
		c.status, c.retryAfter = 429, seconds
	}
	s.run(t, h)
}

func everyRedirect(t *testing.T, h *Harness) {
	var redirected atomic.Int64
	target := upstreams.NewHTTPServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		redirected.Add(1)
		_, _ = w.Write([]byte(allowBody))
	}))
	defer target.Close()
	s := newFaultSuite()
	for status := 300; status <= 308; status++ {
		body := allowBody
		if status == 304 {
			body = "" // Go's HTTP client logs an unexpected body
		}
		for _, where := range []string{target.URL + "/", "//" + target.Listener.Addr().String() + "/"} {
			s.add(fmt.Sprint(status, " to ", where), &upstreams.Fault{Send: upstreams.Raw(status, body, "Location: "+where, "Refresh: 0; url="+where)}, nil)
		}
	}
	s.run(t, h)
	expectCount(t, "requests to the redirect's target", int(redirected.Load()), 0)
}
