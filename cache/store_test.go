package cache

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

func TestAnEntryEndsWithItsLifetimeOrWithItself(t *testing.T) {
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

func TestTheLeastRecentlyUsedLeavesFirst(t *testing.T) {
	w := newWorld(t)
	p := usual()
	p.Size = 3
	c := w.cache(p)
	for _, token := range []string{"a", "b", "c"} {
		w.expect(c, bearer(token), "", 1)
	}
	w.expect(c, bearer("a"), "", 0)
	w.expect(c, bearer("d"), "", 1) // in the place of b
	w.expect(c, bearer("a"), "", 0)
	w.expect(c, bearer("c"), "", 0)
	w.expect(c, bearer("d"), "", 0)
	w.expect(c, bearer("b"), "", 1)
}

func TestAFloodOfJunkEvictsNothingGoodAndStaysBounded(t *testing.T) {
	w := newWorld(t)
	p := usual()
	p.Size, p.NegativeSize = 3, 5
	c := w.cache(p)
	for _, token := range []string{"a", "b", "c"} {
		w.expect(c, bearer(token), "", 1)
	}
	w.turn(refuse(verifier.Invalid))
	for i := 0; i < 1000; i++ {
		w.expect(c, bearer(fmt.Sprint("junk", i)), verifier.Invalid, 1)
	}
	w.turn(down)
	for _, token := range []string{"a", "b", "c"} {
		w.expect(c, bearer(token), "", 0)
	}
	if got := c.scope.answers.denied.count(); got != 5 {
		t.Errorf("%d refusals are held, room is for 5", got)
	}
	w.expect(c, bearer("junk999"), verifier.Invalid, 0)
	w.expect(c, bearer("junk995"), verifier.Invalid, 0)
	w.expect(c, bearer("junk994"), verifier.Unavailable, 1)
}

func TestAFloodOfGoodCredentialsStaysBounded(t *testing.T) {
	w := newWorld(t)
	p := usual()
	p.Size = 10
	c, front := w.join(context.Background(), "scope", "plan", p, false)
	for i := 0; i < 1000; i++ {
		credential := bearer(fmt.Sprint(i))
		d := w.expect(c, credential, "", 1)
		c.Prebuild(credential, d, front.Line(credential.Token), &Prebuilt{})
	}
	if c.scope.answers.allowed.count() != 10 || len(front.Answers) != 10 {
		t.Errorf("%d held, %d ready; room is for 10", c.scope.answers.allowed.count(), len(front.Answers))
	}
}
