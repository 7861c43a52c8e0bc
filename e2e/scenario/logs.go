package scenario

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Logs: what the log says about a load of the configuration, and about a route that stays
// faulty.
var Logs = []Scenario{
	{Name: "a load of the configuration is logged once, when all of it is there", Run: loadsLogged},
	{Name: "a fault that stays is logged again each hour, while requests meet it", Run: faultsRepeated, NeedsClock: true},
}

// Traces: what the log says about requests, which is nothing unless Traefik's level is TRACE.
var Traces = []Scenario{
	{Name: "a denial is logged with where it came from and what it asked for, and with nothing secret", Run: deniedRequests},
	{Name: "a trace says of a request what was remembered, and why", Run: tracedRequests},
	{Name: "each request with the token of a status route is traced, as what it is counted", Run: askedTraces},
	{Name: "who has guessed the token of traces too often has nothing traced by it", Run: guessedTraces},
	{Name: "the header of a trace reaches no backend, in any spelling", Run: traceHeader},
}

// text is a value of an entry; empty where there is none.
func text(entry map[string]any, key string) string {
	value, _ := entry[key].(string)
	return value
}

// freshSecond returns in a second in which nine entries that clients cause can be written at
// least: ten are, of all routes. probe is a request whose denial is logged.
func freshSecond(t *testing.T, h *Harness, probe Request) {
	t.Helper()
	if h.Clock() != nil {
		h.Advance(time.Second)
		return
	}
	isLogged := func() bool {
		before := len(entriesOf(h.Logs(), "refused", probe.Route))
		h.Do(probe)
		return len(entriesOf(h.Logs(), "refused", probe.Route)) > before
	}
	waitFor(t, "no more denials are logged", func() bool { return !isLogged() })
	waitFor(t, "denials are logged again", isLogged)
}

func deniedRequests(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": webServiceConfig(up), "quiet": with(webServiceConfig(up), "log", "info"), "probe": webServiceConfig(up)})
	freshSecond(t, h, Request{Route: "probe"})
	token := Marker + "unknown-token"
	long := strings.Repeat("x", 200)
	for i, c := range []struct {
		request Request
		want    map[string]string
	}{
		{
			Request{Path: "/a%20b/c?token=" + Marker, Method: "PUT", Headers: []string{bearer(token), "X-Request-Id: id-7"}},
			map[string]string{"method": "PUT", "path": "/a%20b/c", "requestId": "id-7", "reason": "invalid", "api": "webservice", "address": "GET " + up.URL + up.Path()},
		},
		{Request{Headers: []string{"X-Request-Id: " + long}}, map[string]string{"reason": "missing", "path": "/", "requestId": long[:128] + "...", "api": "", "credential": ""}},
		{Request{Headers: []string{"X-Request-Id: a\tb \u202e\u00e9c"}}, map[string]string{"requestId": "abc"}},
		{Request{Headers: []string{"X-Request-Id: one", "X-Request-Id: two"}}, map[string]string{"requestId": ""}},
		{Request{Path: "/of/" + token + "/x", Headers: []string{bearer(token), "X-Request-Id: is-" + token}}, map[string]string{"reason": "invalid", "path": "", "requestId": ""}},
		{Request{Path: "/" + strings.Repeat("y", 300)}, map[string]string{"path": "/" + strings.Repeat("y", 255) + "..."}},
	} {
		c.request.Route, c.request.From = "r", "127.0.0.9"
		before := len(entriesOf(h.Logs(), "refused", "r"))
		h.Do(c.request)
		waitFor(t, fmt.Sprint("the entry of the denial ", i), func() bool { return len(entriesOf(h.Logs(), "refused", "r")) > before })
		entry := entriesOf(h.Logs(), "refused", "r")[before]
		c.want["client"], c.want["level"] = "127.0.0.9", "debug"
		for key, want := range c.want {
			expectEqual(t, fmt.Sprint(i, ": ", key), text(entry, key), want)
		}
		if c.want["reason"] == "invalid" {
			expectEqual(t, fmt.Sprint(i, ": digits that stand for the credential"), len(text(entry, "credential")), 12)
		}
	}
	h.Expect(401, Request{Route: "quiet"})
	expectEqual(t, "denials at info", len(entriesOf(h.Logs(), "refused", "quiet")), 0)
}

func tracedRequests(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	traced := with(webServiceConfig(up), "log", "trace")
	token := issueToken(up, "ali")
	requests := []Request{
		{Headers: []string{bearer(token), "X-Request-Id: id-8"}, Path: "/p?q=" + Marker},
		{Headers: []string{bearer(token)}},
		{Headers: []string{bearer(token), "X-New: 1"}},
		{Headers: []string{bearer(Marker + "no")}},
		{Headers: []string{bearer(Marker + "no")}},
		{},
		{Headers: []string{bearer(token), bearer(token)}},
	}
	for i, want := range [][2]string{
		{"miss", "nothing is remembered of it: it is new here, or was forgotten or evicted"},
		{"hit", "; prebuilt"},
		{"hit", "not prebuilt: header names that no allowed request has had, or that are removed: X-New"},
		{"refused", "denied (invalid); nothing is remembered of it"},
		{"refused_remembered", "denied (invalid); its denial is remembered for "},
		{"missing", "denied (missing)"},
		{"malformed", "denied (ambiguous)"},
	} {
		h.Serve(Routes{"r": with(traced, "cache", map[string]any{"size": 1000 + i}), "probe": webServiceConfig(up)}) // the first of a thousand requests is traced
		freshSecond(t, h, Request{Route: "probe"})
		requests[i].Route = "r"
		h.Do(requests[i])
		waitFor(t, fmt.Sprint("trace ", i), func() bool { return len(entriesOf(h.Logs(), "trace", "r")) > i })
		entry := entriesOf(h.Logs(), "trace", "r")[i]
		expectEqual(t, fmt.Sprint(i, ": outcome"), text(entry, "outcome"), want[0])
		expectEqual(t, fmt.Sprint(i, ": level"), text(entry, "level"), "trace")
		if !strings.Contains(text(entry, "detail"), want[1]) || text(entry, "took") == "" || text(entry, "client") == "" {
			t.Errorf("%d: %v, want %q", i, entry, want[1])
		}
	}
	for range 50 {
		r := h.Expect(401, Request{Route: "r"})
		expectEqual(t, "seen", r.Seen == nil, true)
	}
	expectEqual(t, "traces of fifty more", len(entriesOf(h.Logs(), "trace", "r")), len(requests))
}

func askedTraces(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	config := with(webServiceConfig(up), "log", "trace")
	h.Serve(Routes{"r": config, "quiet": with(webServiceConfig(up), "log", "debug"), "status": statusConfig()})
	token := issueToken(up, "ali")
	traces := func(route string) []map[string]any { return entriesOf(h.Logs(), "trace", route) }
	ask := func(route string, lines ...string) {
		h.Do(Request{Route: route, Headers: append(lines, bearer(token))})
	}
	ask("r") // the first of a thousand, traced or not
	before := len(traces("r"))
	for i := range 12 { // more than are logged of what clients cause
		ask("r", "X-Upstreamauth-Trace: "+statusToken)
		waitFor(t, fmt.Sprint("trace ", i), func() bool { return len(traces("r")) > before+i })
		expectEqual(t, "outcome", text(traces("r")[before+i], "outcome"), "hit")
	}
	h.expectOutcomes(t, hostOf(up.URL), map[string]int{"miss": 1, "hit": 12})
	for _, lines := range [][]string{nil, {"X-Upstreamauth-Trace: " + statusToken[1:]}, {"X-Upstreamauth-Trace: " + statusToken, "X-Upstreamauth-Trace: " + statusToken}} {
		ask("r", lines...)
	}
	ask("quiet", "X-Upstreamauth-Trace: "+statusToken)
	ask("r", "X-Upstreamauth-Trace: "+statusToken) // so that all before it are written
	waitFor(t, "the last trace", func() bool { return len(traces("r")) > before+12 })
	expectEqual(t, "traces", len(traces("r")), before+13)
	expectEqual(t, "traces at debug", len(traces("quiet")), 0)
}

func traceHeader(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	config := with(webServiceConfig(up), "optional", "true")
	routes := Routes{
		"plain": config, "info": with(config, "log", "info"), "trace": with(config, "log", "trace"),
		"issuer": {"mode": "issuer", "bearer": map[string]any{"api": "ippanel", "url": up.URL, "loginSecret": "env:UPSTREAMAUTH_LOGIN_SECRET"}},
	}
	if _, known := lookupEnv(Environment(), "UPSTREAMAUTH_LOGIN_SECRET"); !known {
		routes["issuer"]["bearer"].(map[string]any)["loginSecret"] = Marker + "sixteen bytes and more"
	}
	h.Serve(routes)
	token := issueToken(up, "ali")
	for range 4 {
		for route := range routes {
			for _, name := range []string{"X-Upstreamauth-Trace", "x-upstreamauth-trace", "X_Upstreamauth_Trace", "X.UpstreamAuth.Trace"} {
				if route == "issuer" && strings.ContainsAny(name, "_.") {
					continue // no token is there, and what passes an issuer is not changed
				}
				for _, lines := range [][]string{{bearer(token)}, nil} {
					r := h.Expect(200, Request{Route: route, Headers: append(lines, name+": "+Marker+"trace")})
					for seen, values := range r.Seen.Header {
						if strings.Contains(strings.Join(values, " "), Marker+"trace") {
							t.Errorf("%s: the backend sees %s", route, seen)
						}
					}
				}
			}
		}
	}
}

func faultsRepeated(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"bad": webServiceConfig(up, "lifetme", "5h"), "good": webServiceConfig(up)})
	faults := func() []map[string]any { return entriesOf(h.Logs(), "configuration fault", "bad") }
	expectEqual(t, "faults", len(faults()), 1)
	expectEqual(t, "since, of the first", text(faults()[0], "since"), "")
	for hour := 1; hour <= 3; hour++ {
		h.Advance(59*time.Minute + 58*time.Second)
		h.Expect(500, Request{Route: "bad"})
		expectEqual(t, "faults before an hour is over", len(faults()), hour)
		h.Advance(2 * time.Second)
		h.Expect(401, Request{Route: "good"})
		expectEqual(t, "faults that no request has met", len(faults()), hour)
		for range 3 {
			h.Expect(500, Request{Route: "bad"})
		}
		expectEqual(t, "faults after an hour", len(faults()), hour+1)
		last := faults()[hour]
		expectEqual(t, "since", text(last, "since"), text(faults()[0], "time"))
		expectEqual(t, "the detail", text(last, "detail"), text(faults()[0], "detail"))
	}
	h.Serve(Routes{"bad": webServiceConfig(up)})
	h.Advance(2 * time.Hour)
	h.Expect(401, Request{Route: "bad"})
	expectEqual(t, "faults of a route that has none any more", len(faults()), 4)
}
