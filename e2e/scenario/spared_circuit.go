package scenario

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Circuits: an upstream that is plainly down is left alone.
var Circuits = []Scenario{
	{Name: "five faults in a row open the circuit of that upstream, and one trial closes it", Play: circuitOpens},
	{Name: "one odd token at which the upstream stumbles opens nothing", Play: oddToken},
	{Name: "refusals and undocumented replies open nothing", Play: noOutage},
}

func circuitOpens(t *testing.T, g *Gate) {
	up, healthy := service(g.Clock()), service(g.Clock())
	defer up.Close()
	defer healthy.Close()
	known := Call{Route: "r", Lines: []string{bearer(up.IssueToken(upstreams.User{UserName: Marker + "client"}))}}
	g.Serve(Routes{
		"r":     block("bearer", "webservice", up.URL, "path", up.Path()),
		"other": block("bearer", "webservice", healthy.URL, "path", healthy.Path()),
	})
	g.Known(known)
	calls := up.Calls()
	up.AnswerAll(&upstreams.Reply{Status: 503, Body: "<html>"})
	for i := range 5 {
		g.Expect(500, Call{Route: "r", Lines: []string{bearer(fmt.Sprint(Marker, "junk", i))}})
	}
	opened := time.Now()
	counts(t, "until it opens", up.Calls(), calls+5)
	r := g.Expect(500, Call{Route: "r", Lines: []string{bearer(Marker + "late")}})
	retryAfter(t, r, 8, 10)
	g.Known(known)
	g.Expect(200, Call{Route: "other", Lines: []string{bearer(healthy.IssueToken(upstreams.User{UserName: Marker + "x"}))}})
	counts(t, "while it is open", up.Calls(), calls+5)
	up.AnswerAll(nil)
	g.Pass(10*time.Second - time.Since(opened) + 100*time.Millisecond)

	release := up.Hold()
	var crowd sync.WaitGroup
	var in, out atomic.Int64
	for i := range 20 {
		token := up.IssueToken(upstreams.User{UserName: fmt.Sprint(Marker, "client", i)})
		crowd.Go(func() {
			r, err := g.Try(Call{Route: "r", Lines: []string{bearer(token)}})
			if err == nil && r.Status == 200 {
				in.Add(1)
			}
			if err == nil && r.Status == 500 && r.Header.Get("Retry-After") == "1" {
				out.Add(1)
			}
		})
	}
	until(t, "all but the trial have their answer", func() bool { return out.Load() == 19 })
	counts(t, "one trial", up.Calls(), calls+6)
	release()
	crowd.Wait()
	counts(t, "let in by the trial", int(in.Load()), 1)
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(up.IssueToken(upstreams.User{UserName: Marker + "late"}))}})
	for _, event := range []string{"circuit open", "circuit closed"} {
		until(t, event, func() bool { return strings.Contains(g.Logs(), `"event":"`+event+`"`) })
		counts(t, event, strings.Count(g.Logs(), `"event":"`+event+`"`), 1)
	}
}

func oddToken(t *testing.T, g *Gate) {
	up := service(g.Clock())
	defer up.Close()
	g.Serve(Routes{"r": block("bearer", "webservice", up.URL, "path", up.Path())})
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(up.IssueToken(upstreams.User{UserName: Marker + "client"}))}})
	odd := Marker + "odd"
	up.Answer(odd, upstreams.Reply{Status: 500, Body: "{}"})
	for range 12 {
		g.Expect(500, Call{Route: "r", Lines: []string{bearer(odd)}})
	}
	counts(t, "the odd token", up.CallsWith(odd), 12)
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(up.IssueToken(upstreams.User{UserName: Marker + "other"}))}})
}

func noOutage(t *testing.T, g *Gate) {
	up := service(g.Clock())
	defer up.Close()
	g.Serve(Routes{"r": block("bearer", "webservice", up.URL, "path", up.Path())})
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(up.IssueToken(upstreams.User{UserName: Marker + "client"}))}})
	calls := up.Calls()
	for i := range 8 {
		g.Expect(401, Call{Route: "r", Lines: []string{bearer(fmt.Sprint(Marker, "refused", i))}})
	}
	up.AnswerAll(&upstreams.Reply{Status: 200, Body: "<html>"})
	for i := range 8 {
		g.Expect(500, Call{Route: "r", Lines: []string{bearer(fmt.Sprint(Marker, "odd", i))}})
	}
	up.AnswerAll(&upstreams.Reply{Status: 302, Header: map[string]string{"Location": "/login"}})
	for i := range 8 {
		g.Expect(500, Call{Route: "r", Lines: []string{bearer(fmt.Sprint(Marker, "sent", i))}})
	}
	counts(t, "every one is asked about", up.Calls(), calls+24)
}
