// Command bench measures what the plugin costs, behind Traefik and interpreted
// alone, and writes what it finds as text and as a chart.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/bench"
	"github.com/upstreamauth/upstreamauth/e2e/ending"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

func main() {
	quick := flag.Bool("quick", false, "everything once, in a minute: too briefly to compare the numbers, which go to dist/ instead of docs/results/")
	flag.Parse()
	ctx, stop := ending.Context()
	defer stop()
	if err := run(ctx, *quick); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run shows progress on stderr and the report, alone, on stdout.
func run(ctx context.Context, quick bool) error {
	begun := time.Now()
	say := func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "%5.0fs  %s\n", time.Since(begun).Seconds(), fmt.Sprintf(format, args...))
	}
	options, folder := bench.Full(), filepath.Join("docs", "results")
	if quick {
		options, folder = bench.Quick(), "dist"
	}
	if err := bench.Wrk(ctx, say); err != nil {
		return err
	}
	say("this takes %s; run nothing else meanwhile", options.Takes)
	report, err := bench.Run(ctx, options, say)
	if err != nil {
		return err
	}
	say("done")
	fmt.Print(report)
	return save(folder, report)
}

func save(folder string, report *bench.Report) error {
	root, err := stage.Root()
	if err != nil {
		return err
	}
	dir := filepath.Join(root, folder)
	text, chart := filepath.Join(dir, "bench.txt"), filepath.Join(dir, "bench.svg")
	err = errors.Join(
		os.MkdirAll(dir, 0o755),
		os.WriteFile(text, []byte(report.String()), 0o644),
		os.WriteFile(chart, []byte(report.Chart()), 0o644),
	)
	if err == nil {
		fmt.Fprintf(os.Stderr, "written: %s, %s\n", text, chart)
	}
	return err
}
