package scenario

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Injector is a plugin with a panic at each of many points, one of which can be
// enabled at a time.
type Injector interface {
	Enable(point string) error
	Fired() bool // since it was enabled
	Disable() (wentOff bool)
	Trace(do func()) (passed map[string]bool, err error)
}

// maxHang is the longest time that a response may take after a panic. It is longer
// than every timeout of the steps.
const maxHang = 8 * time.Second

// panicFixture runs one step.
type panicFixture struct {
	*Harness
	t       testing.TB
	fired   func() bool  // whether it has; nil unless enabled
	built   bool         // it has while handlers were made: the faulty one denies all
	lost    atomic.Int64 // requests that a panic failed, of those that were to be allowed
	enabled bool         // a panic may occur, so a 500 is expected too
	n       int          // of unique texts
}

// unique returns a text that was not used before.
func (f *panicFixture) unique(what string) string {
	f.n++
	return fmt.Sprintf("%s%s-%d-%d", Marker, what, time.Now().UnixNano(), f.n)
}

// expect sends a request, and expects this status and, if the backend was reached,
// this user. Where a panic may have occurred, a 500 without the backend is as good.
func (f *panicFixture) expect(status int, user string, request Request) {
	f.t.Helper()
	begun := time.Now()
	r, err := f.Try(request)
	if waited := time.Since(begun); waited > maxHang {
		f.t.Errorf("%s: a response after %s", request.Route, waited)
	}
	reached := r.Header.Get(backendHeader) != ""
	switch {
	case err != nil:
		f.t.Errorf("%s: no response: %v", request.Route, err)
	case f.enabled && r.Status == 500 && !reached:
		if status == 200 {
			f.lost.Add(1)
		}
	case r.Status != status || reached != (status == 200):
		f.t.Errorf("%s %v: %d %s, want %d", request.Route, redact(request.Headers), r.Status, r.Body, status)
		if reached {
			f.Counters.falseAccepts.Add(1)
		} else if status == 200 {
			f.Counters.falseRejects.Add(1)
		}
	case r.Seen != nil && user != "" && r.Seen.Header.Get("X-Auth-User") != user:
		f.t.Errorf("%s: another user's identity: %q", request.Route, r.Seen.Header.Get("X-Auth-User"))
		f.Counters.falseAccepts.Add(1)
	case r.Seen != nil && strings.Contains(fmt.Sprint(r.Seen.Header), "forged"):
		f.t.Errorf("%s: a client's identity header reached the backend", request.Route)
		f.Counters.falseAccepts.Add(1)
	}
}

// expectOrLimited expects a 200; where a panic may have occurred, a 429 is as good.
func (f *panicFixture) expectOrLimited(request Request) {
	f.t.Helper()
	if !f.enabled {
		f.expect(200, "", request)
		return
	}
	r, err := f.Try(request)
	if err != nil || r.Status != 200 && r.Status != 429 && r.Status != 500 || (r.Header.Get(backendHeader) != "") != (r.Status == 200) {
		f.t.Errorf("%s: %d, %v", request.Route, r.Status, err)
	}
}

// timeout is that of lookups. A request that waits for one that was lost in a panic waits
// that long; without a panic, all that is not to end by it has to succeed.
func (f *panicFixture) timeout(short string) string {
	if f.enabled {
		return short
	}
	return "5s"
}

// apply applies a configuration, with a timeout where it has none.
func (f *panicFixture) apply(routes Routes) {
	f.t.Helper()
	for _, config := range routes {
		if config["mode"] == "issuer" {
			continue // it makes no calls
		}
		for _, inner := range config {
			inner, ok := inner.(map[string]any)
			if ok && inner["url"] != nil && inner["timeout"] == nil {
				inner["timeout"] = f.timeout("1s")
			}
		}
	}
	before := f.fired != nil && f.fired()
	if err := f.Apply(routes); err != nil {
		f.t.Errorf("not served: %v", err)
	}
	f.built = f.built || (f.fired != nil && !before && f.fired())
	f.Backend.TakeSeen()
}

// advance moves the clock; where the level has none, it returns false.
func (f *panicFixture) advance(d time.Duration) bool {
	if f.Clock() == nil {
		return false
	}
	f.Clock().Advance(d)
	return true
}

// Panics runs the steps, once for every point that they pass, with a panic there.
// Each request must get its response or a 500, and the same step must succeed
// afterwards. A point where no panic occurs must be excused, and no other may be.
func Panics(t *testing.T, h *Harness, injector Injector, points []string, excused map[string]string) {
	passedBy := map[string][]panicStep{}
	rank := map[string]int{} // the quick steps first, roughly; of those as quick, the simplest
	steps := panicSteps
	if h.Clock() != nil { // behind Traefik each is a reload
		steps = slices.Concat(steps, faultySteps(t))
	}
	for _, step := range steps {
		begun := time.Now()
		f := &panicFixture{Harness: h, t: t}
		passed, err := injector.Trace(func() { step.run(f) })
		if err != nil {
			t.Fatal(err)
		}
		if t.Failed() {
			t.Fatalf("%s: fails without a panic", step.name)
		}
		rank[step.name] = len(passed)
		for took := time.Since(begun); took > 50*time.Millisecond; took /= 4 {
			rank[step.name] += len(points)
		}
		for point := range passed {
			passedBy[point] = append(passedBy[point], step)
		}
	}
	total := 0
	for _, point := range points {
		fired, steps := false, passedBy[point]
		slices.SortFunc(steps, func(a, b panicStep) int { return cmp.Compare(rank[a.name], rank[b.name]) })
		_, excuse := excused[point]
		for tries := 0; tries == 0 || tries < 3 && !fired && !excuse; tries++ { // a busy machine may miss the moment
			for _, step := range steps {
				fired = fired || h.runWithPanic(t, injector, step, point) // in the simplest step that reaches it
			}
		}
		if fired {
			total++
		}
		if excuse == fired {
			t.Errorf("%s: panicked: %t, excused: %t", point, fired, excuse)
		}
	}
	t.Logf("%d panics occurred, at %d points", total, len(points))
}

// failureRecorder tells whether one step has failed.
type failureRecorder struct {
	testing.TB
	failed atomic.Bool
}

func (r *failureRecorder) Error(args ...any) {
	r.TB.Helper()
	r.failed.Store(true)
	r.TB.Error(args...)
}

func (r *failureRecorder) Errorf(format string, args ...any) {
	r.TB.Helper()
	r.failed.Store(true)
	r.TB.Errorf(format, args...)
}

// runWithPanic runs a step with one panic enabled, and again without. Before the
// second run the clock moves on, so that distrust, rate limits and open circuits have
// ended.
func (h *Harness) runWithPanic(t *testing.T, injector Injector, step panicStep, point string) (wentOff bool) {
	r := &failureRecorder{TB: t}
	if h.Clock() != nil {
		h.Clock().Advance(10 * time.Second)
	}
	if err := injector.Enable(point); err != nil {
		t.Fatal(err)
	}
	f := &panicFixture{Harness: h, t: r, enabled: true, fired: injector.Fired}
	step.run(f)
	if lost := f.lost.Load(); lost > 1 && !f.built && !step.shares {
		r.Errorf("%d requests were lost", lost)
	}
	wentOff = injector.Disable()
	if !wentOff {
		return false
	}
	if h.Clock() != nil {
		h.Clock().Advance(2 * time.Hour)
	}
	step.run(&panicFixture{Harness: h, t: r})
	if r.failed.Load() {
		t.Errorf("the errors above: in %q, with a panic at %s or after it", step.name, point)
	}
	return wentOff
}
