package telemetry

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// loading is a sink whose pause ends when the test says so.
type loading struct {
	*fixture
	mu      sync.Mutex
	text    strings.Builder
	goOn    chan struct{} // ends a pause
	end     context.CancelFunc
	context context.Context
}

func (l *loading) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(line)
	return len(line), nil
}

func newLoading(t *testing.T) *loading {
	l := &loading{fixture: newFixture(t), goOn: make(chan struct{}), end: func() {}}
	l.sink = NewSink(l, l.sink.now)
	l.sink.AnnounceLoads(func() { <-l.goOn })
	return l
}

// load makes these handlers, as Traefik does: the contexts of those before have ended.
func (l *loading) load(handlers ...Built) {
	l.end()
	l.context, l.end = context.WithCancel(context.Background())
	for _, b := range handlers {
		b.Context = l.context
		l.sink.Built(b)
	}
}

// quiet ends pauses until the load is over. An entry about it is written then.
func (l *loading) quiet() {
	for isWaiting(l.sink) {
		select {
		case l.goOn <- struct{}{}:
		default:
			runtime.Gosched()
		}
	}
}

func isWaiting(s *Sink) bool {
	s.loads.mu.Lock()
	defer s.loads.mu.Unlock()
	return s.loads.waiting
}

// entry is the one that was written since the last call; nil: none was.
func (l *loading) entry(t *testing.T) map[string]any {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.text.Len() == 0 {
		return nil
	}
	entry := map[string]any{}
	if err := json.Unmarshal([]byte(l.text.String()), &entry); err != nil {
		t.Fatalf("not one line: %q", l.text.String())
	}
	l.text.Reset()
	return entry
}

func TestSinkBuilt(t *testing.T) {
	gates := func(n int, level string) (all []Built) {
		for i := 0; i < n; i++ {
			all = append(all, Built{Name: fmt.Sprint("gate-", i%12), Settings: "x", Level: level})
		}
		return all
	}
	expect := func(t *testing.T, entry map[string]any, gates, faulty float64) {
		t.Helper()
		if entry["event"] != "ready" || entry["level"] != LevelInfo || entry["gates"] != gates || entry["faulty"] != faulty || entry["version"] == "" {
			t.Errorf("%v, want %v gates, %v of them faulty", entry, gates, faulty)
		}
	}
	t.Run("a load is one entry, however many routes share its middlewares and however long it takes", func(t *testing.T) {
		l := newLoading(t)
		l.sink.ConfigFaults("gate-3", []string{"url"}, []string{"url: required"})
		l.entry(t)
		l.load(gates(20, LevelInfo)...)
		l.sink.Built(Built{Name: "late", Context: l.context, Broken: true})
		l.quiet()
		expect(t, l.entry(t), 13, 2)
	})
	t.Run("a load that is like the one before it is no entry, any other is", func(t *testing.T) {
		l := newLoading(t)
		for i, c := range []struct {
			handlers []Built
			gates    float64 // 0: no entry
		}{
			{gates(3, LevelInfo), 3},
			{gates(3, LevelInfo), 0},
			{gates(2, LevelInfo), 2},
			{[]Built{{Name: "gate-0", Settings: "y", Level: LevelInfo}, {Name: "gate-1", Settings: "x", Level: LevelInfo}}, 2},
			{gates(2, LevelError), 0}, // errors alone are to be logged
			{gates(3, LevelDebug), 3},
		} {
			l.load(c.handlers...)
			l.quiet()
			entry := l.entry(t)
			if c.gates == 0 && entry == nil {
				continue
			}
			t.Logf("load %d", i)
			expect(t, entry, c.gates, 0)
		}
	})
	t.Run("the memory of middlewares is bounded", func(t *testing.T) {
		l := newLoading(t)
		l.sink.loads.waiting = true // no goroutine
		for i := 0; i < 2*maxGates; i++ {
			l.load(Built{Name: fmt.Sprint(i)})
		}
		if got := len(l.sink.loads.gates); got > maxGates {
			t.Errorf("%d are remembered", got)
		}
	})
	t.Run("without a pause, or a context, nothing is counted", func(t *testing.T) {
		f := newFixture(t)
		f.sink.Built(Built{Name: "gate", Context: context.Background()})
		l := newLoading(t)
		l.sink.Built(Built{Name: "gate"})
		if len(f.sink.loads.gates)+len(l.sink.loads.gates) != 0 {
			t.Error("counted")
		}
	})
	t.Run("a panic ends the wait, and the next handler begins another", func(t *testing.T) {
		f := newFixture(t)
		waits := make(chan struct{}, 1)
		f.sink.AnnounceLoads(func() { waits <- struct{}{}; panic("MARKER") })
		for i := 0; i < 2; i++ {
			f.sink.Built(Built{Name: "gate", Context: context.Background()})
			<-waits
			for isWaiting(f.sink) {
				runtime.Gosched()
			}
		}
	})
}
