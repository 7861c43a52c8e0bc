// Package bench measures what the plugin costs, all in one run: behind a real
// Traefik beside what Traefik can do without it, and interpreted in this
// process.
//
// Absolute numbers depend on the machine, so the targets are ratios between things
// measured in turn, a few seconds each, in several rounds: other load on the machine
// affects all of them alike.
package bench

import (
	"context"
	"fmt"
	"time"
)

// Say reports progress.
type Say func(format string, args ...any)

// Options are how much and how long to measure. Full and Quick return them.
type Options struct {
	Rounds    []Rounds   // behind Traefik with wrk: one block per number of connections
	Samples   []Sampling // of a miss: one per latency of the upstream
	Callers   int        // concurrent callers of one uncached credential
	Entries   int        // cached credentials while memory is measured
	Starts    int        // of Traefik, with and without the plugin
	Reloads   int
	Routers   int // in each reload
	MixedLoad time.Duration
	Floods    time.Duration // of processor time, for each
	Inside    Inside
	Shared    Shared
	Takes     string
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
	Busy    bool // other misses run meanwhile, so that the processor's caches stay warm
}

// Inside is how thoroughly the interpreted plugin is measured in this process:
// how often, and with how many credentials remembered.
type Inside struct {
	Rounds  int
	Entries []int
}

// Shared is how thoroughly a memory that several Traefiks share is measured: how many
// misses, and thousands of hits, are timed, and how many users a restarted Traefik serves.
type Shared struct{ Misses, Hits, Users int }

// Full is what the documentation shows.
func Full() Options {
	return Options{
		Rounds:    []Rounds{{16, 5, 2 * time.Second}, {1, 3, time.Second}, {256, 3, time.Second}},
		Inside:    Inside{31, []int{10, 1_000, 100_000}},
		Samples:   []Sampling{{0, 400, false}, {20 * time.Millisecond, 80, false}, {100 * time.Millisecond, 40, false}, {20 * time.Millisecond, 80, true}, {100 * time.Millisecond, 40, true}},
		Callers:   500,
		Entries:   100_000,
		Starts:    5,
		Reloads:   1_000,
		Routers:   50,
		MixedLoad: 30 * time.Second,
		Floods:    300 * time.Millisecond,
		Shared:    Shared{400, 41, 10_000},
		Takes:     "ten to twenty minutes",
	}
}

// Quick measures everything once, too briefly to compare the numbers.
func Quick() Options {
	return Options{
		Rounds:    []Rounds{{16, 1, time.Second}, {1, 1, time.Second}, {256, 1, time.Second}},
		Inside:    Inside{3, []int{10, 1_000}},
		Samples:   []Sampling{{0, 20, false}, {20 * time.Millisecond, 5, false}, {100 * time.Millisecond, 3, false}, {20 * time.Millisecond, 5, true}},
		Callers:   500,
		Entries:   1_000,
		Starts:    1,
		Reloads:   20,
		Routers:   50,
		MixedLoad: 4 * time.Second,
		Floods:    time.Millisecond,
		Shared:    Shared{20, 5, 200},
		Takes:     "about a minute",
	}
}

// Report is what was found.
type Report struct {
	Machine Machine
	Tables  []Table
	Targets []Target
	Bars    []Bar // throughput with 16 connections
}

// Target is a promise, and what was measured.
type Target struct {
	What, Want, Got string
	OK              bool
}

// section measures one part and adds what it finds.
type section struct {
	title string
	run   func(ctx context.Context, o Options, say Say, r *Report) error
}

// sections are in the report's order. Each stops what it started before the next
// begins, so that none runs beside another.
var sections = []section{
	{"behind Traefik, with wrk", throughput},
	{"in process, interpreted", inside},
	{"a miss, and concurrent callers of one token", misses},
	{"a memory that several Traefiks share", sharedMemory},
	{"memory for each entry", memory},
	{"plugin load time at Traefik's start", starts},
	{"reloads", reloads},
	{"64 connections, with reloads and misses mixed in", mixedLoad},
	{"floods of one thing in a request", measureFloods},
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
		if err := s.run(ctx, o, say, r); err != nil {
			return nil, fmt.Errorf("%s: %w", s.title, err)
		}
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("%s: %w", s.title, err)
		}
	}
	return r, nil
}
