package scenario

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Status: the operator's own route, which shows what the gates do and has them forget.
var Status = []Scenario{
	{Name: "what happens is counted, by what each request got", Run: countedRequests},
	{Name: "counts outlive a reload, and a gate with a fault is shown", Run: countedAcrossReload},
	{Name: "a credential, an account and an API are forgotten, and nothing else", Run: forgotten},
	{Name: "a flight that began before a forget allows nobody", Run: forgottenMeanwhile},
	{Name: "a status route answers nobody without its token", Run: closedStatus},
	{Name: "a browser gets a form, and a cookie for its token", Run: statusCookie},
	{Name: "what is forgotten by whom is checked before anything is", Run: forgedForgets},
	{Name: "an upstream that accepts everything is shown as distrusted", Run: shownFaults},
	{Name: "an hour of minutes is remembered", Run: shownHour, NeedsClock: true},
}

// statusToken is what the variable says that configurations name: Traefik shows those.
var statusToken, _ = lookupEnv(Environment(), "UPSTREAMAUTH_SESSION")

func statusConfig(more ...any) map[string]any {
	return with(map[string]any{"mode": "status", "status": map[string]any{"token": "env:UPSTREAMAUTH_SESSION"}}, more...)
}

// statusOf asks a part of the route "status" by the token.
func (h *Harness) statusOf(t testing.TB, part string) string {
	t.Helper()
	r := h.Do(Request{Route: "status", Path: "/ops/" + part, Headers: []string{bearer(statusToken)}})
	if r.Status != 200 {
		t.Errorf("%s: %d %s", part, r.Status, r.Body)
	}
	ExpectNoMarker(t, r.Body)
	return r.Body
}

// metric is the value of a sample of an upstream; empty: there is none.
func (h *Harness) metric(t testing.TB, name, host, label string) string {
	t.Helper()
	for _, line := range strings.Split(h.statusOf(t, "metrics"), "\n") {
		if strings.HasPrefix(line, name+"{") && strings.Contains(line, `host="`+host+`"`) && strings.Contains(line, label) {
			_, value, _ := strings.Cut(line, "} ")
			return value
		}
	}
	return ""
}

// expectMetric compares one.
func (h *Harness) expectMetric(t testing.TB, name, host, label, want string) {
	t.Helper()
	if got := h.metric(t, name, host, label); got != want {
		t.Errorf("%s %s: %q, want %q", name, label, got, want)
	}
}

// expectOutcomes compares the requests to an upstream by their outcomes; those that are not
// named are 0.
func (h *Harness) expectOutcomes(t testing.TB, host string, want map[string]int) {
	t.Helper()
	for _, outcome := range []string{"hit", "stale", "miss", "refused", "refused_remembered", "missing", "malformed", "throttled", "unavailable", "anonymous"} {
		h.expectMetric(t, "upstreamauth_requests_total", host, `outcome="`+outcome+`"`, fmt.Sprint(want[outcome]))
	}
}

func hostOf(url string) string { return strings.TrimPrefix(url, "http://") }

func countedRequests(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	// At debug denials are not prebuilt.
	config := with(webServiceConfig(up), "log", "info", "optional", true)
	h.Serve(Routes{"r": config, "strict": with(webServiceConfig(up), "log", "info"), "status": statusConfig()})
	token := issueToken(up, "client")
	for range 5 {
		h.Expect(200, getRequest("r", bearer(token)))
	}
	for range 4 {
		h.Expect(401, getRequest("r", bearer("unknown")))
	}
	h.Expect(200, getRequest("r"))
	h.Expect(401, getRequest("strict"))
	h.Expect(400, getRequest("r", "Authorization: Bearer two words"))
	h.Expect(200, getRequest("r", bearer(token), "X-Never-Seen: before")) // not from what is prebuilt
	h.expectOutcomes(t, hostOf(up.URL), map[string]int{"miss": 1, "hit": 5, "refused": 1, "refused_remembered": 3, "anonymous": 1, "missing": 1, "malformed": 1})
	h.expectMetric(t, "upstreamauth_upstream_requests_total", hostOf(up.URL), `result="allow"`, "1")
	// The canary's call is one.
	h.expectMetric(t, "upstreamauth_upstream_requests_total", hostOf(up.URL), `result="deny"`, "2")
	h.expectMetric(t, "upstreamauth_upstream_request_duration_seconds_count", hostOf(up.URL), "", "3")
	h.expectMetric(t, "upstreamauth_cache_entries", hostOf(up.URL), `kind="allowed"`, "1")
	h.expectMetric(t, "upstreamauth_trusted", hostOf(up.URL), "", "1")
	h.expectMetric(t, "upstreamauth_circuit_open", hostOf(up.URL), "", "0")
	up.AnswerAll(&upstreams.Reply{Status: 503, Body: "away"})
	h.Expect(500, getRequest("r", bearer("another")))
	h.expectMetric(t, "upstreamauth_requests_total", hostOf(up.URL), `outcome="unavailable"`, "1")
	h.expectMetric(t, "upstreamauth_upstream_requests_total", hostOf(up.URL), `result="unavailable"`, "1")
}

func countedAcrossReload(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	routes := Routes{"r": webServiceConfig(up), "status": statusConfig()}
	h.Serve(routes)
	token := issueToken(up, "client")
	for range 3 {
		h.Expect(200, getRequest("r", bearer(token)))
	}
	routes["broken"] = map[string]any{"bearer": map[string]any{"api": "bts", "url": "<script>alert(1)</script>"}}
	h.Serve(routes)
	h.Expect(200, getRequest("r", bearer(token)))
	h.expectOutcomes(t, hostOf(up.URL), map[string]int{"miss": 1, "hit": 3})
	var shown struct {
		Gates []struct {
			Name   string
			Faults []string
		}
	}
	if err := json.Unmarshal([]byte(h.statusOf(t, "status")), &shown); err != nil {
		t.Fatal(err)
	}
	faulty := map[string]bool{}
	for _, g := range shown.Gates { // in a shared process those of others, which have just ended, too
		name, _, _ := strings.Cut(g.Name, "@")
		if routes[name] != nil {
			faulty[name] = len(g.Faults) > 0
		}
	}
	expectEqual(t, "the gates with a fault, or without", faulty, map[string]bool{"r": false, "broken": true, "status": false})
	delete(routes, "broken")
	h.Serve(routes)
}

func shownFaults(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": webServiceConfig(up), "status": statusConfig()})
	if got := h.metric(t, "upstreamauth_trusted", hostOf(up.URL), ""); got != "" {
		t.Errorf("trusted before it was asked: %q", got)
	}
	up.AnswerAll(&upstreams.Reply{Status: 200, Body: `{"IsSuccess": true, "Data": {"UserName": "` + Marker + `any", "Id": "1"}}`})
	h.Expect(500, getRequest("r", bearer("whatever")))
	h.expectMetric(t, "upstreamauth_trusted", hostOf(up.URL), "", "0")
	var shown struct {
		Scopes []struct {
			Host       string
			Distrusted bool
			Fault      *struct{ At, Event, Detail string }
		}
	}
	if err := json.Unmarshal([]byte(h.statusOf(t, "status")), &shown); err != nil {
		t.Fatal(err)
	}
	for _, s := range shown.Scopes {
		if s.Host == hostOf(up.URL) && (!s.Distrusted || s.Fault == nil || s.Fault.Event != "distrusted") {
			t.Errorf("%+v", s)
		}
	}
}

// shownHour begins each minute of the process's own, so that none ends on the way, and looks
// at its own upstream alone: others may have been asked in the same process.
func shownHour(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": webServiceConfig(up), "status": statusConfig()})
	token := issueToken(up, "client")
	h.Expect(200, getRequest("r", bearer(token)))
	for minute := range 3 { // as Prometheus does, it looks several times in each
		h.nextMinute(t)
		h.statusOf(t, "metrics")
		for range minute + 1 {
			h.Expect(200, getRequest("r", bearer(token)))
		}
		h.statusOf(t, "metrics")
	}
	h.nextMinute(t)
	shown := h.hourOf(t, hostOf(up.URL))
	expectEqual(t, "hits", shown.Hits[55:], []int{0, 1, 2, 3, 0})
	expectEqual(t, "misses", shown.Misses[55:], []int{1, 0, 0, 0, 0})
	h.Clock().Advance(2 * time.Hour)
	sum := 0
	for _, n := range h.hourOf(t, hostOf(up.URL)).Hits {
		sum += n
	}
	expectCount(t, "hits two hours later", sum, 0)
}

// shownState is a part of the route's JSON.
type shownState struct {
	Uptime int
	Scopes []struct {
		Host string
		Hour hourShown
	}
}

type hourShown struct{ Hits, Misses, Calls []int }

func (h *Harness) shownState(t testing.TB) (shown shownState) {
	t.Helper()
	if err := json.Unmarshal([]byte(h.statusOf(t, "status")), &shown); err != nil {
		t.Fatal(err)
	}
	return shown
}

// nextMinute moves the clock to where the next minute of the process has just begun.
func (h *Harness) nextMinute(t testing.TB) {
	t.Helper()
	h.Clock().Advance(time.Duration(61-h.shownState(t).Uptime%60) * time.Second)
}

// hourOf is the hour of an upstream.
func (h *Harness) hourOf(t testing.TB, host string) hourShown {
	t.Helper()
	for _, s := range h.shownState(t).Scopes {
		if s.Host == host {
			return s.Hour
		}
	}
	t.Fatalf("%s is not shown", host)
	return hourShown{}
}
