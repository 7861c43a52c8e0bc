package bench

import (
	"context"
	"fmt"
	"strings"

	"github.com/upstreamauth/upstreamauth/e2e/bench/inprocess"
)

// inside is the second section; package inprocess measures it. It cannot be
// interrupted.
func inside(_ context.Context, o Options, say Say, r *Report) error {
	found, err := inprocess.Run(inprocess.Options{
		Rounds:  o.Inside.Rounds,
		Entries: o.Inside.Entries,
		Say:     func(format string, args ...any) { say("  "+format, args...) },
	})
	if err != nil {
		return err
	}
	t := Table{
		Title: fmt.Sprintf("In process, interpreted, without Traefik (medians of %s)", count(o.Inside.Rounds, "round")),
		Head:  []string{"", "ns", "allocations", "× no-op"},
		Notes: []string{fmt.Sprintf("heap for each of %s remembered credentials with three identity fields, ready to be hit: %.0f bytes",
			thousands(int64(found.Weighed)), found.BytesPerOne)},
	}
	for _, row := range found.Rows {
		t.Rows = append(t.Rows, []string{row.Name, thousands(int64(row.NS)), thousands(int64(row.Allocs)), fmt.Sprintf("%.1f", row.Ratio)})
	}
	r.Tables = append(r.Tables, t)
	r.Targets = append(r.Targets, insideTargets(found)...)
	return nil
}

// insideTargets finds by name the rows that targets are about: a hit among so
// many entries, and a negative hit.
func insideTargets(found *inprocess.Report) []Target {
	var ns, times []float64
	var negative, head float64
	for _, row := range found.Rows {
		switch {
		case strings.HasPrefix(row.Name, "hit, of "):
			ns, times = append(ns, row.NS), append(times, row.Ratio)
		case row.Name == "negative hit":
			negative = row.NS
		case strings.HasPrefix(row.Name, "negative hit, up to "):
			head = row.NS
		}
	}
	what := "… a negative hit up to the writing of its body, against a hit"
	if head == 0 { // not measured apart: the whole of it can only be more
		what, head = "… a negative hit with the writing of its body, against a hit", negative
	}
	if len(ns) == 0 || negative == 0 {
		return []Target{{What: "in process", Want: "rows for hits and negative hits", Got: "none"}}
	}
	ratio := func(x float64) string { return fmt.Sprintf("%.2f ×", x) }
	bytes := func(x float64) string { return fmt.Sprintf("%.0f bytes", x) }
	return []Target{
		within("in process: a hit, against the no-op plugin", times[0], 7, ratio),
		flat(fmt.Sprintf("… from the fewest to the most entries (%d sizes)", len(ns)), 0.15, ns),
		within(what, head/ns[0], 1.2, ratio),
		within("heap for a remembered credential with three identity fields", found.BytesPerOne, 1536, bytes),
	}
}
