// Command demo runs a real Traefik with the plugin, the four emulated APIs, a backend
// and a page to try them on. It prints the page's address, commands to paste, and a line
// for each call to an API. It runs until it is interrupted and leaves no process and no
// folder behind.
//
// With -beside it starts everything but Traefik, which then runs in another container:
// see examples/demo.
package main

import (
	"context"
	"errors"
	"flag"
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
	err := run(ctx, os.Args[1:], ending.Output(os.Stdout, stop), os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	port           int
	beside, listen string
}

func run(ctx context.Context, args []string, out, stderr io.Writer) error {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	port := flags.Int("port", demo.Port, "the `port` of the one address")
	beside := flags.String("beside", "", "the `address` of a Traefik that runs elsewhere; everything else is started here, on the ports 9101 to 9106")
	listen := flags.String("listen", "127.0.0.1", "with -beside, the `address` to listen on; in a container 0.0.0.0")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if *port < 1 || *port > 65535 {
		return fmt.Errorf("there is no port %d: choose one from 1 to 65535, make demo DEMO_PORT=%d", *port, demo.Port)
	}
	err := show(ctx, out, options{*port, *beside, *listen})
	if ctx.Err() != nil {
		fmt.Fprintln(out, "ended")
		return nil
	}
	return err
}

// show runs the demo until ctx ends, or until an error.
func show(ctx context.Context, out io.Writer, o options) error {
	d, err := start(ctx, out, o)
	if err != nil {
		return err
	}
	defer d.Close()
	fmt.Fprintf(out, "\n  Open %s in a browser.\n\n", d.URL)
	fmt.Fprintf(out, "  The operator's status is at %s/operator/, its token is %s\n", d.URL, d.StatusToken)
	fmt.Fprint(out, "  Every credential here is good for the emulated APIs alone. Ctrl-C ends everything.\n")
	fmt.Fprint(out, "\nOr paste these into another terminal, one or all.\n")
	fmt.Fprint(out, "A line that begins with a colon does nothing: it says what the next one gets.\n")
	fmt.Fprint(out, d.Paste())
	fmt.Fprintf(out, "\nThe page again: %s\n", d.URL)
	fmt.Fprint(out, "Below, a line for each call to an API: time, API, method, path, status. Ctrl-C ends the demo.\n")
	<-ctx.Done()
	return nil
}

func start(ctx context.Context, out io.Writer, o options) (*demo.Demo, error) {
	seen := func(s upstreams.Seen) { fmt.Fprintln(out, s) }
	if o.beside != "" {
		return demo.Serve(demo.Beside{
			Host: o.listen, Traefik: o.beside, URL: fmt.Sprintf("http://127.0.0.1:%d", o.port), Seen: seen,
			Secrets: demo.Secrets{ApplicationKey: os.Getenv("UPSTREAMAUTH_TU_KEY"), Status: os.Getenv("UPSTREAMAUTH_STATUS")},
		})
	}
	fmt.Fprintln(out, "This starts a real Traefik with the plugin, four emulated APIs, a backend and a page,")
	fmt.Fprintln(out, "all on 127.0.0.1. It takes some ten seconds; building a Traefik first, where there is")
	fmt.Fprintln(out, "none, four minutes, once.")
	if err := demo.Free(o.port); err != nil {
		return nil, err // before a Traefik is built
	}
	program, err := binary.Any(ctx, out)
	if err != nil {
		return nil, err
	}
	return demo.Start(ctx, out, demo.Options{Program: program, Port: o.port, Seen: seen})
}
