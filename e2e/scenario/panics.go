package scenario

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// Injector is a plugin with panics planted in it, of which one can be armed.
type Injector interface {
	Enable(point string) error
	Disable() (wentOff bool)
	Trace(do func()) (passed map[string]bool, err error)
}

// maxHang is the longest that any reply may take beside a panic: longer than
// every time limit of the acts.
const maxHang = 8 * time.Second

// panicFixture is one act under way.
type panicFixture struct {
	*Harness
	t       testing.TB
	enabled bool // a panic may go off: 500 is an answer then
	n       int  // numbers what has to be new
}

// unique is a text that nobody has used.
func (f *panicFixture) unique(what string) string {
	f.n++
	return fmt.Sprintf("%s%s-%d-%d", Marker, what, time.Now().UnixNano(), f.n)
}

// expect sends a call, and expects this status, with this user seen by the
// backend if there is one; or, where a panic may have gone off, a 500 that
// never reached the backend.
func (f *panicFixture) expect(status int, user string, c Request) {
	f.t.Helper()
	begun := time.Now()
	r, err := f.Try(c)
	if waited := time.Since(begun); waited > maxHang {
		f.t.Errorf("%s: a reply after %s", c.Route, waited)
	}
	reached := r.Header.Get(backendHeader) != ""
	switch {
	case err != nil:
		f.t.Errorf("%s: no reply: %v", c.Route, err)
	case f.enabled && r.Status == 500 && !reached:
	case r.Status != status || reached != (status == 200):
		f.t.Errorf("%s %v: %d %s, want %d", c.Route, redact(c.Headers), r.Status, r.Body, status)
		if reached {
			f.Counters.falseAccepts.Add(1)
		} else if status == 200 {
			f.Counters.falseRejects.Add(1)
		}
	case r.Seen != nil && user != "" && r.Seen.Header.Get("X-Auth-User") != user:
		f.t.Errorf("%s: taken for %q", c.Route, r.Seen.Header.Get("X-Auth-User"))
		f.Counters.falseAccepts.Add(1)
	case r.Seen != nil && strings.Contains(fmt.Sprint(r.Seen.Header), "forged"):
		f.t.Errorf("%s: the backend believes what the client says", c.Route)
		f.Counters.falseAccepts.Add(1)
	}
}

// apply applies a configuration, with little patience where it does not say:
// whoever waits for what a panic has lost waits that long.
func (f *panicFixture) apply(routes Routes) {
	f.t.Helper()
	for _, config := range routes {
		if config["mode"] == "issuer" {
			continue // it asks nobody
		}
		for _, inner := range config {
			inner, ok := inner.(map[string]any)
			if ok && inner["url"] != nil && inner["timeout"] == nil {
				inner["timeout"] = "1s"
			}
		}
	}
	if err := f.Apply(routes); err != nil {
		f.t.Errorf("not served: %v", err)
	}
	f.Backend.TakeSeen()
}

// advance lets time go by where it can be moved; elsewhere what follows is left out.
func (f *panicFixture) advance(d time.Duration) bool {
	if f.Clock() == nil {
		return false
	}
	f.Clock().Advance(d)
	return true
}

// Panics has every panic go off that an act passes, in one act each, and looks
// whether the act's requests get their answer or 500, and all is well
// afterwards. A point that does not go off needs an excuse.
func Panics(t *testing.T, h *Harness, injector Injector, points []string, excused map[string]string) {
	passedBy := map[string][]panicStep{}
	took := map[string]time.Duration{}
	for _, step := range panicSteps {
		begun := time.Now()
		f := &panicFixture{Harness: h, t: t}
		passed, err := injector.Trace(func() { step.run(f) })
		if err != nil {
			t.Fatal(err)
		}
		if t.Failed() {
			t.Fatalf("%s: fails without a panic", step.name)
		}
		took[step.name] = time.Since(begun)
		for point := range passed {
			passedBy[point] = append(passedBy[point], step)
		}
	}
	went := 0
	for _, point := range points {
		fired, steps := false, passedBy[point]
		slices.SortFunc(steps, func(a, b panicStep) int { return cmp.Compare(took[a.name], took[b.name]) })
		for _, step := range steps {
			fired = fired || h.runWithPanic(t, injector, step, point) // in the quickest that does
		}
		if fired {
			went++
		}
		if _, excuse := excused[point]; excuse == fired {
			t.Errorf("%s: went off: %t, excused: %t", point, fired, excuse)
		}
	}
	t.Logf("%d panics went off, of %d that are planted", went, len(points))
}

// runWithPanic plays an act with one panic armed, and again without. What was
// distrusted, cooling down or left alone heals with time; what is done once in
// a while is due again.
func (h *Harness) runWithPanic(t *testing.T, injector Injector, step panicStep, point string) (wentOff bool) {
	failed := t.Failed()
	if h.Clock() != nil {
		h.Clock().Advance(10 * time.Second)
	}
	if err := injector.Enable(point); err != nil {
		t.Fatal(err)
	}
	step.run(&panicFixture{Harness: h, t: t, enabled: true})
	wentOff = injector.Disable()
	if !wentOff {
		return false
	}
	if h.Clock() != nil {
		h.Clock().Advance(2 * time.Hour)
	}
	step.run(&panicFixture{Harness: h, t: t})
	if t.Failed() && !failed {
		t.Errorf("^ in %q, with a panic at %s, or afterwards", step.name, point)
	}
	return wentOff
}
