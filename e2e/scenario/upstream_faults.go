package scenario

import (
	"crypto/tls"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// UpstreamFaults: every fault of an upstream, played over real sockets.
var UpstreamFaults = []Scenario{
	{Name: "whatever the upstream does, known callers go on and nobody else gets in", Run: everyFault},
	{Name: "a 429 is passed on with a Retry-After that makes sense", Run: everyRetryAfter},
	{Name: "a redirect is followed by nobody", Run: everyRedirect},
	{Name: "a certificate that is not the upstream's gets no credential", Run: everyCertificate},
	{Name: "a name that does not resolve, and a slow upstream", Run: unresolvedAndSlow},
}

// faultTimeout is the time that a verification has in these scenarios, and
// troubleMargin what the machine may need beside it.
const (
	faultTimeout = 700 * time.Millisecond
	faultMargin  = 2 * time.Second
)

// faultCase is one fault, with a front, a route, a known and a late user of its own.
type faultCase struct {
	name        string
	fault       *upstreams.Fault
	proxy       *upstreams.FaultProxy
	route       string
	known, late string            // tokens
	status      int               // what the late user gets meanwhile
	retryAfter  string            // Retry-After; empty: 10
	leaked      func(name string) // told if the credential was sent; nil: it may be
}

// faultSuite are played on one upstream.
type faultSuite struct {
	up  *upstreams.WebService
	all []*faultCase
}

const allowBody = `{"IsSuccess":true,"Data":{"UserName":"` + Marker + `intruder"}}`

func newFaultSuite() *faultSuite { return &faultSuite{up: newWebService(nil)} }

func (p *faultSuite) add(name string, fault *upstreams.Fault, config *tls.Config) *faultCase {
	t := &faultCase{
		name: name, fault: fault, proxy: upstreams.NewFaultProxy(p.up.URL, config), route: fmt.Sprint("r", len(p.all)), status: 500,
		known: p.up.IssueToken(upstreams.User{UserName: Marker + "known"}),
		late:  p.up.IssueToken(upstreams.User{UserName: Marker + "late"}),
	}
	p.all = append(p.all, t)
	return t
}

func (p *faultSuite) close() {
	for _, t := range p.all {
		t.proxy.Close()
	}
	p.up.Close()
}

// run serves all routes at once and plays the faults side by side.
func (p *faultSuite) run(t *testing.T, h *Harness, more ...any) {
	defer p.close()
	routes := Routes{}
	for _, x := range p.all {
		keys := append([]any{"path", p.up.Path(), "timeout", faultTimeout.String()}, more...)
		routes[x.route] = routeConfig("bearer", "webservice", x.proxy.URL, keys...)
	}
	h.Serve(routes)
	room := make(chan bool, 8)
	var all sync.WaitGroup
	for _, x := range p.all {
		room <- true
		all.Go(func() {
			x.run(t, h, p.up)
			<-room
		})
	}
	all.Wait()
}

// run: a user is let in; the fault begins, and a late user gets an error in
// time, while the known one goes on without a call; the fault ends, and the
// late user gets in, so that nothing of it was kept.
func (x *faultCase) run(t *testing.T, h *Harness, up *upstreams.WebService) {
	fail := func(format string, args ...any) { t.Errorf(x.name+": "+format, args...) }
	known := func() {
		begun := time.Now()
		r, err := h.Try(Request{Route: x.route, Headers: []string{bearer(x.known)}})
		h.Counters.recordLatency(time.Since(begun))
		if !h.Counters.accepted(r, err, Marker+"known") {
			fail("the known user: %d %v", r.Status, err)
		}
	}
	late := func() (Response, time.Duration) {
		begun := time.Now()
		r, err := h.Try(Request{Route: x.route, Headers: []string{bearer(x.late)}})
		if err != nil {
			fail("%v", err)
		}
		return r, time.Since(begun)
	}
	known()
	x.proxy.Inject(x.fault)
	r, waited := late()
	if !h.Counters.rejected(r, nil) || r.Status != x.status {
		fail("the late user: %d %s, want %d", r.Status, r.Body, x.status)
	}
	if waited > faultTimeout+faultMargin {
		fail("it took %s", waited)
	}
	wait := x.retryAfter
	if wait == "" {
		wait = "10"
	}
	if got := r.Header.Get("Retry-After"); got != wait {
		fail("Retry-After %q, want %q", got, wait)
	}
	if x.leaked != nil && x.proxy.Received(x.late) {
		x.leaked(x.name)
	}
	known()
	x.checkRecovery(fail, h, up, late)
	expectCount(t, x.name+": for the known user", up.CallsWith(x.known), 1)
}

// checkRecovery ends the fault. An error is not kept; a 429 is, as long as it says.
func (x *faultCase) checkRecovery(fail func(string, ...any), h *Harness, up *upstreams.WebService, late func() (Response, time.Duration)) {
	x.proxy.Inject(nil)
	r, _ := late()
	if x.status == 429 {
		if r.Status != 429 || x.proxy.Received(x.late) || up.CallsWith(x.late) > 0 {
			fail("while it cools down: %d", r.Status)
		}
		return
	}
	if !h.Counters.accepted(r, nil, Marker+"late") || up.CallsWith(x.late) != 1 {
		fail("the late user, afterwards: %d %s, %d calls", r.Status, r.Body, up.CallsWith(x.late))
	}
}

func everyFault(t *testing.T, h *Harness) {
	p := newFaultSuite()
	faults := upstreams.Faults(allowBody)
	for name, body := range upstreams.OddBodies("IsSuccess", allowBody[len(`{"IsSuccess":true`):]) {
		faults["a body: "+name] = &upstreams.Fault{Send: upstreams.Raw(200, body)}
	}
	for _, name := range slices.Sorted(maps.Keys(faults)) {
		p.add(name, faults[name], nil)
	}
	p.run(t, h)
}

func everyRetryAfter(t *testing.T, h *Harness) {
	p := newFaultSuite()
	date := time.Now().Add(2 * time.Hour).UTC().Format(http.TimeFormat)
	past := time.Now().Add(-2 * time.Hour).UTC().Format(http.TimeFormat)
	for said, wait := range map[string]string{
		"7": "7", date: "3600", past: "1", "0": "1", "-1": "1", "3601": "3600", "99999999999999999999": "3600",
		"soon": "60", "": "60", "1.5": "60", "7, 8": "60",
	} {
		reply := upstreams.Raw(429, "<html>", "Retry-After: "+said)
		if said == "" {
			reply = upstreams.Raw(429, "<html>")
		}
		x := p.add("Retry-After: "+said, &upstreams.Fault{Send: reply}, nil)
		x.status, x.retryAfter = 429, wait
	}
	p.run(t, h)
}

func everyRedirect(t *testing.T, h *Harness) {
	var trapped atomic.Int64
	trap := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		trapped.Add(1)
		_, _ = w.Write([]byte(allowBody))
	}))
	defer trap.Close()
	p := newFaultSuite()
	for status := 300; status <= 308; status++ {
		body := allowBody
		if status == 304 {
			body = "" // Go's client writes to the log what nobody asked for
		}
		for _, where := range []string{trap.URL + "/", "//" + trap.Listener.Addr().String() + "/"} {
			p.add(fmt.Sprint(status, " to ", where), &upstreams.Fault{Send: upstreams.Raw(status, body, "Location: "+where, "Refresh: 0; url="+where)}, nil)
		}
	}
	p.run(t, h)
	expectCount(t, "to where a redirect leads", int(trapped.Load()), 0)
}
