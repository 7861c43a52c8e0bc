package scenario

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Trust: when an upstream's yes is believed, and what happens to many who wait
// for it.
var Trust = []Scenario{
	{Name: "a bare key is believed where the key is read first", Play: keyFirst},
	{Name: "a bare key is not believed where the body is read first", Play: bodyFirst},
	{Name: "a path that is open to anybody lets nobody in", Play: openPath},
	{Name: "a distrusted upstream is asked again and heals", Play: heals, Moves: true},
	{Name: "an upstream that cannot be asked about the canary is not believed", Play: canaryUnavailable},
	{Name: "500 callers with one unknown credential make one call", Play: herd},
	{Name: "the first caller leaves and the others are answered", Play: firstLeaves},
	{Name: "an outage is nobody's refusal, and known callers go on", Play: outage},
}

func keyFirst(t *testing.T, g *Gate) {
	up := university(g.Clock())
	defer up.Close()
	g.Serve(Routes{"r": block("applicationKey", "thammasat", up.URL)})
	g.Expect(200, Call{Route: "r", Lines: []string{key(goodKey)}})
	g.Expect(200, Call{Route: "r", Lines: []string{key(otherKey)}})
	g.Expect(403, Call{Route: "r", Lines: []string{key(Marker + "bad")}})
	counts(t, "three keys and one canary", up.Calls(), 4)
}

func bodyFirst(t *testing.T, g *Gate) {
	up := university(g.Clock())
	defer up.Close()
	up.BodyFirst(true)
	up.AddAccount(upstreams.Account{User: "probe", Password: password, Type: "employee"})
	g.Serve(Routes{
		"bare":  block("applicationKey", "thammasat", up.URL),
		"probe": block("applicationKey", "thammasat", up.URL, "probe", map[string]any{"username": "probe", "password": "env:UPSTREAMAUTH_PROBE"}),
	})
	for range 3 {
		g.Expect(500, Call{Route: "bare", Lines: []string{key(goodKey)}})
		g.Expect(500, Call{Route: "bare", Lines: []string{key(Marker + "bad")}})
	}
	counts(t, "distrusted: two calls and no more", up.Calls(), 2)
	until(t, "the distrust is in the log", func() bool {
		return strings.Contains(g.Logs(), "set probe or account")
	})
	said := 0
	for _, line := range strings.Split(g.Logs(), "\n") {
		if strings.Contains(line, `distrusted`) && strings.Contains(line, "set probe or account") {
			said++
		}
	}
	counts(t, "log lines that say what to set", said, 1)
	g.Expect(200, Call{Route: "probe", Lines: []string{key(goodKey)}})
	g.Expect(403, Call{Route: "probe", Lines: []string{key(Marker + "bad")}})
}

func openPath(t *testing.T, g *Gate) {
	up := courier(g.Clock())
	defer up.Close()
	up.Open("/v1/open")
	token := up.IssueToken(Marker + "courier")
	config := block("bearer", "bts", up.URL, "path", "/v1/open")
	g.Serve(Routes{"r": config})
	for range 3 {
		g.Expect(500, Call{Route: "r", Lines: []string{bearer(Marker + "anything")}})
		g.Expect(500, Call{Route: "r", Lines: []string{bearer(token)}})
	}
	if calls := up.Calls(); calls > 3 {
		t.Errorf("%d calls to a distrusted upstream", calls)
	}
	g.Serve(Routes{"r": block("bearer", "bts", up.URL, "path", upstreams.BTSStatusPath)})
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(token)}})
	g.Expect(401, Call{Route: "r", Lines: []string{bearer(Marker + "anything")}})
}

func heals(t *testing.T, g *Gate) {
	up := service(g.Clock())
	defer up.Close()
	token := up.IssueToken(upstreams.User{UserName: Marker + "client"})
	up.AnswerAll(&upstreams.Reply{Status: 200, Body: `{"IsSuccess":true,"Data":{}}`})
	g.Serve(Routes{"r": block("bearer", "webservice", up.URL, "path", up.Path())})
	g.Expect(500, Call{Route: "r", Lines: []string{bearer(token)}})
	up.AnswerAll(nil)
	calls := up.Calls()
	g.Clock().Advance(50 * time.Second)
	g.Expect(500, Call{Route: "r", Lines: []string{bearer(token)}})
	counts(t, "left alone for a minute", up.Calls(), calls)
	g.Clock().Advance(10 * time.Second)
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(token)}})
	counts(t, "the question and the canary", up.Calls(), calls+2)
	// Trusted for good: no canary any more, and a proxy's 200 is not noticed.
	other := up.IssueToken(upstreams.User{UserName: Marker + "other"})
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(other)}})
	counts(t, "trusted", up.Calls(), calls+3)
	until(t, "the change of mind is in the log", func() bool {
		return strings.Contains(g.Logs(), `"event":"trusted"`)
	})
}

func canaryUnavailable(t *testing.T, g *Gate) {
	up := service(g.Clock())
	defer up.Close()
	token := Marker + "scripted"
	up.AnswerAll(&upstreams.Reply{Status: 503, Body: `{"status":"error","message":"down","code":503}`})
	g.Serve(Routes{"r": block("bearer", "webservice", up.URL, "path", up.Path())})
	r := g.Expect(500, Call{Route: "r", Lines: []string{bearer(token)}})
	same(t, "Retry-After", r.Header.Get("Retry-After"), "10")
	up.AnswerAll(nil)
	up.AddToken(token, upstreams.User{UserName: Marker + "client"})
	// The canary of the first request may still be under way, and whoever comes
	// meanwhile shares its outcome.
	until(t, "it is believed once it can be asked", func() bool {
		return g.Get("r", bearer(token)).Status == 200
	})
}

func herd(t *testing.T, g *Gate) {
	up := service(g.Clock())
	defer up.Close()
	token := up.IssueToken(upstreams.User{UserName: Marker + "client"})
	g.Serve(Routes{"r": block("bearer", "webservice", up.URL, "path", up.Path(), "timeout", "20s")})
	release := up.Hold()
	statuses := make(chan int, 500)
	var sent sync.WaitGroup
	for range 500 {
		sent.Go(func() {
			r, err := g.Try(Call{Route: "r", Lines: []string{bearer(token)}})
			if err != nil {
				t.Error(err)
			}
			statuses <- r.Status
		})
	}
	time.Sleep(1500 * time.Millisecond) // long enough for all to be waiting
	release()
	sent.Wait()
	good := 0
	for range 500 {
		if <-statuses == 200 {
			good++
		}
	}
	counts(t, "good answers", good, 500)
	counts(t, "verifications", up.CallsWith(token), 1)
}

func outage(t *testing.T, g *Gate) {
	up := panel(g.Clock())
	defer up.Close()
	known, unknown := up.IssueToken(Marker+"ali"), up.IssueToken(Marker+"ali")
	config := block("bearer", "ippanel", up.URL, "timeout", "1s")
	g.Serve(Routes{"r": config, "own": with(config, "errors", map[string]any{"unavailable": "503"})})
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(known)}})
	up.AnswerAll(&upstreams.Reply{Status: 200, Body: `{"data":null}`, Delay: 1500 * time.Millisecond})
	for range 2 {
		r := g.Expect(500, Call{Route: "r", Lines: []string{bearer(unknown)}})
		same(t, "body", r.Body, `{"data":null,"meta":{"status":false,"message":"The authentication service could not be asked. Try again later.","message_parameters":[],"message_code":"500-1","errors":{}}}`)
		same(t, "Retry-After", r.Header.Get("Retry-After"), "10")
		g.Expect(503, Call{Route: "own", Lines: []string{bearer(unknown)}})
		g.Expect(200, Call{Route: "r", Lines: []string{bearer(known)}})
	}
	up.AnswerAll(nil)
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(unknown)}})
	said := strings.Count(g.Logs(), `"event":"outage"`)
	counts(t, "log lines about one outage", said, 1)
}
