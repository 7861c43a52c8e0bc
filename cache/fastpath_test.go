package cache

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

func TestFastPath(t *testing.T) {
	t.Run("every render key has its own", func(t *testing.T) {
		fx := newFixture(t)
		a, onePath := fx.join(context.Background(), "scope", "one", usual(), false)
		b, otherPath := fx.join(context.Background(), "scope", "other", usual(), false)
		again, same := fx.join(context.Background(), "scope", "one", usual(), false)
		if onePath == otherPath || onePath != same || onePath.Secret == otherPath.Secret {
			t.Fatal("fast paths are not by render key")
		}
		for i := 0; i < 3; i++ {
			fx.prebuild(a, onePath, bearer("x"), fmt.Sprint("a", i))
			fx.prebuild(b, otherPath, bearer("x"), fmt.Sprint("b", i))
			fx.prebuild(again, same, bearer("x"), fmt.Sprint("a", i))
		}
		if len(onePath.Answers) != maxSpellings || len(otherPath.Answers) != maxSpellings || fx.prebuilt(onePath, "b2") != "" || fx.prebuilt(otherPath, "a2") != "" {
			t.Errorf("%d and %d lines", len(onePath.Answers), len(otherPath.Answers))
		}
		if fx.calls.Load() != 1 {
			t.Errorf("%d calls", fx.calls.Load())
		}
	})

	t.Run("one credential has a bounded number of lines", func(t *testing.T) {
		fx := newFixture(t)
		c, path := fx.join(context.Background(), "scope", "key", usual(), false)
		for i := 0; i < 100; i++ {
			fx.prebuild(c, path, bearer("x"), fmt.Sprint("spelling ", i))
			fx.prebuild(c, path, bearer("x"), fmt.Sprint("spelling ", i)) // twice is once
		}
		if len(path.Answers) != maxSpellings {
			t.Errorf("%d lines, want %d", len(path.Answers), maxSpellings)
		}
		if fx.prebuilt(path, "spelling 99") != "x" || fx.prebuilt(path, "spelling 98") != "x" || fx.prebuilt(path, "spelling 97") != "" {
			t.Error("other lines than the newest are prebuilt")
		}
		if n := len(c.scope.answers.allowed.find(c.scope.keys.of(bearer("x"))).prebuilt); n != maxSpellings {
			t.Errorf("the entry refers to %d lines", n)
		}
	})

	t.Run("a dropped entry leaves them all", func(t *testing.T) {
		fx := newFixture(t)
		p := usual()
		p.Size = 2
		a, onePath := fx.join(context.Background(), "scope", "one", p, false)
		b, otherPath := fx.join(context.Background(), "scope", "other", p, false)
		for _, token := range []string{"x", "y"} {
			fx.prebuild(a, onePath, bearer(token), token)
			fx.prebuild(b, otherPath, bearer(token), token)
		}
		fx.prebuilt(onePath, "x") // a hit counts as a use
		fx.prebuild(a, onePath, bearer("z"), "z")
		if fx.prebuilt(onePath, "x") != "x" || fx.prebuilt(otherPath, "x") != "x" || fx.prebuilt(onePath, "y") != "" || fx.prebuilt(otherPath, "y") != "" {
			t.Error("another than the least recently used was dropped")
		}
		if len(onePath.Answers) != 2 || len(otherPath.Answers) != 1 {
			t.Errorf("%d and %d lines", len(onePath.Answers), len(otherPath.Answers))
		}
	})

	// An operator who edits a policy again and again makes a render key each time.
	t.Run("entries let go of closed ones", func(t *testing.T) {
		fx := newFixture(t)
		p := usual()
		a := verifier.Credential{Kind: verifier.Bearer, Token: "a"}
		for i := 0; i < 20; i++ {
			ctx, cancel := context.WithCancel(context.Background())
			c, path := fx.join(ctx, "scope", fmt.Sprint("key", i), p, false)
			fx.prebuild(c, path, a, "a")
			if n := len(c.scope.answers.allowed.find(c.scope.keys.of(a)).prebuilt); n > 3 {
				t.Fatalf("after %d render keys the entry is prebuilt in %d places", i+1, n)
			}
			cancel()
			fx.advance(grace + time.Second)
		}
	})
}

func TestFastPathUse(t *testing.T) {
	t.Run("the least recently used is dropped, in the exact order", func(t *testing.T) {
		const size = 20
		fx := newFixture(t)
		p := usual()
		p.Size = size
		c, path := fx.join(context.Background(), "scope", "key", p, false)
		var order []string // the least recently used first
		use := func(token string) {
			for i := range order {
				if order[i] == token {
					order = append(order[:i:i], order[i+1:]...)
					break
				}
			}
			order = append(order, token)
		}
		for step := 0; step < 2000; step++ {
			if len(order) < size || step%7 == 0 {
				token := fmt.Sprint("token", step)
				fx.prebuild(c, path, bearer(token), token)
				use(token)
				if len(order) > size {
					if fx.prebuilt(path, order[0]) != "" {
						t.Fatalf("step %d: %s was not dropped", step, order[0])
					}
					order = order[1:]
				}
				continue
			}
			token := order[(step*31)%len(order)]
			if fx.prebuilt(path, token) != token {
				t.Fatalf("step %d: %s was dropped before its turn", step, token)
			}
			use(token)
		}
	})
}
