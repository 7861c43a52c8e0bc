package scenario

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// mostTries is how often what depends on deadlines is tried.
const mostTries = 10

// again tries what has to happen before deadlines, and once more where the machine was too
// slow for one, since then it shows nothing. What a try finds wrong counts only if it was
// in time. Each uses what no try has used before, named after its number n.
//
// by sets the deadline of what follows, by the level's clock; the zero one is none. It ends
// a try that has missed the one before, as the end of the try does.
func (h *Harness) again(try func(h *Harness, n int, by func(deadline time.Time))) {
	h.t.Helper()
	for n := range mostTries {
		held := &heldBack{TB: h.t}
		inner := NewHarness(held, h.Level, h.Backend)
		var deadline time.Time
		late := false
		by := func(next time.Time) {
			if !deadline.IsZero() && !clockOf(h).Before(deadline) {
				late = true
				panic(endOfTry{})
			}
			deadline = next
		}
		held.run(func() { try(inner, n, by) })
		if !late {
			held.run(func() { by(time.Time{}) })
		}
		h.Counters.addTried(&inner.Counters, !late)
		if !late {
			held.report()
			return
		}
	}
	h.t.Errorf("the machine was too slow %d times", mostTries)
}

// addTried adds the counts of a try. Wrong answers count only where it was in time.
func (c *Counters) addTried(try *Counters, inTime bool) {
	c.requests.Add(try.requests.Load())
	c.noResponse.Add(try.noResponse.Load())
	if inTime {
		c.falseAccepts.Add(try.falseAccepts.Load())
		c.falseRejects.Add(try.falseRejects.Load())
		c.recordLatency(time.Duration(try.slowest.Load()))
	}
}

// endOfTry is what a try panics with that goes on no further.
type endOfTry struct{}

// heldBack is the test of a try: what goes wrong in it is kept.
type heldBack struct {
	testing.TB
	mu    sync.Mutex
	wrong []string
	ended bool
}

// run ends with try, or where that says that it goes on no further.
func (b *heldBack) run(try func()) {
	defer func() {
		if cause := recover(); cause != nil {
			if _, ended := cause.(endOfTry); !ended {
				panic(cause)
			}
		}
	}()
	try()
}

// report has the test say what was kept.
func (b *heldBack) report() {
	b.TB.Helper()
	for _, text := range b.wrong {
		b.TB.Error(text)
	}
	if b.ended {
		b.TB.FailNow()
	}
}

// keep notes what is wrong, and where a scenario noticed it.
func (b *heldBack) keep(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wrong = append(b.wrong, lineOfScenario()+strings.TrimSuffix(text, "\n"))
}

// Error and the others are testing.TB's.
func (b *heldBack) Error(args ...any)                 { b.keep(fmt.Sprintln(args...)) }
func (b *heldBack) Errorf(format string, args ...any) { b.keep(fmt.Sprintf(format, args...)) }

// Fatal and Fatalf end the try, whose goroutine alone may call them.
func (b *heldBack) Fatal(args ...any) {
	b.Error(args...)
	b.FailNow()
}

func (b *heldBack) Fatalf(format string, args ...any) {
	b.Errorf(format, args...)
	b.FailNow()
}

func (b *heldBack) FailNow() {
	b.ended = true
	panic(endOfTry{})
}

// lineOfScenario is the line of the caller that is no part of the harness.
func lineOfScenario() string {
	callers := make([]uintptr, 16)
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers)])
	for {
		frame, more := frames.Next()
		name := filepath.Base(frame.File)
		if !strings.HasPrefix(name, "harness") {
			return fmt.Sprintf("%s:%d: ", name, frame.Line)
		}
		if !more {
			return ""
		}
	}
}

// expectRest compares a Retry-After with what is left of a period. It began between two
// instants, and the request was sent at a third one; all are the level's clock's.
func (h *Harness) expectRest(r Response, period time.Duration, since, begun, asked time.Time) {
	h.t.Helper()
	seconds := func(d time.Duration) int { return max(1, int((d+time.Second-1)/time.Second)) }
	expectRetryAfter(h.t, r, seconds(period-clockOf(h).Sub(since)), seconds(period-asked.Sub(begun)))
}
