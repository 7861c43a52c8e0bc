// Command upstreams runs the four emulated APIs on loopback addresses, with accounts and credentials
// that it prints, so that the plugin can be tried without an account at any of the real ones:
//
//	go run ./cmd/upstreams
//	go run ./cmd/upstreams -application-key my-key -password secret1 -bts 127.0.0.1:7003
//
// It runs until it is interrupted and stores nothing.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "upstreams:", err)
		os.Exit(1)
	}
}

// run starts the APIs that args describe, prints how to use them to out, and serves until ctx ends.
// Errors of the flags go to stderr too.
func run(ctx context.Context, args []string, out, stderr io.Writer) error {
	options, err := parse(args, stderr)
	if err != nil {
		return err
	}
	demo, err := upstreams.NewDemo(options)
	if err != nil {
		return err
	}
	defer demo.Close()
	if err := guide(out, demo); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// parse reads the flags. Credentials that are not given are made at random.
func parse(args []string, stderr io.Writer) (upstreams.DemoOptions, error) {
	var o upstreams.DemoOptions
	flags := flag.NewFlagSet("upstreams", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.ThammasatAddr, "thammasat", "127.0.0.1:9101", "`address` of the TU account API")
	flags.StringVar(&o.IPPanelAddr, "ippanel", "127.0.0.1:9102", "`address` of IPPanel")
	flags.StringVar(&o.BTSAddr, "bts", "127.0.0.1:9103", "`address` of BTS")
	flags.StringVar(&o.WebServiceAddr, "webservice", "127.0.0.1:9104", "`address` of the web service")
	flags.StringVar(&o.Password, "password", "", "`password` of every account, at least six characters (default random)")
	flags.StringVar(&o.ApplicationKey, "application-key", "", "the TU account API's good `key` (default random)")
	flags.StringVar(&o.OTP, "otp", "", "every one-time `password` of IPPanel (default random)")
	flags.StringVar(&o.APIKey, "api-key", "", "IPPanel's good API `key` (default random)")
	flags.StringVar(&o.ServiceToken, "service-token", "", "the web service's good `token` (default random)")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return o, nil
}
