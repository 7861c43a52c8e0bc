package cache

import (
	"context"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// prebuild verifies a credential and prebuilds its answer for a line.
func (fx *fixture) prebuild(c *Cache, path *FastPath, credential verifier.Credential, line string) {
	fx.t.Helper()
	d, err := c.Verify(context.Background(), credential, client)
	if err != nil || !d.Allowed {
		fx.t.Fatalf("%+v (%v)", d, err)
	}
	c.Prebuild(credential, d, path.Line(line), response(credential.Token))
}

// prebuilt returns the user that the hit path would answer a line with now; empty: it
// would not.
func (fx *fixture) prebuilt(path *FastPath, line string) string {
	path.Lock.Lock()
	defer path.Lock.Unlock()
	p := path.Answers[path.Line(line)]
	if p == nil || fx.Now().Sub(fx.registry.start) >= p.Until {
		return ""
	}
	p.Order.MoveToFront(p.Place)
	return p.Values[0]
}

// response is the response to an allowed request, with a user.
func response(user string) *Prebuilt {
	return &Prebuilt{Names: []string{"X-Auth-User"}, Values: []string{user}}
}

func TestPrebuild(t *testing.T) {
	t.Run("an answer holds until it ends", func(t *testing.T) {
		fx := newFixture(t)
		fx.advance(time.Hour) // the process is older than the credential
		c, path := fx.join(context.Background(), "scope", "key", usual(), false)
		fx.prebuild(c, path, bearer("x"), "Bearer x")
		if fx.prebuilt(path, "Bearer x") != "x" || fx.prebuilt(path, "bearer x") != "" || fx.prebuilt(path, "Bearer y") != "" {
			t.Error("another line than the one is prebuilt")
		}
		fx.advance(10*time.Hour - 1)
		if fx.prebuilt(path, "Bearer x") != "x" {
			t.Error("it ended early")
		}
		fx.advance(1)
		if fx.prebuilt(path, "Bearer x") != "" {
			t.Error("a hit after expiry")
		}
	})

	t.Run("an answer that is replaced is dropped", func(t *testing.T) {
		for name, answer := range map[string]verifies{"another allow": allow, "a denial": deny(verifier.Invalid)} {
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
				t.Errorf("%s: the old answer is still prebuilt", name)
			}
		}
	})

	t.Run("an answer that was replaced before is not taken", func(t *testing.T) {
		fx := newFixture(t)
		c, path := fx.join(context.Background(), "scope", "key", usual(), false)
		old, _ := c.Verify(context.Background(), bearer("x"), client)
		fx.advance(10 * time.Hour)
		fx.expect(c, bearer("x"), "", 1)
		c.Prebuild(bearer("x"), old, path.Line("Bearer x"), response("old"))
		if len(path.Answers) != 0 {
			t.Error("an old answer was prebuilt")
		}
		d, _ := c.Verify(context.Background(), bearer("x"), client)
		if c.Prebuilt(path.Line("Bearer x"), d.Answer) != nil {
			t.Error("an answer is prebuilt that no caller asked for")
		}
		c.Prebuild(bearer("x"), d, path.Line("Bearer x"), response("new"))
		if got := c.Prebuilt(path.Line("Bearer x"), d.Answer); got == nil || got.Values[0] != "new" {
			t.Errorf("prebuilt: %v", got)
		}
		if c.Prebuilt(path.Line("Bearer x"), old.Answer) != nil {
			t.Error("the new values are returned for the old answer")
		}
		c.Prebuild(bearer("unknown"), d, path.Line("Bearer unknown"), response("x"))
		if len(path.Answers) != 1 {
			t.Error("an unknown credential was prebuilt")
		}
	})
}
