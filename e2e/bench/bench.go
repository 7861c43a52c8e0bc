// Package bench measures what the plugin costs, all in one run: behind a real
// Traefik beside what Traefik can do without it, and interpreted in this
// process.
//
// A number of one machine says little, so what counts are ratios between things
// measured in turn, a few seconds each, again and again (rounds): whatever else
// the machine does meets all of them.
package bench

import (
	"context"
	"fmt"
	"time"
)

// Say tells a human what is going on.
type Say func(format string, args ...any)

// Options say how long to measure. Full and Quick make them.
type Options struct {
	Rounds  []Rounds   // behind Traefik with wrk: one block per number of connections
	Samples []Sampling // of a miss: one per latency of the upstream
	Herd    int        // callers of one unknown credential
	Entries int        // credentials remembered while memory is looked at
	Starts  int        // of Traefik, with and without the plugin
	Reloads int
	Routers int // in each reload
	Storm   time.Duration
	Inside  Inside
	Takes   string
}

// Rounds is how often all variants are measured with so many connections, and
// how long each of them: whole seconds.
type Rounds struct {
	Connections, Times int
	Each               time.Duration
}

// Sampling is how many misses are timed while the upstream takes so long.
type Sampling struct {
	Latency time.Duration
	Times   int
	Busy    bool // others miss meanwhile, so that the processor's caches stay warm
}

// Inside is how thoroughly the interpreted plugin is measured in this process:
// how often, and with how many credentials remembered.
type Inside struct {
	Rounds  int
	Entries []int
}

// Full is what the documentation shows.
func Full() Options {
	return Options{
		Rounds:  []Rounds{{16, 5, 2 * time.Second}, {1, 3, time.Second}, {256, 3, time.Second}},
		Inside:  Inside{31, []int{10, 1_000, 100_000}},
		Samples: []Sampling{{0, 400, false}, {20 * time.Millisecond, 80, false}, {100 * time.Millisecond, 40, false}, {20 * time.Millisecond, 80, true}, {100 * time.Millisecond, 40, true}},
		Herd:    500,
		Entries: 100_000,
		Starts:  5,
		Reloads: 1_000,
		Routers: 50,
		Storm:   30 * time.Second,
		Takes:   "about ten minutes",
	}
}

// Quick goes every way once. Its numbers say little.
func Quick() Options {
	return Options{
		Rounds:  []Rounds{{16, 1, time.Second}, {1, 1, time.Second}, {256, 1, time.Second}},
		Inside:  Inside{3, []int{10, 1_000}},
		Samples: []Sampling{{0, 20, false}, {20 * time.Millisecond, 5, false}, {100 * time.Millisecond, 3, false}, {20 * time.Millisecond, 5, true}},
		Herd:    500,
		Entries: 1_000,
		Starts:  1,
		Reloads: 20,
		Routers: 50,
		Storm:   4 * time.Second,
		Takes:   "about a minute",
	}
}

// Report is what was found.
type Report struct {
	Machine Machine
	Tables  []Table
	Targets []Target
	Bars    []Bar // throughput with 16 connections
}

// Target is something that was promised, and what was found.
type Target struct {
	What, Want, Got string
	OK              bool
}

// section measures one part and adds what it finds.
type section struct {
	title string
	play  func(ctx context.Context, o Options, say Say, r *Report) error
}

// sections are in the report's order. The first has the machine to itself: each
// stops what it started before the next begins.
var sections = []section{
	{"behind Traefik, with wrk", throughput},
	{"in process, interpreted", inside},
	{"a miss, and a herd of them", misses},
	{"memory for each entry", memory},
	{"plugin load time at Traefik's start", starts},
	{"reloads", reloads},
	{"64 connections, with reloads and misses mixed in", storm},
}

// Run measures everything. It needs a Traefik (`make traefik`) and wrk.
func Run(ctx context.Context, o Options, say Say) (*Report, error) {
	machine, err := machine()
	if err != nil {
		return nil, err
	}
	r := &Report{Machine: machine}
	for i, s := range sections {
		say("%d of %d: %s", i+1, len(sections), s.title)
		if err := s.play(ctx, o, say, r); err != nil {
			return nil, fmt.Errorf("%s: %w", s.title, err)
		}
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("%s: %w", s.title, err)
		}
	}
	return r, nil
}
