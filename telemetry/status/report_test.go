package status

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/telemetry/counters"
)

func shown(f *fixture) {
	state := func(label counters.Label) *counters.State {
		t := counters.NewTotals()
		t.Requests[counters.Hit], t.Requests[counters.Miss], t.Calls[counters.Allow] = 8, 2, 3
		return &counters.State{
			Label: label, Kind: "bearer", Totals: t, Hour: make([]counters.Minute, counters.Minutes), Trusted: true,
			Allowed: counters.Entries{Held: 2, Size: 10}, Budget: counters.Budget{Calls: 1000, Period: time.Hour, Left: 50, Wait: time.Minute},
		}
	}
	one, two := counters.Label{API: "bts", Host: "bts.example"}, counters.Label{API: "custom", Host: `<script>"x\` + "\n"}
	f.states = []*counters.State{state(two), state(one), state(one)}
	f.states[1].Distrusted, f.states[1].Trusted, f.states[2].CircuitOpen = true, false, true
	f.states[0].Fault = counters.Fault{At: f.now, Event: "outage", Detail: "<img src=x onerror=alert(1)>"}
	f.states[1].Hour[59] = counters.Minute{Hits: 7}
	gone := counters.NewTotals()
	gone.Requests[counters.Hit] = 100
	f.gone = []*counters.Line{{Label: one, Totals: gone}, {Label: counters.Label{API: "old", Host: "old.example"}, Totals: gone}}
	f.gates = []counters.Gate{{Name: "gate@file", Mode: "protect", APIs: []string{"bts"}}, {Name: "broken@file", Faults: []string{"bearer.url: required"}}}
	f.memory = counters.NewMemoryState()
}

func TestMetrics(t *testing.T) {
	f := newFixture(t)
	shown(f)
	text := f.expect(http.StatusOK, http.MethodGet, "/metrics", "", bearer).Body.String()
	for _, line := range []string{
		`upstreamauth_requests_total{api="bts",host="bts.example",outcome="hit"} 116`,
		`upstreamauth_requests_total{api="old",host="old.example",outcome="hit"} 100`,
		`upstreamauth_upstream_requests_total{api="bts",host="bts.example",result="allow"} 6`,
		`upstreamauth_cache_entries{api="bts",host="bts.example",kind="allowed"} 4`,
		`upstreamauth_circuit_open{api="bts",host="bts.example"} 1`,
		`upstreamauth_trusted{api="bts",host="bts.example"} 0`,
		`upstreamauth_trusted{api="custom",host="<script>\"x\\\n"} 1`,
		`upstreamauth_budget_remaining{api="bts",host="bts.example"} 50`,
		`upstreamauth_budget_limit{api="bts",host="bts.example"} 1000`,
		`upstreamauth_configuration_faults{middleware="broken@file"} 1`,
		`upstreamauth_configuration_faults{middleware="gate@file"} 0`,
		`upstreamauth_build_info{version="1.2.3"} 1`,
		`upstreamauth_shared_errors_total 0`,
		`upstreamauth_upstream_request_duration_seconds_bucket{api="bts",host="bts.example",le="+Inf"} 0`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	described := map[string]bool{}
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if name, isHelp := strings.CutPrefix(line, "# HELP "); isHelp {
			name, _, _ = strings.Cut(name, " ")
			if described[name] {
				t.Errorf("%s is described twice", name)
			}
			described[name] = true
			continue
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		name, _, _ := strings.Cut(strings.SplitN(line, " ", 2)[0], "{")
		for _, end := range []string{"_bucket", "_sum", "_count"} {
			name = strings.TrimSuffix(name, end)
		}
		if !described[name] {
			t.Errorf("a sample that is not described: %s", line)
		}
	}
	f.memory = nil
	if text := f.ask(http.MethodGet, "/metrics", "", bearer).Body.String(); strings.Contains(text, "shared") {
		t.Error("a memory that nobody shares")
	}
}

func TestReport(t *testing.T) {
	f := newFixture(t)
	read := func() map[string]any {
		var top map[string]any
		w := f.expect(http.StatusOK, http.MethodGet, "/status", "", bearer)
		if err := json.Unmarshal(w.Body.Bytes(), &top); err != nil {
			t.Fatal(err)
		}
		return top
	}
	empty := read()
	if fmt.Sprint(empty["scopes"], empty["gates"], empty["shared"]) != "[] [] <nil>" || empty["uptime"] != 3600.0 {
		t.Errorf("%v", empty)
	}
	shown(f)
	top := read()
	scopes := top["scopes"].([]any)
	if len(scopes) != 3 || top["requests"].(map[string]any)["hit"] != 224.0 {
		t.Errorf("%d scopes, %v", len(scopes), top["requests"])
	}
	first := scopes[0].(map[string]any)
	if first["hitRatio"] != 0.8 || first["distrusted"] != true || fmt.Sprint(first["budget"]) != "map[calls:1000 left:50 period:3600 wait:60]" {
		t.Errorf("%v", first)
	}
	for _, one := range scopes { // the names are stable: a count of 0 is there too
		counts := one.(map[string]any)
		if requests, calls := counts["requests"].(map[string]any), counts["calls"].(map[string]any); len(requests) != len(counters.Outcomes()) || len(calls) != len(counters.Results()) {
			t.Errorf("%v %v", requests, calls)
		}
	}
	hits := top["hour"].(map[string]any)["hits"].([]any)
	if len(hits) != 60 || hits[59] != 7.0 {
		t.Errorf("%v", hits)
	}
	if fault := scopes[2].(map[string]any)["fault"].(map[string]any); fault["at"] != "2023-11-14T22:13:20Z" || fault["event"] != "outage" {
		t.Errorf("%v", fault)
	}
}
