package status

import (
	"sort"

	"github.com/upstreamauth/upstreamauth/telemetry/counters"
)

// line is what is shown under one label: all scopes of it, and those that are gone.
type line struct {
	label  counters.Label
	totals *counters.Totals
	states []*counters.State // those that are not
}

// linesOf puts the scopes of equal labels together, by the order of their labels.
func linesOf(states []*counters.State, gone []*counters.Line) []*line {
	known := map[string]*line{}
	var names []string
	for _, state := range states {
		name := state.Label.API + "\n" + state.Label.Host
		l := known[name]
		if l == nil {
			l = newLine(state.Label)
			known[name] = l
			names = append(names, name)
		}
		l.totals.Add(state.Totals)
		l.states = append(l.states, state)
	}
	for _, old := range gone {
		name := old.Label.API + "\n" + old.Label.Host
		l := known[name]
		if l == nil {
			l = newLine(old.Label)
			known[name] = l
			names = append(names, name)
		}
		l.totals.Add(old.Totals)
	}
	sort.Strings(names)
	lines := make([]*line, 0, len(names))
	for _, name := range names {
		lines = append(lines, known[name])
	}
	return lines
}

func newLine(label counters.Label) *line {
	return &line{label: label, totals: counters.NewTotals()}
}

// trust is "1" where all scopes that are known to be trusted or not are, "0" where one is
// not; empty: nothing is known yet.
func (l *line) trust() string {
	known := ""
	for _, state := range l.states {
		if state.Distrusted {
			return "0"
		}
		if state.Trusted {
			known = "1"
		}
	}
	return known
}

// isOpen tells whether the circuit of any scope is open.
func (l *line) isOpen() bool {
	for _, state := range l.states {
		if state.CircuitOpen {
			return true
		}
	}
	return false
}

// budget is the one of which least is left, by its share; of zero calls: there is none.
func (l *line) budget() counters.Budget {
	tightest := counters.Budget{}
	for _, state := range l.states {
		b := state.Budget
		if b.Calls > 0 && (tightest.Calls == 0 || b.Left*tightest.Calls < tightest.Left*b.Calls) {
			tightest = b
		}
	}
	return tightest
}

// sums are the numbers of all scopes together.
type sums struct {
	allowed, denied  counters.Entries
	flights, waiters int
}

func (l *line) sums() sums {
	s := sums{}
	for _, state := range l.states {
		s.allowed = added(s.allowed, state.Allowed)
		s.denied = added(s.denied, state.Denied)
		s.flights += state.Flights
		s.waiters += state.Waiters
	}
	return s
}

func added(a, b counters.Entries) counters.Entries {
	return counters.Entries{Held: a.Held + b.Held, Size: a.Size + b.Size}
}
