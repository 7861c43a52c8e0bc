package scenario

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Regressions: mistakes that the plugin once made.
var Regressions = []Scenario{
	{Name: "an upstream that denies every credential alike is not trusted for it", Run: uniformRefusal},
	{Name: "a route keeps its own timeout while it waits for another route's lookup", Run: timeoutPerRoute},
	{Name: "no more than 64 lookups are under way at a time, and cached callers are served", Run: saturated},
	{Name: "no configured status turns an outage into a denial", Run: outageNeverDenies},
	{Name: "a status that the operator maps to 429 has a Retry-After", Run: mappedToRateLimit},
	{Name: "a clock that is set back extends no cached answer", Run: clockSetBack, NeedsClock: true},
	{Name: "a new lookup for one route does not extend the lifetime on another", Run: firstSeenStays, NeedsClock: true},
	{Name: "a shared scope logs under the route that joined it last", Run: newestReports},
	{Name: "expired tokens do not evict a rate limit", Run: rateLimitKept},
}

// uniformRefusal: a path without authentication that denies every request at this
// hour is not trusted for it, because it would allow every request later.
func uniformRefusal(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": webServiceConfig(up)})
	up.AnswerAll(&upstreams.Reply{Status: 200, Body: `{"IsSuccess":false,"Msg":{"Code":-203,"Msg":"night"}}`})
	h.Expect(403, Request{Route: "r", Headers: []string{bearer(Marker + "invalid1")}})
	up.AnswerAll(&upstreams.Reply{Status: 200, Body: `{"IsSuccess":true,"Data":{}}`})
	h.Expect(500, Request{Route: "r", Headers: []string{bearer(Marker + "invalid2")}})
	h.Expect(500, Request{Route: "r", Headers: []string{bearer(Marker + "invalid3")}})
}

func timeoutPerRoute(_ *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{
		"short": webServiceConfig(up, "timeout", "200ms"),
		"long":  webServiceConfig(up, "timeout", "20s"),
	})
	h.Expect(200, Request{Route: "long", Headers: []string{bearer(issueToken(up, "first"))}}) // trusted from here on
	h.again(func(h *Harness, _ int, by func(deadline time.Time)) {
		token := issueToken(up, "client")
		release := up.Hold()
		var both sync.WaitGroup
		defer both.Wait()
		defer release()
		shortEnds := make(chan struct{})
		by(clockOf(h).Add(3 * time.Second))
		both.Go(func() {
			defer close(shortEnds)
			if r, err := h.Try(Request{Route: "short", Headers: []string{bearer(token)}}); err != nil || r.Status != 500 {
				h.t.Errorf("the short route: %d, %v", r.Status, err)
			}
		})
		waitFor(h.t, "the lookup has begun", func() bool { return up.CallsWith(token) == 1 })
		both.Go(func() { // it joins the short route's lookup
			if r, err := h.Try(Request{Route: "long", Headers: []string{bearer(token)}}); err != nil || r.Status != 200 {
				h.t.Errorf("the long route: %d %v", r.Status, err)
			}
		})
		<-shortEnds
		by(time.Time{})
		time.Sleep(400 * time.Millisecond) // the long route's request waits as well by then
		release()
		both.Wait()
		expectCount(h.t, "calls for both", up.CallsWith(token), 1)
	})
}

func saturated(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	cached := issueToken(up, "client")
	h.Serve(Routes{"r": webServiceConfig(up, "timeout", "20s")})
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(cached)}})
	calls := up.Calls()
	release := up.Hold()
	var callers sync.WaitGroup
	for i := range 70 {
		callers.Go(func() {
			r, err := h.Try(Request{Route: "r", Headers: []string{bearer(fmt.Sprint(Marker, "invalid", i))}, From: fmt.Sprint("127.0.1.", i+1)})
			if err != nil || r.Status != 401 {
				t.Errorf("one of the 70: status %d, %v", r.Status, err)
			}
		})
	}
	waitFor(t, "64 lookups are under way", func() bool { return up.Calls() == calls+64 })
	time.Sleep(200 * time.Millisecond)
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(cached)}})
	expectCount(t, "calls", up.Calls(), calls+64)
	release()
	callers.Wait()
	expectCount(t, "calls for all", up.Calls(), calls+70)
}

func outageNeverDenies(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	statuses := map[string]any{"403": "401", "500": "503", "502": "418", "429": "401"}
	config := routeConfig("basic", "thammasat", up.URL, "applicationKey", "env:UPSTREAMAUTH_TU_KEY")
	h.Serve(Routes{"r": with(config, "errors", map[string]any{"statuses": statuses})})
	// A trusted upstream first: while it is not, the canary's calls may come late, and
	// with them five failures in a row would open the circuit.
	h.Expect(200, Request{Route: "r", Headers: []string{basic(student, password)}})
	another := Request{Route: "r", Headers: []string{basic(Marker+"another", password)}}
	up.AnswerAll(&upstreams.Reply{Status: 403, Body: `{"message":"Application-Key Invalid!"}`})
	r := h.Expect(500, another)
	expectEqual(t, "challenge", len(r.Header["Www-Authenticate"]), 0)
	for _, pair := range [][2]int{{500, 503}, {502, 500}, {429, 429}} {
		upstream, client := pair[0], pair[1]
		up.AnswerAll(&upstreams.Reply{Status: upstream, Body: `{"status":false,"message":"x"}`})
		another = Request{Route: "r", Headers: []string{basic(fmt.Sprint(Marker, "another", upstream), password)}}
		h.Expect(client, another)
	}
}

func mappedToRateLimit(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	token := issueToken(up, "client")
	up.Fail(token, -105, "")
	h.Serve(Routes{"r": with(webServiceConfig(up), "errors", map[string]any{"statuses": map[string]any{"-105": "429"}})})
	r := h.Expect(429, Request{Route: "r", Headers: []string{bearer(token)}})
	expectEqual(t, "Retry-After", r.Header.Get("Retry-After"), "60")
}

func clockSetBack(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	token := issueToken(up, "client")
	h.Serve(Routes{"r": webServiceConfig(up, "lifetime", "1h")})
	h.Clock().Advance(5 * time.Hour)
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
	h.Clock().Advance(-4 * time.Hour)
	up.Answer(token, upstreams.Reply{Status: 401, Body: `{"status":"error","message":"no","code":401}`})
	h.Expect(401, Request{Route: "r", Headers: []string{bearer(token)}})
	h.Clock().Advance(-30 * time.Minute)
	up.Unscript(token)
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
}

func firstSeenStays(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	token := issueToken(up, "client")
	h.Serve(Routes{
		"short": webServiceConfig(up, "lifetime", "1h"),
		"long":  webServiceConfig(up, "lifetime", "3h"),
	})
	line := []string{bearer(token)}
	end := h.Expect(200, Request{Route: "long", Headers: line}).Seen.Header.Get("X-Auth-Expires")
	for range 2 {
		h.Clock().Advance(time.Hour)
		h.Expect(200, Request{Route: "short", Headers: line})
		r := h.Expect(200, Request{Route: "long", Headers: line})
		expectEqual(t, "X-Auth-Expires on the long route", r.Seen.Header.Get("X-Auth-Expires"), end)
	}
	expectCount(t, "calls for the short route", up.CallsWith(token), 3)
	h.Clock().Advance(30 * time.Minute)
	h.Expect(200, Request{Route: "long", Headers: line})
	expectCount(t, "calls for the long route", up.CallsWith(token), 3)
	h.Clock().Advance(30 * time.Minute)
	h.Expect(200, Request{Route: "long", Headers: line})
	expectCount(t, "calls after the end", up.CallsWith(token), 4)
}

// newestReports: the scope stays when the route that created it is renamed.
func newestReports(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	token := issueToken(up, "client")
	config := webServiceConfig(up)
	h.Serve(Routes{"old": config})
	h.Expect(200, Request{Route: "old", Headers: []string{bearer(token)}})
	h.Serve(Routes{"new": config})
	h.Expect(200, Request{Route: "new", Headers: []string{bearer(token)}})
	expectCount(t, "calls of one scope", up.CallsWith(token), 1)
	up.AnswerAll(&upstreams.Reply{Status: 502, Body: "{}"})
	h.Expect(500, Request{Route: "new", Headers: []string{bearer(Marker + "invalid")}})
	waitFor(t, "the outage is logged under the new route's name", func() bool {
		logged := false
		for _, line := range strings.Split(h.Logs(), "\n") {
			if strings.Contains(line, `"event":"outage"`) {
				logged = strings.Contains(line, `"middleware":"new@file"`)
			}
		}
		return logged
	})
}

func rateLimitKept(t *testing.T, h *Harness) {
	up := newBTS(h.Clock())
	defer up.Close()
	small := map[string]any{"negativeSize": "5"}
	h.Serve(Routes{"r": with(btsConfig(up), "cache", small)})
	token := up.IssueToken(Marker + "courier")
	up.Answer(token, upstreams.Reply{Status: 429, Header: map[string]string{"Retry-After": "3600"}, Body: `{}`})
	h.Expect(429, Request{Route: "r", Headers: []string{bearer(token)}})
	for i := range 10 {
		ended := up.Sign(map[string]any{"sub": fmt.Sprint(i), "exp": 1000})
		h.Expect(401, Request{Route: "r", Headers: []string{bearer(ended)}})
		h.Expect(401, Request{Route: "r", Headers: []string{bearer(fmt.Sprint(Marker, "invalid", i))}})
	}
	h.Expect(429, Request{Route: "r", Headers: []string{bearer(token)}})
	expectCount(t, "calls while it is rate-limited", up.CallsWith(token), 1)
}
