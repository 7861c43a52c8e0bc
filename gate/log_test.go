package gate

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/telemetry/counters"
)

// lastEntry is the last one of an event in the log; empty if there is none.
func (f *fixture) lastEntry(event string) map[string]any {
	found := map[string]any{}
	for _, line := range strings.Split(f.log.String(), "\n") {
		entry := map[string]any{}
		if json.Unmarshal([]byte(line), &entry) == nil && entry["event"] == event {
			found = entry
		}
	}
	return found
}

func TestTrace(t *testing.T) {
	ask := func(f *fixture, lines ...string) map[string]any {
		g := f.gate(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if r.Header[telemetry.TraceHeader] != nil {
				t.Errorf("the backend gets %v", r.Header)
			}
		}), nil, f.bearer()) // a handler of its own, whose first request is traced
		r := httptest.NewRequest(http.MethodGet, "/path?query=x", nil)
		for i := 0; i+1 < len(lines); i += 2 {
			r.Header.Add(lines[i], lines[i+1])
		}
		g.Handler()(httptest.NewRecorder(), r)
		return f.lastEntry("trace")
	}
	t.Run("a trace says what the request met, without its credential", func(t *testing.T) {
		f := newFixture(t)
		f.level = "trace"
		entry := ask(f, "Authorization", "Bearer MARKER-token", "X-Request-Id", "7", telemetry.TraceHeader, "MARKER")
		if entry["outcome"] != "miss" && entry["outcome"] != "refused" || entry["path"] != "/path" || entry["requestId"] != "7" || entry["api"] == nil {
			t.Errorf("%v", entry)
		}
		entry = ask(f)
		if entry["outcome"] != "missing" || entry["detail"] != "denied (missing)" || entry["credential"] != nil {
			t.Errorf("%v", entry)
		}
		if strings.Contains(f.log.String(), "MARKER") || strings.Contains(f.log.String(), "query") {
			t.Errorf("log: %s", f.log)
		}
	})
	t.Run("a request is traced by the outcome that it is counted by", func(t *testing.T) {
		f := newFixture(t)
		f.level = "trace"
		f.sink.TraceRequests(context.Background(), telemetry.Trace{Token: "token"})
		pair := []*Block{f.bearer(), f.key(false)}
		pair[0].Revalidate = time.Minute
		optional := false
		counted := func() map[string]int64 {
			all := counters.NewTotals()
			now, _ := f.shared.Scopes.States()
			for _, state := range now {
				all.Add(state.Totals)
			}
			return all.Requests
		}
		for i, c := range []struct {
			outcome string
			lines   []string
			later   time.Duration
		}{
			{counters.Miss, []string{"Authorization", "Bearer valid"}, 0},
			{counters.Hit, []string{"Authorization", "Bearer valid"}, 0},
			{counters.Stale, []string{"Authorization", "Bearer valid"}, 2 * time.Minute},
			{counters.Refused, []string{"Authorization", "Bearer denied"}, 0},
			{counters.RefusedRemembered, []string{"Authorization", "Bearer denied"}, 0},
			{counters.Refused, []string{"Authorization", "Bearer denied"}, time.Minute},
			{counters.Malformed, []string{"Authorization", "Bearer a b"}, 0},
			{counters.Malformed, []string{"Authorization", "Bearer valid", "Application-Key", "valid"}, 0},
			{counters.Missing, nil, 0},
			{counters.Anonymous, nil, 0},
		} {
			optional = c.outcome == counters.Anonymous
			h := f.route(func(o *Options) { o.Optional = optional }, pair...)
			f.moved.Add(int64(c.later))
			before := counted()
			f.ask(h, http.MethodGet, append([]string{telemetry.TraceHeader, "token"}, c.lines...)...)
			if entry := f.lastEntry("trace"); entry["outcome"] != c.outcome {
				t.Errorf("%d: %v, want %s", i, entry, c.outcome)
			}
			for outcome, n := range counted() {
				if added := n - before[outcome]; added != 0 && outcome != c.outcome || added != 1 && outcome == c.outcome {
					t.Errorf("%d: %d %s, want one %s", i, added, outcome, c.outcome)
				}
			}
		}
	})
	t.Run("at any other level there is none", func(t *testing.T) {
		for _, level := range []string{"error", "info", "debug"} {
			f := newFixture(t)
			f.level = level
			if entry := ask(f, "Authorization", "Bearer MARKER-token", telemetry.TraceHeader, "MARKER"); len(entry) != 0 {
				t.Errorf("%s: %v", level, entry)
			}
		}
	})
	t.Run("one with more header names than any client needs is not looked through", func(t *testing.T) {
		f := newFixture(t)
		f.level = "trace"
		g := f.gate(http.NotFoundHandler(), nil, f.bearer())
		h := g.Handler()
		f.prebuild(http.HandlerFunc(h), "Authorization", "Bearer valid")
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "Bearer valid")
		if got := g.requests.offHitPath(r); got != "" {
			t.Errorf("%q", got)
		}
		for i := 0; i <= maxHeaderNames; i++ {
			r.Header.Set(fmt.Sprint("X-", i), "")
		}
		if got := g.requests.offHitPath(r); !strings.Contains(got, "refused before") {
			t.Errorf("%q", got)
		}
	})
	t.Run("a panic while it is made costs no response", func(t *testing.T) {
		f := newFixture(t)
		f.level = "trace"
		g := f.gate(http.NotFoundHandler(), nil, f.bearer())
		g.schemes[0].fastPath = nil // so that it cannot be looked at
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "Bearer MARKER-token")
		if g.requests.begin(r) != nil || f.entries("internal") != 1 || strings.Contains(f.log.String(), "MARKER") {
			t.Errorf("log: %s", f.log)
		}
	})
}

func TestDenialLog(t *testing.T) {
	t.Run("what quotes a credential that is none is left out, too", func(t *testing.T) {
		f := newFixture(t)
		f.level = "debug"
		h := f.route(nil, f.bearer(), f.key(false))
		for _, lines := range [][]string{
			{"Authorization", "Bearer MARKER", "Authorization", "Bearer MARKER"},
			{"Authorization", "Bearer MARKER", "Application-Key", "other"},
			{"Authorization", "Bearer  MARKER"},
			{"Authorization", "Unknown MARKER"},
			{"Application-Key", "MARKER", "Application-Key", "MARKER"},
		} {
			w, _ := f.ask(h, http.MethodGet, append(lines, "X-Request-Id", "MARKER")...)
			if entry := f.lastEntry("refused"); w.Code < 400 || entry["reason"] == nil || entry["requestId"] != nil {
				t.Errorf("%v: %d %v", lines, w.Code, entry)
			}
		}
		if strings.Contains(f.log.String(), "MARKER") {
			t.Errorf("log: %s", f.log)
		}
	})
	t.Run("also a path that quotes one in escapes", func(t *testing.T) {
		f := newFixture(t)
		f.level = "debug"
		h := f.route(nil, f.bearer())
		r := httptest.NewRequest(http.MethodGet, "/%4dARKER", nil)
		r.Header.Set("Authorization", "Bearer MARKER")
		h.ServeHTTP(httptest.NewRecorder(), r)
		if entry := f.lastEntry("refused"); entry["reason"] == nil || entry["path"] != nil {
			t.Errorf("%v", entry)
		}
	})
}
