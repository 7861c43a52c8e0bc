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

// Troubles: every fault of an upstream, played over real sockets.
var Troubles = []Scenario{
	{Name: "whatever the upstream does, known callers go on and nobody else gets in", Play: everyFault},
	{Name: "a 429 is passed on with a Retry-After that makes sense", Play: everyRetryAfter},
	{Name: "a redirect is followed by nobody", Play: everyRedirect},
	{Name: "a certificate that is not the upstream's gets no credential", Play: everyCertificate},
	{Name: "a name that does not resolve, and a slow upstream", Play: farAway},
}

// troubleTimeout is the time that a verification has in these scenarios, and
// troubleMargin what the machine may need beside it.
const (
	troubleTimeout = 700 * time.Millisecond
	troubleMargin  = 2 * time.Second
)

// trouble is one fault, with a front, a route, a known and a late user of its own.
type trouble struct {
	name        string
	fault       *upstreams.Fault
	front       *upstreams.Front
	route       string
	known, late string            // tokens
	status      int               // what the late user gets meanwhile
	wait        string            // Retry-After; empty: 10
	leaked      func(name string) // told if the credential was sent; nil: it may be
}

// troubles are played on one upstream.
type troubles struct {
	up  *upstreams.WebService
	all []*trouble
}

const yesBody = `{"IsSuccess":true,"Data":{"UserName":"` + Marker + `intruder"}}`

func newTroubles() *troubles { return &troubles{up: service(nil)} }

func (p *troubles) add(name string, fault *upstreams.Fault, config *tls.Config) *trouble {
	t := &trouble{
		name: name, fault: fault, front: upstreams.NewFront(p.up.URL, config), route: fmt.Sprint("r", len(p.all)), status: 500,
		known: p.up.IssueToken(upstreams.User{UserName: Marker + "known"}),
		late:  p.up.IssueToken(upstreams.User{UserName: Marker + "late"}),
	}
	p.all = append(p.all, t)
	return t
}

func (p *troubles) close() {
	for _, t := range p.all {
		t.front.Close()
	}
	p.up.Close()
}

// play serves all routes at once and plays the faults side by side.
func (p *troubles) play(t *testing.T, g *Gate, more ...any) {
	defer p.close()
	routes := Routes{}
	for _, x := range p.all {
		keys := append([]any{"path", p.up.Path(), "timeout", troubleTimeout.String()}, more...)
		routes[x.route] = block("bearer", "webservice", x.front.URL, keys...)
	}
	g.Serve(routes)
	room := make(chan bool, 8)
	var all sync.WaitGroup
	for _, x := range p.all {
		room <- true
		all.Go(func() {
			x.play(t, g, p.up)
			<-room
		})
	}
	all.Wait()
}

// play: a user is let in; the fault begins, and a late user gets an error in
// time, while the known one goes on without a call; the fault ends, and the
// late user gets in, so that nothing of it was kept.
func (x *trouble) play(t *testing.T, g *Gate, up *upstreams.WebService) {
	fail := func(format string, args ...any) { t.Errorf(x.name+": "+format, args...) }
	known := func() {
		begun := time.Now()
		r, err := g.Try(Call{Route: x.route, Lines: []string{bearer(x.known)}})
		g.Tally.known(time.Since(begun))
		if !g.Tally.good(r, err, Marker+"known") {
			fail("the known user: %d %v", r.Status, err)
		}
	}
	late := func() (Reply, time.Duration) {
		begun := time.Now()
		r, err := g.Try(Call{Route: x.route, Lines: []string{bearer(x.late)}})
		if err != nil {
			fail("%v", err)
		}
		return r, time.Since(begun)
	}
	known()
	x.front.Play(x.fault)
	r, waited := late()
	if !g.Tally.bad(r, nil) || r.Status != x.status {
		fail("the late user: %d %s, want %d", r.Status, r.Body, x.status)
	}
	if waited > troubleTimeout+troubleMargin {
		fail("it took %s", waited)
	}
	wait := x.wait
	if wait == "" {
		wait = "10"
	}
	if got := r.Header.Get("Retry-After"); got != wait {
		fail("Retry-After %q, want %q", got, wait)
	}
	if x.leaked != nil && x.front.Received(x.late) {
		x.leaked(x.name)
	}
	known()
	x.after(fail, g, up, late)
	counts(t, x.name+": for the known user", up.CallsWith(x.known), 1)
}

// after ends the fault. An error is not kept; a 429 is, as long as it says.
func (x *trouble) after(fail func(string, ...any), g *Gate, up *upstreams.WebService, late func() (Reply, time.Duration)) {
	x.front.Play(nil)
	r, _ := late()
	if x.status == 429 {
		if r.Status != 429 || x.front.Received(x.late) || up.CallsWith(x.late) > 0 {
			fail("while it cools down: %d", r.Status)
		}
		return
	}
	if !g.Tally.good(r, nil, Marker+"late") || up.CallsWith(x.late) != 1 {
		fail("the late user, afterwards: %d %s, %d calls", r.Status, r.Body, up.CallsWith(x.late))
	}
}

func everyFault(t *testing.T, g *Gate) {
	p := newTroubles()
	faults := upstreams.Faults(yesBody)
	for name, body := range upstreams.OddBodies("IsSuccess", yesBody[len(`{"IsSuccess":true`):]) {
		faults["a body: "+name] = &upstreams.Fault{Send: upstreams.Raw(200, body)}
	}
	for _, name := range slices.Sorted(maps.Keys(faults)) {
		p.add(name, faults[name], nil)
	}
	p.play(t, g)
}

func everyRetryAfter(t *testing.T, g *Gate) {
	p := newTroubles()
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
		x.status, x.wait = 429, wait
	}
	p.play(t, g)
}

func everyRedirect(t *testing.T, g *Gate) {
	var trapped atomic.Int64
	trap := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		trapped.Add(1)
		_, _ = w.Write([]byte(yesBody))
	}))
	defer trap.Close()
	p := newTroubles()
	for status := 300; status <= 308; status++ {
		body := yesBody
		if status == 304 {
			body = "" // Go's client writes to the log what nobody asked for
		}
		for _, where := range []string{trap.URL + "/", "//" + trap.Listener.Addr().String() + "/"} {
			p.add(fmt.Sprint(status, " to ", where), &upstreams.Fault{Send: upstreams.Raw(status, body, "Location: "+where, "Refresh: 0; url="+where)}, nil)
		}
	}
	p.play(t, g)
	counts(t, "to where a redirect leads", int(trapped.Load()), 0)
}
