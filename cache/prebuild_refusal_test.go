package cache

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// refusalPrebuilt tells whether a refusal stands ready now, as the hit path finds it.
func (fx *fixture) refusalPrebuilt(path *FastPath, line string) bool {
	path.Lock.Lock()
	defer path.Lock.Unlock()
	x := path.Answers[path.Line(line)]
	age := fx.Now().Sub(fx.registry.start)
	if x == nil {
		return false
	}
	if x.Status == 0 || age < x.Until {
		fx.t.Error("a refusal lets in")
	}
	return age < x.RepeatUntil && age >= x.From
}

// prebuildRefusal has a credential refused, and the remembered refusal made ready.
func (fx *fixture) prebuildRefusal(c *Cache, path *FastPath, token string) {
	fx.t.Helper()
	first := fx.expect(c, bearer(token), verifier.Invalid, 1)
	if first.Answer != 0 {
		fx.t.Error("a refusal that is new would be made ready: junk comes once")
	}
	d := fx.expect(c, bearer(token), verifier.Invalid, 0)
	c.Prebuild(bearer(token), d, path.Line(token), &Prebuilt{Status: 401})
	if !fx.refusalPrebuilt(path, token) {
		fx.t.Fatal("the refusal is not ready")
	}
}

func TestPrebuildRefusal(t *testing.T) {
	t.Run("it holds for as long as the denial is remembered", func(t *testing.T) {
		fx := newFixture(t)
		fx.advance(time.Hour)
		fx.respond(deny(verifier.Invalid))
		c, path := fx.join(context.Background(), "scope", "plan", usual(), false)
		fx.prebuildRefusal(c, path, "x")
		fx.advance(30*time.Second - 1)
		if !fx.refusalPrebuilt(path, "x") {
			t.Error("it ended too early")
		}
		fx.advance(1)
		if fx.refusalPrebuilt(path, "x") {
			t.Error("it is ready after its end")
		}
		fx.advance(-3 * time.Hour) // to before the process began
		if fx.refusalPrebuilt(path, "x") {
			t.Error("it is ready before it was asked about")
		}
	})

	t.Run("it is dropped with the denial", func(t *testing.T) {
		for name, act := range map[string]func(fx *fixture, c *Cache, logins *Logins){
			"to a yes": func(fx *fixture, c *Cache, _ *Logins) {
				fx.respond(allow)
				fx.advance(31 * time.Second)
				fx.expect(c, bearer("x"), "", 1)
			},
			"to a forgetting": func(_ *fixture, c *Cache, _ *Logins) { c.Forget(bearer("x")) },
			"to a login":      func(_ *fixture, _ *Cache, logins *Logins) { logins.Add("x") },
			"to other junk": func(fx *fixture, c *Cache, _ *Logins) {
				for _, token := range []string{"a", "b", "c"} {
					fx.expect(c, bearer(token), verifier.Invalid, 1)
				}
			},
		} {
			fx := newFixture(t)
			fx.respond(deny(verifier.Invalid))
			p := usual()
			p.NegativeSize = 3
			logins := fx.registry.loginsNamed("panel")
			c := fx.trusting(logins, "", p)
			fx.prebuildRefusal(c, c.fastPath, "x")
			act(fx, c, logins)
			if len(c.fastPath.Answers) != 0 {
				t.Errorf("%s: the refusal is still ready", name)
			}
		}
	})

	// The refusal that is hit stays, as the good credential does.
	t.Run("a hit counts as a use", func(t *testing.T) {
		fx := newFixture(t)
		fx.respond(deny(verifier.Invalid))
		p := usual()
		p.NegativeSize = 2
		c, path := fx.join(context.Background(), "scope", "plan", p, false)
		fx.prebuildRefusal(c, path, "x")
		fx.expect(c, bearer("y"), verifier.Invalid, 1)
		x := path.Answers[path.Line("x")]
		x.Order.MoveToFront(x.Place)
		fx.expect(c, bearer("z"), verifier.Invalid, 1)
		if !fx.refusalPrebuilt(path, "x") {
			t.Error("not the least recently used has left")
		}
		fx.expect(c, bearer("y"), verifier.Invalid, 1)
	})

	// What stands ready is bounded with the refusals themselves, in every path.
	t.Run("a flood of fake credentials stays bounded", func(t *testing.T) {
		fx := newFixture(t)
		p := usual()
		p.Size, p.NegativeSize = 2, 3
		c, path := fx.join(context.Background(), "scope", "plan", p, false)
		fx.prebuild(c, path, bearer("valid"), "valid")
		fx.respond(deny(verifier.Invalid))
		for i := 0; i < 500; i++ {
			fx.prebuildRefusal(c, path, fmt.Sprint("fake", i))
		}
		if len(path.Answers) != 4 || fx.prebuilt(path, "valid") != "valid" {
			t.Errorf("%d lines are ready; room is for the good one and 3", len(path.Answers))
		}
	})
}
