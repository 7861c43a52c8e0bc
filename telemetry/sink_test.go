package telemetry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

// fixture is a sink with a clock that stands still until a test moves it.
type fixture struct {
	t      *testing.T
	time   time.Time
	buffer bytes.Buffer
	sink   *Sink
}

func newFixture(t *testing.T) *fixture {
	f := &fixture{t: t, time: time.Date(2024, 2, 29, 23, 59, 58, 0, time.FixedZone("", 7*3600))}
	f.sink = NewSink(&f.buffer, func() time.Time { return f.time })
	return f
}

// entries returns what was written since the last call, one object a line.
func (f *fixture) entries() (entries []map[string]any) {
	f.t.Helper()
	text := f.buffer.String()
	f.buffer.Reset()
	for _, line := range strings.SplitAfter(text, "\n") {
		if line == "" {
			continue
		}
		entry := map[string]any{}
		if err := json.Unmarshal([]byte(line), &entry); err != nil || !strings.HasSuffix(line, "\n") {
			f.t.Fatalf("not a whole line of JSON: %q (%v)", line, err)
		}
		entries = append(entries, entry)
	}
	return entries
}

func (f *fixture) count() int {
	f.t.Helper()
	return len(f.entries())
}

func TestSink(t *testing.T) {
	t.Run("an entry is one line of JSON with the plugin, the time in UTC and the middleware", func(t *testing.T) {
		f := newFixture(t)
		NewLog(f.sink, "gate\n\"@file", LevelInfo).Report(LevelError, EventOutage, "line one\nline two <&>")
		want := []map[string]any{{
			"plugin": "upstreamauth", "time": "2024-02-29T16:59:58Z", "level": "error",
			"middleware": "gate\n\"@file", "event": "outage", "detail": "line one\nline two <&>",
		}}
		if got := f.entries(); !reflect.DeepEqual(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
	t.Run("lines of several goroutines do not mix", func(t *testing.T) {
		f := newFixture(t)
		var all sync.WaitGroup
		for i := 0; i < 16; i++ {
			all.Add(1)
			go func(i int) {
				defer all.Done()
				for n := 0; n < 50; n++ {
					NewLog(f.sink, "gate", LevelInfo).Report(LevelInfo, "recovered", strings.Repeat(fmt.Sprint(i), 100))
				}
			}(i)
		}
		all.Wait()
		if got := f.count(); got != 16*50 {
			t.Errorf("%d lines, want %d", got, 16*50)
		}
	})
	t.Run("a writer that fails disturbs nothing", func(t *testing.T) {
		sink := NewSink(brokenWriter{}, time.Now)
		sink.ConfigFaults("gate", []string{"url"}, []string{"url: required"})
		NewLog(sink, "gate", LevelInfo).Panic("a panic")
	})
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestSinkConfigFaults(t *testing.T) {
	t.Run("each fault is one entry with its key", func(t *testing.T) {
		f := newFixture(t)
		f.sink.ConfigFaults("gate", []string{"bearer.url", "mode"}, []string{"bearer.url: required", "mode: unknown"})
		got := f.entries()
		if len(got) != 2 || got[0]["key"] != "bearer.url" || got[0]["detail"] != "bearer.url: required" || got[1]["key"] != "mode" {
			t.Errorf("%v", got)
		}
		for _, entry := range got {
			if entry["level"] != LevelError || entry["event"] != "configuration fault" || entry["middleware"] != "gate" {
				t.Errorf("%v", entry)
			}
		}
	})
	t.Run("the same faults of a middleware are reported once, other faults again", func(t *testing.T) {
		f := newFixture(t)
		steps := []struct {
			name, line string
			want       int
		}{
			{"a", "url: required", 1},
			{"a", "url: required", 0},
			{"b", "url: required", 1},
			{"a", "url: not absolute", 1},
			{"a", "url: required", 1},
			{"b", "url: required", 0},
		}
		for i, step := range steps {
			f.sink.ConfigFaults(step.name, []string{"url"}, []string{step.line})
			if got := f.count(); got != step.want {
				t.Errorf("step %d: %d entries, want %d", i+1, got, step.want)
			}
		}
	})
	t.Run("the memory of faults is bounded", func(t *testing.T) {
		f := newFixture(t)
		for i := 0; i < 3*maxMiddlewares; i++ {
			f.sink.ConfigFaults(fmt.Sprint("gate-", i), []string{"url"}, []string{"url: required"})
		}
		if got := len(f.sink.faults); got > maxMiddlewares {
			t.Errorf("%d middlewares are remembered, want at most %d", got, maxMiddlewares)
		}
		if got := f.count(); got != 3*maxMiddlewares {
			t.Errorf("%d entries, want %d", got, 3*maxMiddlewares)
		}
	})
}

func TestSinkConfigOK(t *testing.T) {
	f := newFixture(t)
	ok := func(name string) []map[string]any {
		f.sink.ConfigOK(name)
		return f.entries()
	}
	t.Run("a middleware that never had faults is not mentioned", func(t *testing.T) {
		if got := ok("gate"); len(got) != 0 {
			t.Errorf("%v", got)
		}
	})
	t.Run("the end of the faults is one entry", func(t *testing.T) {
		f.sink.ConfigFaults("gate", []string{"url"}, []string{"url: required"})
		f.entries()
		if got := ok("another"); len(got) != 0 {
			t.Errorf("another middleware: %v", got)
		}
		got := ok("gate")
		if len(got) != 1 || got[0]["event"] != "configuration ok" || got[0]["level"] != LevelInfo || got[0]["middleware"] != "gate" {
			t.Errorf("%v", got)
		}
		if got := ok("gate"); len(got) != 0 {
			t.Errorf("said again: %v", got)
		}
	})
	t.Run("the same fault is reported again after it was gone", func(t *testing.T) {
		f.sink.ConfigFaults("gate", []string{"url"}, []string{"url: required"})
		if got := f.count(); got != 1 {
			t.Errorf("%d entries, want 1", got)
		}
	})
}
