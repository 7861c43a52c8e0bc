package cache

import (
	"context"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// prebuild verifies a credential and makes its answer ready for a line.
func (fx *fixture) prebuild(c *Cache, path *FastPath, credential verifier.Credential, line string) {
	fx.t.Helper()
	d, err := c.Verify(context.Background(), credential, client)
	if err != nil || !d.Allowed {
		fx.t.Fatalf("%+v (%v)", d, err)
	}
	c.Prebuild(credential, d, path.Line(line), response(credential.Token))
}

// prebuilt tells whether a front answers a line now, and as whom, as the hit path
// does it.
func (fx *fixture) prebuilt(path *FastPath, line string) string {
	path.Lock.Lock()
	defer path.Lock.Unlock()
	x := path.Answers[path.Line(line)]
	if x == nil || fx.Now().Sub(fx.registry.start) >= x.Until {
		return ""
	}
	x.Order.MoveToFront(x.Place)
	return x.Values[0][0]
}

// response is an answer that says who is calling.
func response(who string) *Prebuilt {
	return &Prebuilt{Names: []string{"X-Auth-User"}, Values: [][]string{{who}}}
}

func TestPrebuild(t *testing.T) {
	t.Run("an answer holds until it ends", func(t *testing.T) {
		fx := newFixture(t)
		fx.advance(time.Hour) // the process is older than the credential
		c, path := fx.join(context.Background(), "scope", "plan", usual(), false)
		fx.prebuild(c, path, bearer("x"), "Bearer x")
		if fx.prebuilt(path, "Bearer x") != "x" || fx.prebuilt(path, "bearer x") != "" || fx.prebuilt(path, "Bearer y") != "" {
			t.Error("not the one line is ready")
		}
		fx.advance(10*time.Hour - 1)
		if fx.prebuilt(path, "Bearer x") != "x" {
			t.Error("it ended too early")
		}
		fx.advance(1)
		if fx.prebuilt(path, "Bearer x") != "" {
			t.Error("a hit after expiry")
		}
	})

	t.Run("an answer that is replaced is dropped", func(t *testing.T) {
		for name, answer := range map[string]verifies{"another yes": allow, "a refusal": deny(verifier.Invalid)} {
			fx := newFixture(t)
			short := usual()
			short.Lifetime = time.Hour
			c, path := fx.join(context.Background(), "scope", "long", usual(), false)
			brief, _ := fx.join(context.Background(), "scope", "short", short, false)
			fx.prebuild(c, path, bearer("x"), "Bearer x")
			fx.advance(time.Hour)
			fx.respond(answer)
			if _, err := brief.Verify(context.Background(), bearer("x"), client); err != nil {
				t.Fatal(err)
			}
			if fx.prebuilt(path, "Bearer x") != "" || len(path.Answers) != 0 {
				t.Errorf("%s: the old answer is still ready", name)
			}
		}
	})

	t.Run("an answer that was replaced before is not taken", func(t *testing.T) {
		fx := newFixture(t)
		c, path := fx.join(context.Background(), "scope", "plan", usual(), false)
		old, _ := c.Verify(context.Background(), bearer("x"), client)
		fx.advance(10 * time.Hour)
		fx.expect(c, bearer("x"), "", 1)
		c.Prebuild(bearer("x"), old, path.Line("Bearer x"), response("old"))
		if len(path.Answers) != 0 {
			t.Error("an old answer became ready")
		}
		d, _ := c.Verify(context.Background(), bearer("x"), client)
		if c.Prebuilt(path.Line("Bearer x"), d.Answer) != nil {
			t.Error("something is ready for nobody")
		}
		c.Prebuild(bearer("x"), d, path.Line("Bearer x"), response("new"))
		if got := c.Prebuilt(path.Line("Bearer x"), d.Answer); got == nil || got.Values[0][0] != "new" {
			t.Errorf("ready: %v", got)
		}
		if c.Prebuilt(path.Line("Bearer x"), old.Answer) != nil {
			t.Error("the new values are given out for the old answer")
		}
		c.Prebuild(bearer("nobody"), d, path.Line("Bearer nobody"), response("x"))
		if len(path.Answers) != 1 {
			t.Error("an unknown credential became ready")
		}
	})
}
