package queue

import (
	"fmt"
	"testing"
)

// turns is a Turns of 64 slots and room for 1,024, as a scope's.
type turns struct {
	*Turns
	t *testing.T
}

func newTurns(t *testing.T) *turns {
	return &turns{Turns: New(64, 1024), t: t}
}

// add lets n of a client wait, and returns how many there was room for.
func (w *turns) add(client string, n int) int {
	for i := 0; i < n; i++ {
		if w.Add(client, fmt.Sprint(client, "/", i)) == nil {
			return i
		}
	}
	return n
}

// start lets all go whose turn it is, and returns whose it was.
func (w *turns) start() []string {
	var started []string
	for next := w.Next(); next != nil; next = w.Next() {
		w.Take(next.Client)
		started = append(started, next.Value.(string))
	}
	return started
}

// expect compares who goes next.
func (w *turns) expect(want ...string) {
	w.t.Helper()
	got := w.start()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		w.t.Errorf("%v, want %v", got, want)
	}
}

func TestTurnsOrder(t *testing.T) {
	t.Run("those of one client go in the order in which they came", func(t *testing.T) {
		w := newTurns(t)
		w.add("a", 100)
		if got := w.start(); len(got) != 57 || got[0] != "a/0" || got[56] != "a/56" {
			t.Errorf("%d: %v", len(got), got)
		}
		w.Leave("a")
		w.expect("a/57")
		w.expect()
	})

	t.Run("of several with as many slots, who came first", func(t *testing.T) {
		w := New(2, 100)
		for _, client := range []string{"a", "b", "c", "d"} {
			w.Take("x")
			w.Add(client, client)
		}
		w.Leave("x")
		w.Leave("x")
		for _, want := range []string{"a", "b", "c", "d"} {
			w.Leave("x")
			if next := w.Next(); next == nil || next.Client != want {
				t.Fatalf("%v, want %s", next, want)
			}
			w.Take("x")
		}
	})

	t.Run("who has fewer slots goes first, however long another has waited", func(t *testing.T) {
		w := newTurns(t)
		w.add("a", 200)
		w.start()
		w.add("b", 10)
		if got := w.start(); len(got) != 6 {
			t.Errorf("%d of the second found a free slot, want 6", len(got))
		}
		w.add("c", 2)
		w.expect("c/0")
		w.Leave("a")
		w.expect()
		w.Leave("a")
		w.expect("c/1")
		w.Leave("a")
		w.expect("b/6")
	})
}

func TestTurnsShares(t *testing.T) {
	t.Run("each client leaves free slots to others", func(t *testing.T) {
		w := newTurns(t)
		for i, want := range []int{57, 6, 1, 0} {
			w.add(fmt.Sprint(i), 100)
			if got := len(w.start()); got != want {
				t.Errorf("client %d has %d slots, want %d", i, got, want)
			}
		}
	})

	t.Run("many clients fill all slots", func(t *testing.T) {
		w := newTurns(t)
		for i := 0; i < 100; i++ {
			w.add(fmt.Sprint(i), 1)
		}
		if got := len(w.start()); got != 64 {
			t.Errorf("%d slots, want 64", got)
		}
	})

	t.Run("the clients of one group leave slots and room to those of another", func(t *testing.T) {
		w := newTurns(t)
		w.add("192.0.2.1", 1)
		w.start()
		room := 0
		for i := 0; i < 2000; i++ {
			room += w.add(fmt.Sprint("5 10.0.0.", i), 1)
			w.start()
		}
		if free := 64 - w.Taken(); free < 6 {
			t.Errorf("%d slots are left", free)
		}
		if w.Waiting() > 800 || room < 800 {
			t.Errorf("%d of one group wait", w.Waiting())
		}
		w.add("192.0.2.2", 1)
		w.expect("192.0.2.2/0")
		for w.Taken() < 64 {
			w.Take("")
		}
		w.add("192.0.2.3", 1)
		w.Leave("5 10.0.0.1")
		w.expect("192.0.2.3/0")
	})
}

func TestTurnsRoom(t *testing.T) {
	t.Run("half of it is for one client at most", func(t *testing.T) {
		w := newTurns(t)
		w.Turns.taken = 64
		for i, want := range []int{512, 512, 0} {
			if got := w.add(fmt.Sprint(i), 1000); got != want {
				t.Errorf("%d of client %d wait, want %d", got, i, want)
			}
		}
		if len(w.lanes) != 2 {
			t.Errorf("%d clients are remembered, want 2", len(w.lanes))
		}
	})

	t.Run("who finds a free slot needs no room", func(t *testing.T) {
		w := newTurns(t)
		w.add("a", 57+512)
		w.start()
		w.add("a", 57)
		w.add("b", 6)
		w.start()
		w.add("b", 512)
		if w.Waiting() != 1024 {
			t.Fatalf("%d wait", w.Waiting())
		}
		w.add("c", 1)
		w.expect("c/0")
		if w.add("d", 1) != 0 || w.Taken() != 64 {
			t.Error("one more waits, or is let in")
		}
	})

	t.Run("the oldest is found, unless it was renewed", func(t *testing.T) {
		w := newTurns(t)
		w.Turns.taken = 64
		first := w.Add("a", "first")
		w.add("a", 1)
		if w.Oldest() != first {
			t.Error("the first is not the oldest")
		}
		w.Renew(first)
		w.Remove(w.Oldest())
		if w.Oldest() != first || w.Waiting() != 1 {
			t.Error("the renewed one is not left")
		}
		w.Remove(first)
		if w.Oldest() != nil || w.Next() != nil || len(w.lanes) != 0 {
			t.Error("somebody is left")
		}
	})

	t.Run("nothing is left of those who have gone", func(t *testing.T) {
		w := newTurns(t)
		for i := 0; i < 1000; i++ {
			client := fmt.Sprint(i % 10)
			w.add(client, 1)
			w.start()
			if w.Taken() == 64 {
				w.Leave("1")
			}
		}
		for w.Waiting() > 0 {
			w.Remove(w.Oldest())
		}
		for client, l := range w.lanes {
			for l.running != 0 && w.Taken() > 0 {
				w.Leave(client)
				if l.running < 0 {
					break
				}
			}
		}
		for name, g := range w.groups {
			if g.waiting != 0 || len(g.levels) != 0 {
				t.Errorf("group %q: %d wait, %d levels", name, g.waiting, len(g.levels))
			}
		}
	})
}
