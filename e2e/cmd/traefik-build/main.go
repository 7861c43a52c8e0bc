// Command traefik-build makes sure there is a Traefik to try the plugin with and
// prints its path. `make traefik` and `make traefik-oldest` run it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/upstreamauth/upstreamauth/e2e/ending"
	"github.com/upstreamauth/upstreamauth/e2e/traefik/binary"
)

func main() {
	oldest := flag.Bool("oldest", false, "the oldest version that is tested, not the newest")
	tidy := flag.String("tidy", "", "complete the pinned go.mod and go.sum of this `version` instead, as v3.7.13")
	flag.Parse()

	ctx, stop := ending.Context()
	defer stop()

	if err := run(ctx, *oldest, *tidy); err != nil {
		fmt.Fprintln(os.Stderr, "traefik-build:", err)
		stop()
		os.Exit(1)
	}
}

// run shows progress on stderr and the path, alone, on stdout.
func run(ctx context.Context, oldest bool, tidy string) error {
	if tidy != "" {
		return binary.Tidy(ctx, tidy, os.Stderr)
	}

	version := binary.Newest
	if oldest {
		version = binary.Oldest
	}
	path, err := binary.Pinned(ctx, version, os.Stderr)
	if err != nil {
		return err
	}
	fmt.Println(path)

	return nil
}
