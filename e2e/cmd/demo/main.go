// Command demo runs a real Traefik with the plugin, the four emulated APIs and
// a backend, prints commands to paste, and prints a line for each call to an API.
// It runs until it is interrupted and leaves no process and no folder behind.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/upstreamauth/upstreamauth/e2e/demo"
	"github.com/upstreamauth/upstreamauth/e2e/ending"
	"github.com/upstreamauth/upstreamauth/e2e/traefik/binary"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

func main() {
	ctx, stop := ending.Context()
	defer stop()
	if err := run(ctx, ending.Output(os.Stdout, stop)); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	err := show(ctx, out)
	if ctx.Err() != nil {
		fmt.Fprintln(out, "ended")
		return nil
	}
	return err
}

// show runs the demo until ctx ends, or until an error.
func show(ctx context.Context, out io.Writer) error {
	program, err := binary.Any(ctx, out)
	if err != nil {
		return err
	}
	d, err := demo.Start(ctx, out, demo.Options{
		Program: program,
		Seen:    func(s upstreams.Seen) { fmt.Fprintln(out, s) },
	})
	if err != nil {
		return err
	}
	defer d.Close()
	fmt.Fprintf(out, "\nTraefik listens on %s. Paste these into another terminal, one or all.\n", d.Traefik.URL)
	fmt.Fprint(out, "A line that begins with a colon does nothing: it says what the next one gets.\n")
	fmt.Fprint(out, d.Paste())
	fmt.Fprint(out, "\nBelow, a line for each call to an API: time, API, method, path, status. Ctrl-C ends the demo.\n")
	<-ctx.Done()
	return nil
}
