package scenario

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// Field is a plugin with panics planted in it, of which one can be armed.
type Field interface {
	Arm(point string) error
	Disarm() (wentOff bool)
	Trace(do func()) (passed map[string]bool, err error)
}

// maxHang is the longest that any reply may take beside a panic: longer than
// every time limit of the acts.
const maxHang = 8 * time.Second

// Exam is one act under way.
type Exam struct {
	*Gate
	t     testing.TB
	armed bool // a panic may go off: 500 is an answer then
	n     int  // numbers what has to be new
}

// fresh is a text that nobody has used.
func (x *Exam) fresh(what string) string {
	x.n++
	return fmt.Sprintf("%s%s-%d-%d", Marker, what, time.Now().UnixNano(), x.n)
}

// want sends a call, and expects this status, with this user seen by the
// backend if there is one; or, where a panic may have gone off, a 500 that
// never reached the backend.
func (x *Exam) want(status int, user string, c Call) {
	x.t.Helper()
	begun := time.Now()
	r, err := x.Try(c)
	if waited := time.Since(begun); waited > maxHang {
		x.t.Errorf("%s: a reply after %s", c.Route, waited)
	}
	reached := r.Header.Get(backendMark) != ""
	switch {
	case err != nil:
		x.t.Errorf("%s: no reply: %v", c.Route, err)
	case x.armed && r.Status == 500 && !reached:
	case r.Status != status || reached != (status == 200):
		x.t.Errorf("%s %v: %d %s, want %d", c.Route, redact(c.Lines), r.Status, r.Body, status)
		if reached {
			x.Tally.wrongYes.Add(1)
		} else if status == 200 {
			x.Tally.wrongNo.Add(1)
		}
	case r.Seen != nil && user != "" && r.Seen.Header.Get("X-Auth-User") != user:
		x.t.Errorf("%s: taken for %q", c.Route, r.Seen.Header.Get("X-Auth-User"))
		x.Tally.wrongYes.Add(1)
	case r.Seen != nil && strings.Contains(fmt.Sprint(r.Seen.Header), "forged"):
		x.t.Errorf("%s: the backend believes what the client says", c.Route)
		x.Tally.wrongYes.Add(1)
	}
}

// serve applies a configuration, with little patience where it does not say:
// whoever waits for what a panic has lost waits that long.
func (x *Exam) serve(routes Routes) {
	x.t.Helper()
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
	if err := x.Apply(routes); err != nil {
		x.t.Errorf("not served: %v", err)
	}
	x.Backend.Seen()
}

// pass lets time go by where it can be moved; elsewhere what follows is left out.
func (x *Exam) pass(d time.Duration) bool {
	if x.Clock() == nil {
		return false
	}
	x.Clock().Advance(d)
	return true
}

// Panics has every panic go off that an act passes, in one act each, and looks
// whether the act's requests get their answer or 500, and all is well
// afterwards. A point that does not go off needs an excuse.
func Panics(t *testing.T, g *Gate, f Field, points []string, excused map[string]string) {
	passedBy := map[string][]Act{}
	took := map[string]time.Duration{}
	for _, act := range Acts {
		begun := time.Now()
		x := &Exam{Gate: g, t: t}
		passed, err := f.Trace(func() { act.Play(x) })
		if err != nil {
			t.Fatal(err)
		}
		if t.Failed() {
			t.Fatalf("%s: fails without a panic", act.Name)
		}
		took[act.Name] = time.Since(begun)
		for point := range passed {
			passedBy[point] = append(passedBy[point], act)
		}
	}
	went := 0
	for _, point := range points {
		wentOff, acts := false, passedBy[point]
		slices.SortFunc(acts, func(a, b Act) int { return cmp.Compare(took[a.Name], took[b.Name]) })
		for _, act := range acts {
			wentOff = wentOff || g.panicAt(t, f, act, point) // in the quickest that does
		}
		if wentOff {
			went++
		}
		if _, excuse := excused[point]; excuse == wentOff {
			t.Errorf("%s: went off: %t, excused: %t", point, wentOff, excuse)
		}
	}
	t.Logf("%d panics went off, of %d that are planted", went, len(points))
}

// panicAt plays an act with one panic armed, and again without. What was
// distrusted, cooling down or left alone heals with time; what is done once in
// a while is due again.
func (g *Gate) panicAt(t *testing.T, f Field, act Act, point string) (wentOff bool) {
	failed := t.Failed()
	if g.Clock() != nil {
		g.Clock().Advance(10 * time.Second)
	}
	if err := f.Arm(point); err != nil {
		t.Fatal(err)
	}
	act.Play(&Exam{Gate: g, t: t, armed: true})
	wentOff = f.Disarm()
	if !wentOff {
		return false
	}
	if g.Clock() != nil {
		g.Clock().Advance(2 * time.Hour)
	}
	act.Play(&Exam{Gate: g, t: t})
	if t.Failed() && !failed {
		t.Errorf("^ in %q, with a panic at %s, or afterwards", act.Name, point)
	}
	return wentOff
}
