package scenario

import (
	"fmt"
	"path"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/redis"
)

// attempt is a test that may be tried again: what fails in it is told at its end. What fails
// afterwards, in what cleans up behind it, is told at once.
type attempt struct {
	testing.TB
	mu    sync.Mutex
	wrong []string
	over  bool
}

// do runs a test to its end, or to what is fatal, and returns what failed.
func (a *attempt) do(test func()) (wrong []string) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		test()
	}()
	<-ended
	a.mu.Lock()
	defer a.mu.Unlock()
	a.over = true
	return a.wrong
}

func (a *attempt) note(text string) {
	calls := make([]uintptr, 16)
	frames := runtime.CallersFrames(calls[:runtime.Callers(3, calls)])
	var where []string
	for frame, more := frames.Next(); more && len(where) < 3; frame, more = frames.Next() {
		where = append(where, fmt.Sprint(path.Base(frame.File), ":", frame.Line))
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	text = strings.Join(where, " < ") + ": " + text
	if a.over {
		a.TB.Error(text)
		return
	}
	a.wrong = append(a.wrong, text)
}

func (a *attempt) Error(args ...any)                 { a.note(fmt.Sprint(args...)) }
func (a *attempt) Errorf(format string, args ...any) { a.note(fmt.Sprintf(format, args...)) }

func (a *attempt) Fatal(args ...any) {
	a.note(fmt.Sprint(args...))
	runtime.Goexit()
}

func (a *attempt) Fatalf(format string, args ...any) {
	a.note(fmt.Sprintf(format, args...))
	runtime.Goexit()
}

// runInTime runs a scenario. Where a request took as long as Redis may at most, the machine may
// have kept an answer of Redis's from its time limit: what is wrong then shows nothing, unless
// somebody was let in, and it is tried again with another Redis.
func runInTime(t *testing.T, all *Fleet, s ReplicaScenario) Result {
	limit, err := time.ParseDuration(patience)
	if err != nil {
		t.Fatal(err)
	}
	for tries := 1; ; tries++ {
		a := &attempt{TB: t}
		f := all.in(a, startRedis(t, redis.Options{}))
		wrong := a.do(func() { s.Run(a, f) })
		r, longest := f.result(s.Name)
		if len(wrong) > 0 && r.FalseAccepts == 0 && longest >= limit && tries < 3 {
			t.Logf("tried again, since a request took %s: %s", longest, strings.Join(wrong, "\n"))
			continue
		}
		for _, text := range wrong {
			t.Error(text)
		}
		return r
	}
}

// result sums up what the replicas met, and returns the longest time of a request.
func (f *Fleet) result(name string) (r Result, longest time.Duration) {
	r = Result{Scenario: name}
	for _, h := range f.Replicas {
		one := h.Counters.Result(name, 0)
		r.Requests += one.Requests
		r.FalseAccepts += one.FalseAccepts
		r.FalseRejects += one.FalseRejects
		r.NoResponse += one.NoResponse
		r.Slowest = max(r.Slowest, one.Slowest)
		longest = max(longest, time.Duration(h.Counters.longest.Load()))
	}
	return r, longest
}
