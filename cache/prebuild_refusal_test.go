package cache

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/logins"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// refusalPrebuilt tells whether the hit path would refuse a line now.
func (fx *fixture) refusalPrebuilt(path *FastPath, line string) bool {
	path.Lock.Lock()
	defer path.Lock.Unlock()
	p := path.Answers[path.Line(line)]
	age := fx.Now().Sub(fx.registry.start)
	if p == nil {
		return false
	}
	if p.Status == 0 || age < p.Until {
		fx.t.Error("the hit path would allow a refusal")
	}
	return age < p.RepeatUntil && age >= p.From
}

// prebuildRefusal has a credential denied, and the remembered denial prebuilt.
func (fx *fixture) prebuildRefusal(c *Cache, path *FastPath, token string) {
	fx.t.Helper()
	first := fx.expect(c, bearer(token), verifier.Invalid, 1)
	if first.Answer != 0 {
		fx.t.Error("a new denial has a number to be prebuilt by: fake credentials come once")
	}
	d := fx.expect(c, bearer(token), verifier.Invalid, 0)
	c.Prebuild(bearer(token), d, path.Line(token), &Prebuilt{Status: 401})
	if !fx.refusalPrebuilt(path, token) {
		fx.t.Fatal("the refusal is not prebuilt")
	}
}

func TestPrebuildRefusal(t *testing.T) {
	t.Run("it holds for as long as the denial is remembered", func(t *testing.T) {
		fx := newFixture(t)
		fx.advance(time.Hour)
		fx.respond(deny(verifier.Invalid))
		c, path := fx.join(context.Background(), "scope", "key", usual(), false)
		fx.prebuildRefusal(c, path, "x")
		fx.advance(30*time.Second - 1)
		if !fx.refusalPrebuilt(path, "x") {
			t.Error("it ended early")
		}
		fx.advance(1)
		if fx.refusalPrebuilt(path, "x") {
			t.Error("it holds after its end")
		}
		fx.advance(-3 * time.Hour) // to before the process began
		if fx.refusalPrebuilt(path, "x") {
			t.Error("it holds before the upstream was asked")
		}
	})

	t.Run("it is dropped with the denial", func(t *testing.T) {
		for name, act := range map[string]func(fx *fixture, c *Cache, seen *logins.Logins){
			"an allow": func(fx *fixture, c *Cache, _ *logins.Logins) {
				fx.respond(allow)
				fx.advance(31 * time.Second)
				fx.expect(c, bearer("x"), "", 1)
			},
			"a logout": func(_ *fixture, c *Cache, _ *logins.Logins) { c.scope.forget(bearer("x")) },
			"a login":  func(_ *fixture, _ *Cache, seen *logins.Logins) { seen.Add("x") },
			"other fake credentials": func(fx *fixture, c *Cache, _ *logins.Logins) {
				for _, token := range []string{"a", "b", "c"} {
					fx.expect(c, bearer(token), verifier.Invalid, 1)
				}
			},
		} {
			fx := newFixture(t)
			fx.respond(deny(verifier.Invalid))
			p := usual()
			p.NegativeSize = 3
			seen := fx.loginsOf("panel")
			c := fx.trusting(seen, "", p)
			fx.prebuildRefusal(c, c.fastPath, "x")
			act(fx, c, seen)
			if len(c.fastPath.Answers) != 0 {
				t.Errorf("%s: the refusal is still prebuilt", name)
			}
		}
	})

	t.Run("a hit counts as a use", func(t *testing.T) {
		fx := newFixture(t)
		fx.respond(deny(verifier.Invalid))
		p := usual()
		p.NegativeSize = 2
		c, path := fx.join(context.Background(), "scope", "key", p, false)
		fx.prebuildRefusal(c, path, "x")
		fx.expect(c, bearer("y"), verifier.Invalid, 1)
		refused := path.Answers[path.Line("x")]
		refused.Order.MoveToFront(refused.Place)
		fx.expect(c, bearer("z"), verifier.Invalid, 1)
		if !fx.refusalPrebuilt(path, "x") {
			t.Error("another than the least recently used was dropped")
		}
		fx.expect(c, bearer("y"), verifier.Invalid, 1)
	})

	// With the number of denials that of prebuilt refusals is bounded.
	t.Run("a flood of fake credentials stays bounded", func(t *testing.T) {
		fx := newFixture(t)
		p := usual()
		p.Size, p.NegativeSize = 2, 3
		c, path := fx.join(context.Background(), "scope", "key", p, false)
		fx.prebuild(c, path, bearer("valid"), "valid")
		fx.respond(deny(verifier.Invalid))
		for i := 0; i < 500; i++ {
			fx.prebuildRefusal(c, path, fmt.Sprint("fake", i))
		}
		if len(path.Answers) != 4 || fx.prebuilt(path, "valid") != "valid" {
			t.Errorf("%d lines are prebuilt, want the valid one and 3", len(path.Answers))
		}
	})
}
