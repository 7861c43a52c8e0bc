package queue

import (
	"fmt"
	"math/rand"
	"testing"
)

func TestMayTake(t *testing.T) {
	t.Run("who may take a slot is the one that a ticket would give it", func(t *testing.T) {
		random := rand.New(rand.NewSource(1))
		for round := 0; round < 300; round++ {
			w, clients, may := newTurns(t), 1+random.Intn(6), 0
			var running []string
			for step := 0; step < 150; step++ {
				client := fmt.Sprint("192.0.2.", random.Intn(clients))
				switch {
				case random.Intn(4) == 0 && len(running) > 0:
					w.Leave(running[0])
					running = running[1:]
				case w.MayTake(client):
					may++
					ticket := w.Add(client, "newcomer")
					if ticket == nil || w.Next() != ticket {
						t.Fatalf("%s may take a slot of %d taken, but a ticket gives it none", client, w.Taken())
					}
					w.Take(client)
					running = append(running, client)
				case random.Intn(8) == 0:
					w.Add(client, "waits")
				}
			}
			if may == 0 {
				t.Fatal("nobody may take a slot")
			}
		}
	})

	t.Run("not while others wait, nor the last slots, nor where groups share the slots", func(t *testing.T) {
		w := newTurns(t)
		for w.MayTake("192.0.2.1") {
			w.Take("192.0.2.1")
		}
		if w.Taken() != 57 || !w.MayTake("192.0.2.2") {
			t.Errorf("one client has %d slots", w.Taken())
		}
		w.add("192.0.2.1", 1)
		if w.MayTake("192.0.2.2") {
			t.Error("while another one waits")
		}
		w = newTurns(t)
		w.Take("a 192.0.2.1")
		w.Take("b 192.0.2.1")
		if w.MayTake("a 192.0.2.2") {
			t.Error("of one of two groups")
		}
	})
}
