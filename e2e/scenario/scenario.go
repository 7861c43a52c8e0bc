package scenario

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Scenario is one promise, as a client, a backend and an upstream see it.
type Scenario struct {
	Name string
	Run  func(t *testing.T, h *Harness)
	// NeedsClock: it waits for hours, and needs a clock that can be moved.
	NeedsClock bool
}

// Opener starts a level in front of a backend.
type Opener func(backend string) (Level, error)

// Marker begins every secret and every identity of the scenarios. No output of
// any level may hold it.
const Marker = "MARKER-"

// Run runs every scenario on one level, each with a backend of its own, and
// searches all that was written for what nobody may write. It returns a row of
// each that was played.
func Run(t *testing.T, open Opener, scenarios []Scenario) []Result {
	var rows []Result
	for _, s := range scenarios {
		t.Run(s.Name, func(t *testing.T) {
			backend := NewBackend(streams())
			defer backend.Close()
			level, err := open(backend.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer level.Close()
			if s.NeedsClock && level.Clock() == nil {
				t.Skip("needs a clock that can be moved; played native and interpreted")
			}
			h, calls := NewHarness(t, level, backend), upstreams.Total()
			s.Run(t, h)
			rows = append(rows, h.Counters.Result(s.Name, upstreams.Total()-calls))
			ExpectNoMarker(t, level.Logs())
		})
	}
	return rows
}

// ExpectNoMarker fails a test if an output holds a secret or an identity.
func ExpectNoMarker(t testing.TB, output string) {
	t.Helper()
	for _, line := range strings.Split(output, "\n") {
		if strings.Contains(line, Marker) {
			t.Errorf("a secret or an identity was written: %s", line)
		}
	}
}

// Advance lets time go by: moved where it can be, waited for elsewhere.
func (h *Harness) Advance(d time.Duration) {
	if clock := h.Clock(); clock != nil {
		clock.Advance(d)
		return
	}
	time.Sleep(d)
}

// Expect sends a call and compares the status.
func (h *Harness) Expect(status int, c Request) Response {
	h.t.Helper()
	r := h.Do(c)
	if status == 200 && r.Status != 200 {
		h.Counters.falseRejects.Add(1)
	}
	if status != 200 && (r.Status == 200 || r.Seen != nil) {
		h.Counters.falseAccepts.Add(1)
	}
	if r.Status != status {
		h.t.Errorf("%s %v: status %d, want %d: %s", c.Route, redact(c.Headers), r.Status, status, r.Body)
	}
	reached := r.Header.Get(backendHeader) != ""
	if reached != (status == 200) {
		h.t.Errorf("%s %v: status %d, backend reached: %t", c.Route, redact(c.Headers), r.Status, reached)
	}
	return r
}

// ExpectCached sends a call of a good user whose credential is remembered, and who has
// to get in without noticing anything: it is timed.
func (h *Harness) ExpectCached(c Request) Response {
	h.t.Helper()
	begun := time.Now()
	r := h.Expect(200, c)
	h.Counters.recordLatency(time.Since(begun))
	return r
}

func redact(lines []string) []string {
	names := make([]string, 0, len(lines))
	for _, line := range lines {
		name, _, _ := strings.Cut(line, ":")
		names = append(names, name)
	}
	return names
}

// expectCount compares how often an upstream was asked about a credential.
func expectCount(t testing.TB, what string, got, want int) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %d calls to the upstream, want %d", what, got, want)
	}
}

func routeConfig(kind, api, url string, more ...any) map[string]any {
	inner := map[string]any{"api": api, "url": url}
	for i := 0; i+1 < len(more); i += 2 {
		inner[fmt.Sprint(more[i])] = more[i+1]
	}
	return map[string]any{kind: inner, "log": "debug"}
}

// with returns a configuration with further keys.
func with(config map[string]any, more ...any) map[string]any {
	merged := map[string]any{}
	for key, value := range config {
		merged[key] = value
	}
	for i := 0; i+1 < len(more); i += 2 {
		merged[fmt.Sprint(more[i])] = more[i+1]
	}
	return merged
}
