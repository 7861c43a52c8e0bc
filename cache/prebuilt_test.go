package cache

import (
	"context"
	"fmt"
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// What stands ready is bounded with the refusals themselves, in every front.
func TestAFloodOfJunkLeavesABoundedNumberReady(t *testing.T) {
	w := newWorld(t)
	p := usual()
	p.Size, p.NegativeSize = 2, 3
	c, f := w.join(context.Background(), "scope", "plan", p, false)
	w.hot(c, f, bearer("good"), "good")
	w.turn(refuse(verifier.Invalid))
	for i := 0; i < 500; i++ {
		w.coldNo(c, f, fmt.Sprint("junk", i))
	}
	if len(f.Answers) != 4 || w.ready(f, "good") != "good" {
		t.Errorf("%d lines are ready; room is for the good one and 3", len(f.Answers))
	}
}

// Whatever is hit in whatever order, it is the least recently used that leaves.
func TestHitsKeepTheExactOrderOfUse(t *testing.T) {
	const size = 20
	w := newWorld(t)
	p := usual()
	p.Size = size
	c, f := w.join(context.Background(), "scope", "plan", p, false)
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
			w.hot(c, f, bearer(token), token)
			use(token)
			if len(order) > size {
				if w.ready(f, order[0]) != "" {
					t.Fatalf("step %d: %s is not the one that has left", step, order[0])
				}
				order = order[1:]
			}
			continue
		}
		token := order[(step*31)%len(order)]
		if w.ready(f, token) != token {
			t.Fatalf("step %d: %s has left before its turn", step, token)
		}
		use(token)
	}
}
