package counters

import (
	"sync"
	"time"
)

// State is what there is to say of one scope now.
type State struct {
	Label  Label
	Kind   string
	Totals *Totals
	Hour   []Minute // the current minute last
	Fault  Fault

	Allowed Entries
	Denied  Entries
	Flights int // calls under way
	Waiters int // that wait for one of those to end

	Trusted     bool // the canary was denied, or is turned off
	Distrusted  bool // the canary was allowed
	CircuitOpen bool
	Budget      Budget
}

// Entries are the answers of one sort that a scope remembers.
type Entries struct {
	Held    int
	Size    int // most that may be held
	Evicted int64
}

// Budget is what an upstream may be called.
type Budget struct {
	Calls  int // in a period; 0: there is no limit
	Period time.Duration
	Left   int           // of the name that has spent most of it
	Wait   time.Duration // until its period ends; 0: none has begun
}

// Table keeps the totals of scopes that are gone, so that no counter falls when one
// goes. It is safe for concurrent use.
type Table struct {
	mu   sync.Mutex
	gone map[string]*Line
}

// Line is the totals under one label.
type Line struct {
	Label  Label
	Totals *Totals
}

// maxLabels bounds the labels of scopes that are gone. Operators write them: further ones
// count together.
const maxLabels = 100

// NewTable returns an empty table.
func NewTable() *Table {
	return &Table{gone: map[string]*Line{}}
}

// Keep adds the totals of a scope that goes.
func (t *Table) Keep(label Label, totals *Totals) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gone[label.key()] == nil && len(t.gone) >= maxLabels {
		label = Label{API: "other", Host: "other"}
	}
	line := t.gone[label.key()]
	if line == nil {
		line = &Line{Label: label, Totals: NewTotals()}
		t.gone[label.key()] = line
	}
	line.Totals.Add(totals)
}

// Gone returns a copy of all lines.
func (t *Table) Gone() []*Line {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := make([]*Line, 0, len(t.gone))
	for _, kept := range t.gone {
		lines = append(lines, kept.copied())
	}
	return lines
}

func (l *Line) copied() *Line {
	c := &Line{Label: l.Label, Totals: NewTotals()}
	c.Totals.Add(l.Totals)
	return c
}

func (l Label) key() string { return l.API + "\n" + l.Host }
