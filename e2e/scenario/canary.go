package scenario

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Canaries: when an upstream's yes is believed, and what happens to many who wait
// for it.
var Canaries = []Scenario{
	{Name: "a bare key is believed where the key is read first", Run: bareKeyCheckedFirst},
	{Name: "a bare key is not believed where the body is read first", Run: bareKeyBodyFirst},
	{Name: "a path that is open to anybody lets nobody in", Run: openPath},
	{Name: "a distrusted upstream is asked again and heals", Run: distrustRecovers, NeedsClock: true},
	{Name: "an upstream that cannot be asked about the canary is not believed", Run: canaryUnavailable},
	{Name: "500 callers with one unknown credential make one call", Run: manyCallers},
	{Name: "the first caller leaves and the others are answered", Run: firstLeaves},
	{Name: "an outage is nobody's refusal, and known callers go on", Run: outageOfKnown},
}

func bareKeyCheckedFirst(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": routeConfig("applicationKey", "thammasat", up.URL)})
	h.Expect(200, Request{Route: "r", Headers: []string{key(goodKey)}})
	h.Expect(200, Request{Route: "r", Headers: []string{key(otherKey)}})
	h.Expect(403, Request{Route: "r", Headers: []string{key(Marker + "bad")}})
	expectCount(t, "three keys and one canary", up.Calls(), 4)
}

func bareKeyBodyFirst(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	up.BodyFirst(true)
	up.AddAccount(upstreams.Account{User: "probe", Password: password, Type: "employee"})
	h.Serve(Routes{
		"bare":  routeConfig("applicationKey", "thammasat", up.URL),
		"probe": routeConfig("applicationKey", "thammasat", up.URL, "probe", map[string]any{"username": "probe", "password": "env:UPSTREAMAUTH_PROBE"}),
	})
	for range 3 {
		h.Expect(500, Request{Route: "bare", Headers: []string{key(goodKey)}})
		h.Expect(500, Request{Route: "bare", Headers: []string{key(Marker + "bad")}})
	}
	expectCount(t, "distrusted: two calls and no more", up.Calls(), 2)
	waitFor(t, "the distrust is in the log", func() bool {
		return strings.Contains(h.Logs(), "set probe or account")
	})
	said := 0
	for _, line := range strings.Split(h.Logs(), "\n") {
		if strings.Contains(line, `distrusted`) && strings.Contains(line, "set probe or account") {
			said++
		}
	}
	expectCount(t, "log lines that say what to set", said, 1)
	h.Expect(200, Request{Route: "probe", Headers: []string{key(goodKey)}})
	h.Expect(403, Request{Route: "probe", Headers: []string{key(Marker + "bad")}})
}

func openPath(t *testing.T, h *Harness) {
	up := newBTS(h.Clock())
	defer up.Close()
	up.Open("/v1/open")
	token := up.IssueToken(Marker + "courier")
	config := routeConfig("bearer", "bts", up.URL, "path", "/v1/open")
	h.Serve(Routes{"r": config})
	for range 3 {
		h.Expect(500, Request{Route: "r", Headers: []string{bearer(Marker + "anything")}})
		h.Expect(500, Request{Route: "r", Headers: []string{bearer(token)}})
	}
	if calls := up.Calls(); calls > 3 {
		t.Errorf("%d calls to a distrusted upstream", calls)
	}
	h.Serve(Routes{"r": routeConfig("bearer", "bts", up.URL, "path", upstreams.BTSStatusPath)})
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
	h.Expect(401, Request{Route: "r", Headers: []string{bearer(Marker + "anything")}})
}

func distrustRecovers(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	token := up.IssueToken(upstreams.User{UserName: Marker + "client"})
	up.AnswerAll(&upstreams.Reply{Status: 200, Body: `{"IsSuccess":true,"Data":{}}`})
	h.Serve(Routes{"r": routeConfig("bearer", "webservice", up.URL, "path", up.Path())})
	h.Expect(500, Request{Route: "r", Headers: []string{bearer(token)}})
	up.AnswerAll(nil)
	calls := up.Calls()
	h.Clock().Advance(50 * time.Second)
	h.Expect(500, Request{Route: "r", Headers: []string{bearer(token)}})
	expectCount(t, "left alone for a minute", up.Calls(), calls)
	h.Clock().Advance(10 * time.Second)
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
	expectCount(t, "the question and the canary", up.Calls(), calls+2)
	// Trusted for good: no canary any more, and a proxy's 200 is not noticed.
	other := up.IssueToken(upstreams.User{UserName: Marker + "other"})
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(other)}})
	expectCount(t, "trusted", up.Calls(), calls+3)
	waitFor(t, "the change of mind is in the log", func() bool {
		return strings.Contains(h.Logs(), `"event":"trusted"`)
	})
}

func canaryUnavailable(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	token := Marker + "scripted"
	up.AnswerAll(&upstreams.Reply{Status: 503, Body: `{"status":"error","message":"down","code":503}`})
	h.Serve(Routes{"r": routeConfig("bearer", "webservice", up.URL, "path", up.Path())})
	r := h.Expect(500, Request{Route: "r", Headers: []string{bearer(token)}})
	expectEqual(t, "Retry-After", r.Header.Get("Retry-After"), "10")
	up.AnswerAll(nil)
	up.AddToken(token, upstreams.User{UserName: Marker + "client"})
	// The canary of the first request may still be under way, and whoever comes
	// meanwhile shares its outcome.
	waitFor(t, "it is believed once it can be asked", func() bool {
		return h.Get("r", bearer(token)).Status == 200
	})
}

func manyCallers(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	token := up.IssueToken(upstreams.User{UserName: Marker + "client"})
	h.Serve(Routes{"r": routeConfig("bearer", "webservice", up.URL, "path", up.Path(), "timeout", "20s")})
	release := up.Hold()
	statuses := make(chan int, 500)
	var sent sync.WaitGroup
	for range 500 {
		sent.Go(func() {
			r, err := h.Try(Request{Route: "r", Headers: []string{bearer(token)}})
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
	expectCount(t, "good answers", good, 500)
	expectCount(t, "verifications", up.CallsWith(token), 1)
}

func outageOfKnown(t *testing.T, h *Harness) {
	up := newIPPanel(h.Clock())
	defer up.Close()
	known, unknown := up.IssueToken(Marker+"ali"), up.IssueToken(Marker+"ali")
	config := routeConfig("bearer", "ippanel", up.URL, "timeout", "1s")
	h.Serve(Routes{"r": config, "own": with(config, "errors", map[string]any{"unavailable": "503"})})
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(known)}})
	up.AnswerAll(&upstreams.Reply{Status: 200, Body: `{"data":null}`, Delay: 1500 * time.Millisecond})
	for range 2 {
		r := h.Expect(500, Request{Route: "r", Headers: []string{bearer(unknown)}})
		expectEqual(t, "body", r.Body, `{"data":null,"meta":{"status":false,"message":"The authentication service could not be asked. Try again later.","message_parameters":[],"message_code":"500-1","errors":{}}}`)
		expectEqual(t, "Retry-After", r.Header.Get("Retry-After"), "10")
		h.Expect(503, Request{Route: "own", Headers: []string{bearer(unknown)}})
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(known)}})
	}
	up.AnswerAll(nil)
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(unknown)}})
	said := strings.Count(h.Logs(), `"event":"outage"`)
	expectCount(t, "log lines about one outage", said, 1)
}
