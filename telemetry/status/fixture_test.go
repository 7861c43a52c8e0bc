package status

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/telemetry/counters"
	"github.com/upstreamauth/upstreamauth/verifier"
)

const token = "the token of this test"

// fixture is a status route, with what it shows.
type fixture struct {
	t       *testing.T
	handler http.Handler
	options *Options
	now     time.Time
	states  []*counters.State
	gone    []*counters.Line
	gates   []counters.Gate
	memory  *counters.MemoryState
	wishes  []string
	ownPage bool
	log     strings.Builder
}

func newFixture(t *testing.T) *fixture {
	f := &fixture{t: t, now: time.Unix(1700000000, 0), ownPage: true}
	clock := func() time.Time { return f.now }
	sources := &Sources{
		Now: clock, Uptime: func() time.Duration { return time.Hour }, Version: "1.2.3",
		States:  func() ([]*counters.State, []*counters.Line) { return f.states, f.gone },
		Memory:  func() *counters.MemoryState { return f.memory },
		Gates:   func() []counters.Gate { return f.gates },
		Client:  func(r *http.Request, _ int) string { return r.RemoteAddr },
		OwnPage: func(*http.Request) bool { return f.ownPage },
		Forget: func(by, first, second string) int {
			f.wishes = append(f.wishes, by+"|"+first+"|"+second)
			return len(f.wishes)
		},
	}
	cookies := &Cookies{
		Name: "upstreamauth-status",
		Seal: func(text string, end time.Time) string { return fmt.Sprint(text, "-", end.Unix()) },
		Open: func(value string, now time.Time) string {
			text, end := "", int64(0)
			_, err := fmt.Sscanf(strings.Replace(value, "-", " ", 1), "%s %d", &text, &end)
			if err != nil || now.Unix() >= end {
				return ""
			}
			return text
		},
	}
	o := &Options{Token: token, PerClient: verifier.Rate{Calls: 5, Period: time.Minute}}
	log := telemetry.NewLog(telemetry.NewSink(&f.log, clock), "status@file", telemetry.LevelInfo)
	f.options = o
	f.handler = New(o, sources, NewAttempts(clock), cookies, log)
	return f
}

// ask sends a request, with header lines.
func (f *fixture) ask(method, path, body string, lines ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
		if name == "From" {
			r.RemoteAddr = value
		}
	}
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	return w
}

const (
	bearer = "Authorization: Bearer " + token
	accept = "Accept: text/html"
)

// expect compares a status.
func (f *fixture) expect(want int, method, path, body string, lines ...string) *httptest.ResponseRecorder {
	f.t.Helper()
	w := f.ask(method, path, body, lines...)
	if w.Code != want {
		f.t.Errorf("%s %s: %d, want %d: %s", method, path, w.Code, want, w.Body)
	}
	return w
}
