package cache

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

func TestEntryEnd(t *testing.T) {
	at := func(d time.Duration) time.Time {
		return time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC).Add(d)
	}
	const hour = time.Hour
	never := time.Time{}
	cases := []struct {
		name                  string
		asked, issued, expire time.Time
		lifetime              time.Duration
		want                  time.Time
	}{
		{"first seen", at(0), at(0), never, hour, at(hour)},
		{"issued before", at(0), at(-20 * time.Minute), never, hour, at(40 * time.Minute)},
		{"issued a lifetime ago", at(0), at(-hour), never, hour, at(hour)},
		{"issued long ago", at(0), at(-1000 * hour), never, hour, at(hour)},
		{"issued just within it", at(0), at(-hour + 1), never, hour, at(1)},
		{"its own end comes first", at(0), at(0), at(time.Minute), hour, at(time.Minute)},
		{"its own end comes later", at(0), at(0), at(2 * hour), hour, at(hour)},
		{"issued long ago, and its own end comes first", at(0), at(-1000 * hour), at(time.Minute), hour, at(time.Minute)},
		{"its own end is over", at(0), at(-hour), at(-1), hour, at(-1)},
	}
	for _, c := range cases {
		e := &entry{asked: c.asked, issued: c.issued, expires: c.expire}
		if got := e.end(c.lifetime); !got.Equal(c.want) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestStore(t *testing.T) {
	t.Run("the least recently used is dropped first", func(t *testing.T) {
		fx := newFixture(t)
		p := usual()
		p.Size = 3
		c := fx.cache(p)
		for _, token := range []string{"a", "b", "c"} {
			fx.expect(c, bearer(token), "", 1)
		}
		fx.expect(c, bearer("a"), "", 0)
		fx.expect(c, bearer("d"), "", 1) // in the place of b
		fx.expect(c, bearer("a"), "", 0)
		fx.expect(c, bearer("c"), "", 0)
		fx.expect(c, bearer("d"), "", 0)
		fx.expect(c, bearer("b"), "", 1)
	})

	t.Run("a flood of fake credentials evicts no valid one and stays bounded", func(t *testing.T) {
		fx := newFixture(t)
		p := usual()
		p.Size, p.NegativeSize = 3, 5
		c := fx.cache(p)
		for _, token := range []string{"a", "b", "c"} {
			fx.expect(c, bearer(token), "", 1)
		}
		fx.respond(deny(verifier.Invalid))
		for i := 0; i < 1000; i++ {
			fx.expect(c, bearer(fmt.Sprint("fake", i)), verifier.Invalid, 1)
		}
		fx.respond(fail)
		for _, token := range []string{"a", "b", "c"} {
			fx.expect(c, bearer(token), "", 0)
		}
		if got := c.scope.answers.denied.count(); got != 5 {
			t.Errorf("%d denials are held, want 5", got)
		}
		fx.expect(c, bearer("fake999"), verifier.Invalid, 0)
		fx.expect(c, bearer("fake995"), verifier.Invalid, 0)
		fx.expect(c, bearer("fake994"), verifier.Unavailable, 1)
	})

	t.Run("a flood of valid credentials stays bounded", func(t *testing.T) {
		fx := newFixture(t)
		p := usual()
		p.Size = 10
		c, path := fx.join(context.Background(), "scope", "key", p, false)
		for i := 0; i < 1000; i++ {
			credential := bearer(fmt.Sprint(i))
			d := fx.expect(c, credential, "", 1)
			c.Prebuild(credential, d, path.Line(credential.Token), &Prebuilt{})
		}
		if c.scope.answers.allowed.count() != 10 || len(path.Answers) != 10 {
			t.Errorf("%d held, %d prebuilt; want 10", c.scope.answers.allowed.count(), len(path.Answers))
		}
	})
}
