package cache

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// hot verifies a credential and makes its answer ready for a line.
func (w *fixture) hot(c *Cache, f *FastPath, credential verifier.Credential, line string) {
	w.t.Helper()
	d, err := c.Verify(context.Background(), credential, client)
	if err != nil || !d.Allowed {
		w.t.Fatalf("%+v (%v)", d, err)
	}
	c.Prebuild(credential, d, f.Line(line), told(credential.Token))
}

// ready tells whether a front answers a line now, and as whom, as the hit path
// does it.
func (w *fixture) ready(f *FastPath, line string) string {
	f.Lock.Lock()
	defer f.Lock.Unlock()
	x := f.Answers[f.Line(line)]
	if x == nil || w.Now().Sub(w.registry.start) >= x.Until {
		return ""
	}
	x.Order.MoveToFront(x.Place)
	return x.Values[0][0]
}

// told is an answer that says who is calling.
func told(who string) *Prebuilt {
	return &Prebuilt{Names: []string{"X-Auth-User"}, Values: [][]string{{who}}}
}

func TestAnAnswerStandsReadyUntilItEnds(t *testing.T) {
	w := newWorld(t)
	w.move(time.Hour) // the process is older than the credential
	c, f := w.join(context.Background(), "scope", "plan", usual(), false)
	w.hot(c, f, bearer("x"), "Bearer x")
	if w.ready(f, "Bearer x") != "x" || w.ready(f, "bearer x") != "" || w.ready(f, "Bearer y") != "" {
		t.Error("not the one line is ready")
	}
	w.move(10*time.Hour - 1)
	if w.ready(f, "Bearer x") != "x" {
		t.Error("it ended too early")
	}
	w.move(1)
	if w.ready(f, "Bearer x") != "" {
		t.Error("a hit after expiry")
	}
}

func TestWhatIsReplacedOrForgottenIsNotReady(t *testing.T) {
	for name, answer := range map[string]verifies{"another yes": yes, "a refusal": refuse(verifier.Invalid)} {
		w := newWorld(t)
		short := usual()
		short.Lifetime = time.Hour
		c, f := w.join(context.Background(), "scope", "long", usual(), false)
		brief, _ := w.join(context.Background(), "scope", "short", short, false)
		w.hot(c, f, bearer("x"), "Bearer x")
		w.move(time.Hour)
		w.turn(answer)
		if _, err := brief.Verify(context.Background(), bearer("x"), client); err != nil {
			t.Fatal(err)
		}
		if w.ready(f, "Bearer x") != "" || len(f.Answers) != 0 {
			t.Errorf("%s: the old answer is still ready", name)
		}
	}
}

func TestAnAnswerThatWasReplacedMeanwhileIsNotMadeReady(t *testing.T) {
	w := newWorld(t)
	c, f := w.join(context.Background(), "scope", "plan", usual(), false)
	old, _ := c.Verify(context.Background(), bearer("x"), client)
	w.move(10 * time.Hour)
	w.expect(c, bearer("x"), "", 1)
	c.Prebuild(bearer("x"), old, f.Line("Bearer x"), told("old"))
	if len(f.Answers) != 0 {
		t.Error("an old answer became ready")
	}
	d, _ := c.Verify(context.Background(), bearer("x"), client)
	if c.Prebuilt(f.Line("Bearer x"), d.Answer) != nil {
		t.Error("something is ready for nobody")
	}
	c.Prebuild(bearer("x"), d, f.Line("Bearer x"), told("new"))
	if got := c.Prebuilt(f.Line("Bearer x"), d.Answer); got == nil || got.Values[0][0] != "new" {
		t.Errorf("ready: %v", got)
	}
	if c.Prebuilt(f.Line("Bearer x"), old.Answer) != nil {
		t.Error("the new values are given out for the old answer")
	}
	c.Prebuild(bearer("nobody"), d, f.Line("Bearer nobody"), told("x"))
	if len(f.Answers) != 1 {
		t.Error("an unknown credential became ready")
	}
}

func TestOneCredentialHasABoundedNumberOfLines(t *testing.T) {
	w := newWorld(t)
	c, f := w.join(context.Background(), "scope", "plan", usual(), false)
	for i := 0; i < 100; i++ {
		w.hot(c, f, bearer("x"), fmt.Sprint("spelling ", i))
		w.hot(c, f, bearer("x"), fmt.Sprint("spelling ", i)) // twice is once
	}
	if len(f.Answers) != maxSpellings {
		t.Errorf("%d lines, want %d", len(f.Answers), maxSpellings)
	}
	if w.ready(f, "spelling 99") != "x" || w.ready(f, "spelling 98") != "x" || w.ready(f, "spelling 97") != "" {
		t.Error("not the newest lines are ready")
	}
	if hot := len(c.scope.answers.allowed.find(c.scope.keys.of(bearer("x"))).prebuilt); hot != maxSpellings {
		t.Errorf("the entry remembers %d lines", hot)
	}
}

func TestEveryPlanHasAFrontOfItsOwn(t *testing.T) {
	w := newWorld(t)
	a, af := w.join(context.Background(), "scope", "one", usual(), false)
	b, bf := w.join(context.Background(), "scope", "other", usual(), false)
	again, same := w.join(context.Background(), "scope", "one", usual(), false)
	if af == bf || af != same || af.Secret == bf.Secret {
		t.Fatal("fronts are not by plan")
	}
	for i := 0; i < 3; i++ {
		w.hot(a, af, bearer("x"), fmt.Sprint("a", i))
		w.hot(b, bf, bearer("x"), fmt.Sprint("b", i))
		w.hot(again, same, bearer("x"), fmt.Sprint("a", i))
	}
	if len(af.Answers) != maxSpellings || len(bf.Answers) != maxSpellings || w.ready(af, "b2") != "" || w.ready(bf, "a2") != "" {
		t.Errorf("%d and %d lines", len(af.Answers), len(bf.Answers))
	}
	if w.calls.Load() != 1 {
		t.Errorf("%d calls", w.calls.Load())
	}
}

func TestWhoeverLeavesTheRoomLeavesEveryFront(t *testing.T) {
	w := newWorld(t)
	p := usual()
	p.Size = 2
	a, af := w.join(context.Background(), "scope", "one", p, false)
	b, bf := w.join(context.Background(), "scope", "other", p, false)
	for _, token := range []string{"x", "y"} {
		w.hot(a, af, bearer(token), token)
		w.hot(b, bf, bearer(token), token)
	}
	w.ready(af, "x") // a hit counts as use
	w.hot(a, af, bearer("z"), "z")
	if w.ready(af, "x") != "x" || w.ready(bf, "x") != "x" || w.ready(af, "y") != "" || w.ready(bf, "y") != "" {
		t.Error("not the least recently used has left")
	}
	if len(af.Answers) != 2 || len(bf.Answers) != 1 {
		t.Errorf("%d and %d lines", len(af.Answers), len(bf.Answers))
	}
}

// An operator who edits a policy again and again makes a plan each time.
func TestEntriesLetGoOfClosedFronts(t *testing.T) {
	w := newWorld(t)
	p := usual()
	a := verifier.Credential{Kind: verifier.Bearer, Token: "a"}
	for i := 0; i < 20; i++ {
		ctx, cancel := context.WithCancel(context.Background())
		c, front := w.join(ctx, "scope", fmt.Sprint("plan", i), p, false)
		w.hot(c, front, a, "a")
		if n := len(c.scope.answers.allowed.find(c.scope.keys.of(a)).prebuilt); n > 3 {
			t.Fatalf("after %d plans the entry stands ready in %d places", i+1, n)
		}
		cancel()
		w.move(grace + time.Second)
	}
}
