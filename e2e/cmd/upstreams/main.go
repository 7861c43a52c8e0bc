// Command upstreams runs the four emulated APIs on loopback addresses, with accounts and credentials
// that it prints, and a backend, so that the plugin can be tried without an account at any of the real
// ones. It writes a dynamic configuration for Traefik that asks them, and prints a line for each call:
//
//	go run ./cmd/upstreams
//	go run ./cmd/upstreams -application-key my-key -password secret1 -bts 127.0.0.1:7003
//	go run ./cmd/upstreams -dynamic /etc/traefik/dynamic/emulated.yml
//
// It runs until it is interrupted, and leaves nothing but a file that -dynamic names.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/upstreamauth/upstreamauth/e2e/demo"
	"github.com/upstreamauth/upstreamauth/e2e/ending"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

func main() {
	ctx, stop := ending.Context()
	defer stop()
	err := run(ctx, os.Args[1:], ending.Output(os.Stdout, stop), os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "upstreams:", err)
		os.Exit(1)
	}
}

// run starts the APIs that args describe, prints how to use them to out, and serves until ctx ends.
// Errors of the flags go to stderr too.
func run(ctx context.Context, args []string, out, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	// The guide comes first, and then the calls, each line whole.
	said := &lines{out: out}
	o.Seen = func(s upstreams.Seen) { said.add(s.String()) }
	apis, err := upstreams.NewDemo(o.DemoOptions)
	if err != nil {
		return err
	}
	defer apis.Close()
	backend, err := demo.NewBackend(o.backend, nil)
	if err != nil {
		return err
	}
	defer backend.Close()
	file, remove, err := dynamic(o.dynamic, apis, backend.URL)
	if err != nil {
		return err
	}
	defer remove()
	if err := guide(out, apis, file); err != nil {
		return err
	}
	said.begin()
	<-ctx.Done()
	return nil
}

// lines writes what it is given, from its beginning on.
type lines struct {
	mu      sync.Mutex
	out     io.Writer
	begun   bool
	waiting []string
}

func (l *lines) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.begun {
		l.waiting = append(l.waiting, line)
		return
	}
	fmt.Fprintln(l.out, line)
}

func (l *lines) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begun = true
	for _, line := range l.waiting {
		fmt.Fprintln(l.out, line)
	}
}

// options are the flags.
type options struct {
	upstreams.DemoOptions
	backend, dynamic string
}

// parse reads the flags. Credentials that are not given are made at random.
func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("upstreams", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.ThammasatAddr, "thammasat", "127.0.0.1:9101", "`address` of the TU account API")
	flags.StringVar(&o.IPPanelAddr, "ippanel", "127.0.0.1:9102", "`address` of IPPanel")
	flags.StringVar(&o.BTSAddr, "bts", "127.0.0.1:9103", "`address` of BTS")
	flags.StringVar(&o.WebServiceAddr, "webservice", "127.0.0.1:9104", "`address` of the web service")
	flags.StringVar(&o.backend, "backend", "127.0.0.1:9105", "`address` of a backend that shows the requests it receives")
	flags.StringVar(&o.dynamic, "dynamic", "", "`file` to write Traefik's dynamic configuration to, which stays there (default a temporary one)")
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
