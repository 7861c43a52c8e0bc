// Command demo runs a real Traefik with the plugin, the four emulated APIs and
// a backend, prints commands to paste, and prints a line for each call to an API.
// It runs until it is interrupted and leaves no process behind.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/demo"
	"github.com/upstreamauth/upstreamauth/e2e/traefik/binary"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	program, err := binary.Any(ctx, out)
	if err != nil {
		return err
	}
	d, err := demo.Start(out, program)
	if err != nil {
		return err
	}
	defer d.Close()
	guide(out, d)
	watch(ctx, out, d)
	fmt.Fprintln(out, "ended")
	return nil
}

// guide prints the commands, each with the status that it gets.
func guide(out io.Writer, d *demo.Demo) {
	fmt.Fprint(out, "\nPaste these into another terminal:\n")
	for _, l := range d.Lines() {
		note := l.Note
		if note != "" {
			note = ": " + note
		}
		fmt.Fprintf(out, "\n# %s → %d%s\n%s\n", l.Title, l.Status, note, d.Curl(l))
	}
	for _, j := range d.Journeys() {
		fmt.Fprintf(out, "\n# %s → %s\n%s\n", j.Title, strings.Join(j.Statuses, ", "), strings.Join(j.Commands, "\n"))
	}
	fmt.Fprint(out, "\nBelow, a line for each call to an API. Ctrl-C ends the demo.\n")
}

// watch prints the calls until ctx ends.
func watch(ctx context.Context, out io.Writer, d *demo.Demo) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	seen := d.Calls()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			for api, calls := range d.Calls() {
				if calls != seen[api] {
					fmt.Fprintf(out, "call to %s: %d so far\n", api, calls)
					seen[api] = calls
				}
			}
		}
	}
}
