package cache

import (
	"context"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// readyNo tells whether a refusal stands ready now, as the hit path finds it.
func (w *fixture) readyNo(f *FastPath, line string) bool {
	f.Lock.Lock()
	defer f.Lock.Unlock()
	x := f.Answers[f.Line(line)]
	age := w.Now().Sub(w.registry.start)
	if x == nil {
		return false
	}
	if x.Status == 0 || age < x.Until {
		w.t.Error("a refusal lets in")
	}
	return age < x.RepeatUntil && age >= x.From
}

// coldNo has a credential refused, and the remembered refusal made ready.
func (w *fixture) coldNo(c *Cache, f *FastPath, token string) {
	w.t.Helper()
	first := w.expect(c, bearer(token), verifier.Invalid, 1)
	if first.Answer != 0 {
		w.t.Error("a refusal that is new would be made ready: junk comes once")
	}
	d := w.expect(c, bearer(token), verifier.Invalid, 0)
	c.Prebuild(bearer(token), d, f.Line(token), &Prebuilt{Status: 401})
	if !w.readyNo(f, token) {
		w.t.Fatal("the refusal is not ready")
	}
}

func TestARefusalStandsReadyForAsLongAsItIsRemembered(t *testing.T) {
	w := newWorld(t)
	w.move(time.Hour)
	w.turn(refuse(verifier.Invalid))
	c, f := w.join(context.Background(), "scope", "plan", usual(), false)
	w.coldNo(c, f, "x")
	w.move(30*time.Second - 1)
	if !w.readyNo(f, "x") {
		t.Error("it ended too early")
	}
	w.move(1)
	if w.readyNo(f, "x") {
		t.Error("it is ready after its end")
	}
	w.move(-3 * time.Hour) // to before the process began
	if w.readyNo(f, "x") {
		t.Error("it is ready before it was asked about")
	}
}

func TestAReadyRefusalGivesWay(t *testing.T) {
	for name, act := range map[string]func(w *fixture, c *Cache, l *Logins){
		"to a yes": func(w *fixture, c *Cache, _ *Logins) {
			w.turn(yes)
			w.move(31 * time.Second)
			w.expect(c, bearer("x"), "", 1)
		},
		"to a forgetting": func(_ *fixture, c *Cache, _ *Logins) { c.Forget(bearer("x")) },
		"to a login":      func(_ *fixture, _ *Cache, l *Logins) { l.Add("x") },
		"to other junk": func(w *fixture, c *Cache, _ *Logins) {
			for _, token := range []string{"a", "b", "c"} {
				w.expect(c, bearer(token), verifier.Invalid, 1)
			}
		},
	} {
		w := newWorld(t)
		w.turn(refuse(verifier.Invalid))
		p := usual()
		p.NegativeSize = 3
		l := w.registry.loginsNamed("panel")
		c := w.believes(l, "", p)
		w.coldNo(c, c.fastPath, "x")
		act(w, c, l)
		if len(c.fastPath.Answers) != 0 {
			t.Errorf("%s: the refusal is still ready", name)
		}
	}
}

// The refusal that is hit stays, as the good credential does.
func TestAHitOnARefusalIsAUse(t *testing.T) {
	w := newWorld(t)
	w.turn(refuse(verifier.Invalid))
	p := usual()
	p.NegativeSize = 2
	c, f := w.join(context.Background(), "scope", "plan", p, false)
	w.coldNo(c, f, "x")
	w.expect(c, bearer("y"), verifier.Invalid, 1)
	x := f.Answers[f.Line("x")]
	x.Order.MoveToFront(x.Place)
	w.expect(c, bearer("z"), verifier.Invalid, 1)
	if !w.readyNo(f, "x") {
		t.Error("not the least recently used has left")
	}
	w.expect(c, bearer("y"), verifier.Invalid, 1)
}
