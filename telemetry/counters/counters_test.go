package counters

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

func newTally() *Scope {
	return NewScope(Label{API: "bts", Host: "bts.example"}, "bearer", func() time.Time { return time.Unix(1000, 0) }, func() time.Duration { return 0 })
}

func TestScope(t *testing.T) {
	t.Run("what the hit path found is a hit, unless it got something else", func(t *testing.T) {
		s := newTally()
		s.Found.N = 10
		s.Replays.Add(3)
		s.Diverted.Add(2)
		s.Request(Hit)
		s.Request(Miss)
		totals, _, _ := s.State(s.Found.N, 0)
		if totals.Requests[Hit] != 6 || totals.Requests[RefusedRemembered] != 3 || totals.Requests[Miss] != 1 {
			t.Errorf("%v", totals.Requests)
		}
	})
	t.Run("a count that was shown never falls", func(t *testing.T) {
		s := newTally()
		before, _, _ := s.State(7, 0) // one of them is on its way
		s.Diverted.Add(1)
		after, _, _ := s.State(7, 0)
		later, _, _ := s.State(9, 0)
		if before.Requests[Hit] != 7 || after.Requests[Hit] != 7 || later.Requests[Hit] != 8 {
			t.Errorf("%d, %d, %d", before.Requests[Hit], after.Requests[Hit], later.Requests[Hit])
		}
	})
	t.Run("the last error is remembered with its time", func(t *testing.T) {
		s := newTally()
		s.Fail("outage", "first")
		s.Fail("circuit open", "second")
		_, _, fault := s.State(0, 0)
		if fault.Event != "circuit open" || fault.Detail != "second" || fault.At.Unix() != 1000 {
			t.Errorf("%+v", fault)
		}
	})
	t.Run("many goroutines lose no count", func(t *testing.T) {
		s := newTally()
		var all sync.WaitGroup
		for i := 0; i < 8; i++ {
			all.Add(1)
			go func() {
				defer all.Done()
				for j := 0; j < 500; j++ {
					s.Request(Miss)
					s.Call(Allow, time.Millisecond)
				}
			}()
		}
		all.Wait()
		totals, _, _ := s.State(0, 0)
		if totals.Requests[Miss] != 4000 || totals.AllCalls() != 4000 {
			t.Errorf("%v %v", totals.Requests, totals.Calls)
		}
	})
}

func TestHour(t *testing.T) {
	read := func(h *hour, up time.Duration, hits int64) []Minute { return h.read(up, Minute{Hits: hits}) }
	t.Run("each minute has what happened in it, the current one last", func(t *testing.T) {
		h := newHour(0)
		h.advance(time.Minute, Minute{Hits: 5})
		h.advance(2*time.Minute, Minute{Hits: 8})
		got := read(h, 2*time.Minute+30*time.Second, 9)
		if got[57].Hits != 5 || got[58].Hits != 3 || got[59].Hits != 1 || got[56].Hits != 0 {
			t.Errorf("%v", got[55:])
		}
	})
	t.Run("minutes in which nothing was noted share what happened in them", func(t *testing.T) {
		h := newHour(0)
		got := read(h, 10*time.Minute, 100)
		for i := 49; i < 59; i++ {
			if got[i].Hits != 10 {
				t.Errorf("minute %d: %d", i, got[i].Hits)
			}
		}
	})
	t.Run("after an hour the oldest minutes are gone, and their number is fixed", func(t *testing.T) {
		h := newHour(0)
		for minute := 1; minute <= 200; minute++ {
			h.advance(time.Duration(minute)*time.Minute, Minute{Hits: int64(minute)})
		}
		got := read(h, 200*time.Minute, 200)
		sum := int64(0)
		for _, m := range got {
			sum += m.Hits
		}
		if len(got) != 60 || sum != 59 {
			t.Errorf("%d minutes with %d", len(got), sum)
		}
	})
	t.Run("a week without a look takes no longer than an hour", func(t *testing.T) {
		h := newHour(0)
		got := read(h, 7*24*time.Hour, 7*24*60)
		if got[0].Hits != 1 || got[58].Hits != 1 {
			t.Errorf("%v", got)
		}
	})
	t.Run("minutes of several scopes add up", func(t *testing.T) {
		sum := make([]Minute, 2)
		Sum(sum, []Minute{{Hits: 1, Calls: 2}, {Misses: 3}})
		Sum(sum, []Minute{{Hits: 4, Refusals: 1}, {Unavailable: 5}})
		if fmt.Sprint(sum) != fmt.Sprint([]Minute{{Hits: 5, Refusals: 1, Calls: 2}, {Misses: 3, Unavailable: 5}}) {
			t.Error(sum)
		}
	})
}

func TestHistogram(t *testing.T) {
	h := NewHistogram(callBounds())
	for _, d := range []time.Duration{-1, 5 * time.Millisecond, 6 * time.Millisecond, 5 * time.Second, time.Hour} {
		h.add(d)
	}
	if fmt.Sprint(h.Counts) != "[2 1 0 0 0 0 0 0 0 1 1]" || len(h.Bounds) != 10 {
		t.Error(h.Counts)
	}
	m := NewMemory()
	m.Asked(time.Millisecond, false)
	m.Asked(time.Millisecond, true)
	s := NewMemoryState()
	m.AddTo(s)
	m.AddTo(s)
	if s.Errors != 2 || s.Took.Counts[3] != 4 {
		t.Errorf("%+v", s)
	}
}

func TestTable(t *testing.T) {
	t.Run("what scopes have counted stays when they go", func(t *testing.T) {
		table := NewTable()
		totals := NewTotals()
		totals.Requests[Hit] = 3
		table.Keep(Label{API: "a", Host: "h"}, totals)
		table.Keep(Label{API: "a", Host: "h"}, totals)
		table.Gone()[0].Totals.Requests[Hit] = 100 // a copy
		if got := table.Gone(); len(got) != 1 || got[0].Totals.Requests[Hit] != 6 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("the number of labels is bounded", func(t *testing.T) {
		table := NewTable()
		for i := 0; i < maxLabels+100; i++ {
			table.Keep(Label{API: "a", Host: fmt.Sprint(i)}, NewTotals())
		}
		if got := len(table.Gone()); got != maxLabels+1 {
			t.Error(got)
		}
	})
}

func TestGates(t *testing.T) {
	up := time.Duration(0)
	g := NewGates(func() time.Duration { return up })
	ctx, cancel := context.WithCancel(context.Background())
	g.Note(ctx, Gate{Name: "b@file", Faults: []string{"x"}})
	g.Note(context.Background(), Gate{Name: "a@file", Mode: "protect"})
	g.Note(ctx, Gate{Name: "b@file", Mode: "protect"})
	if all := g.All(); len(all) != 2 || all[0].Name != "a@file" || all[1].Faults != nil {
		t.Errorf("%+v", all)
	}
	cancel()
	if len(g.All()) != 2 {
		t.Error("a middleware is gone while Traefik may be making its successor")
	}
	up = gateKept
	if all := g.All(); len(all) != 1 || all[0].Name != "a@file" {
		t.Errorf("%+v", all)
	}
	for i := 0; i < 2*maxGates; i++ {
		g.Note(context.Background(), Gate{Name: fmt.Sprint(i)})
	}
	if len(g.All()) > maxGates {
		t.Error("more middlewares than the bound")
	}
}
