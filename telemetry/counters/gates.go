package counters

import (
	"context"
	"sort"
	"sync"
	"time"
)

// maxGates bounds the middlewares that are known: while it is reached, further ones are not shown.
const maxGates = 1000

// gateKept is how long a middleware is shown that Traefik has ended: at each reload it
// ends all before it makes the next ones.
const gateKept = 10 * time.Second

// Gate is one middleware as it was configured last.
type Gate struct {
	Name   string
	Mode   string
	APIs   []string // of its blocks
	Faults []string // of its configuration; none: it is in use
}

// Gates knows the middlewares of a process. It is safe for concurrent use.
type Gates struct {
	uptime func() time.Duration

	mu    sync.Mutex
	known map[string]*standing
}

// standing is a middleware, and whether Traefik uses it.
type standing struct {
	gate  Gate
	ctx   context.Context // ends when Traefik replaces it
	ended bool
	since time.Duration // the uptime when that was noticed
}

// NewGates returns an empty set. uptime is how long the process has run.
func NewGates(uptime func() time.Duration) *Gates {
	return &Gates{uptime: uptime, known: map[string]*standing{}}
}

// Note remembers a middleware, in the place of an earlier one of its name.
func (g *Gates) Note(ctx context.Context, gate Gate) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.known[gate.Name] == nil && len(g.known) >= maxGates {
		g.sweep()
		if len(g.known) >= maxGates {
			return
		}
	}
	g.known[gate.Name] = &standing{gate: gate, ctx: ctx}
}

// sweep drops those that have ended. The caller holds the lock.
func (g *Gates) sweep() {
	up := g.uptime()
	for name, s := range g.known {
		if s.ctx.Err() == nil {
			continue
		}
		if !s.ended {
			s.ended, s.since = true, up
		}
		if up-s.since >= gateKept {
			delete(g.known, name)
		}
	}
}

// All returns the middlewares that are in use, by their names.
func (g *Gates) All() []Gate {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sweep()
	all := make([]Gate, 0, len(g.known))
	names := make([]string, 0, len(g.known))
	for name := range g.known {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		all = append(all, g.known[name].gate)
	}
	return all
}
