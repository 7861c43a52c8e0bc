package scenario

import (
	"crypto/tls"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
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

// faultTimeout is the timeout of a lookup where an upstream hangs, and faultMargin what the
// machine may need in addition. All other faults end a lookup by themselves.
const (
	faultTimeout = 1500 * time.Millisecond
	faultMargin  = 2 * time.Second
)

// faultCase is one fault, with a proxy, a route, a cached and new users of its own.
type faultCase struct {
	name         string
	fault        *upstreams.Fault
	proxy        *upstreams.FaultProxy
	route        string
	cached, late string            // tokens; late is the new user's who was asked about last
	status       int               // of the response to the new user meanwhile
	retryAfter   string            // of that response; empty: 10
	leaked       func(name string) // called if the credential was sent; nil: it may be
	asked        time.Time         // when the new user was asked about last, by the level's clock
}

// hangs tells whether only the timeout ends a lookup.
func (c *faultCase) hangs() bool { return c.fault.Hold || c.fault.Unread || c.fault.Drip }

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
		timeout := "20s"
		if c.hangs() {
			timeout = faultTimeout.String()
		}
		keys := append([]any{"path", s.up.Path(), "timeout", timeout}, more...)
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
	calls := 1
	if c.hangs() {
		calls = c.allowOne(h, up)
	}
	expectCached()
	c.proxy.Inject(c.fault)
	c.askMeanwhile(fail, h, up)
	expectCached()
	c.checkRecovery(fail, h, up)
	expectCount(t, c.name+": calls for the cached user", up.CallsWith(c.cached), calls)
}

// allowOne has the cached user allowed where the timeout is short, which a busy machine may
// exceed at first, and returns the number of calls.
func (c *faultCase) allowOne(h *Harness, up *upstreams.WebService) (calls int) {
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		r, err := h.Try(Request{Route: c.route, Headers: []string{bearer(c.cached)}})
		if err == nil && r.Status == 200 {
			break
		}
		h.Advance(200 * time.Millisecond)
	}
	return up.CallsWith(c.cached)
}

// ask sends a request of the new user.
func (c *faultCase) ask(fail func(string, ...any), h *Harness) Response {
	r, err := h.Try(Request{Route: c.route, Headers: []string{bearer(c.late)}})
	if err != nil {
		fail("%v", err)
	}
	return r
}

// askMeanwhile expects an error in time. Where the machine took longer, another new user is
// next.
func (c *faultCase) askMeanwhile(fail func(string, ...any), h *Harness, up *upstreams.WebService) {
	wait := c.retryAfter
	if wait == "" {
		wait = "10"
	}
	var waited time.Duration
	for range 3 {
		c.late, c.asked = issueToken(up, "late"), clockOf(h)
		begun := time.Now()
		r := c.ask(fail, h)
		waited = time.Since(begun)
		if !h.Counters.rejected(r, nil) || r.Status != c.status {
			fail("the new user: %d %s, want %d", r.Status, r.Body, c.status)
		}
		if got := r.Header.Get("Retry-After"); got != wait {
			fail("Retry-After %q, want %q", got, wait)
		}
		if c.leaked != nil && c.proxy.Received(c.late) {
			c.leaked(c.name)
		}
		if waited <= faultTimeout+faultMargin {
			return
		}
	}
	fail("the error took %s", waited)
}

// checkRecovery ends the fault. An error is not cached; a 429 is, for as long as its
// Retry-After.
func (c *faultCase) checkRecovery(fail func(string, ...any), h *Harness, up *upstreams.WebService) {
	c.proxy.Inject(nil)
	r := c.ask(fail, h)
	if c.status == 429 {
		seconds, _ := strconv.Atoi(c.retryAfter)
		for tries := 1; tries < 5 && clockOf(h).Sub(c.asked) >= time.Duration(seconds)*time.Second; tries++ { // it may be over
			c.proxy.Inject(c.fault)
			c.askMeanwhile(fail, h, up)
			c.proxy.Inject(nil)
			r = c.ask(fail, h)
		}
		if r.Status != 429 || c.proxy.Received(c.late) || up.CallsWith(c.late) > 0 {
			fail("while it is rate-limited: %d", r.Status)
		}
		return
	}
	// A credential without an answer is not asked about again for a second.
	tries := 1
	for end := time.Now().Add(30 * time.Second); r.Status == c.status && time.Now().Before(end); tries++ {
		h.Advance(200 * time.Millisecond)
		time.Sleep(time.Millisecond)
		r = c.ask(fail, h)
	}
	if !c.hangs() {
		tries = 1 // no lookup is cut off
	}
	calls := up.CallsWith(c.late)
	if !h.Counters.accepted(r, nil, Marker+"late") || calls < 1 || calls > tries {
		fail("the new user, afterwards: %d %s, %d calls", r.Status, r.Body, calls)
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
