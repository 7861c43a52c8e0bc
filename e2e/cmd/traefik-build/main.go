// Command traefik-build makes sure there is a Traefik to try the plugin with
// and prints its path. `make traefik` runs it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"github.com/upstreamauth/upstreamauth/e2e/traefik/binary"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "traefik-build:", err)
		stop()
		os.Exit(1)
	}
}

// run shows progress on stderr and the path, alone, on stdout.
func run(ctx context.Context) error {
	path, err := find(ctx)
	if err != nil {
		return err
	}

	if out, err := exec.CommandContext(ctx, path, "version").CombinedOutput(); err != nil {
		return fmt.Errorf("%s does not start: %w\n%s", path, err, strings.TrimSpace(string(out)))
	}
	fmt.Println(path)

	return nil
}

// find takes the Traefik that the environment names; where it names none, the
// one in the cache, building it if need be.
func find(ctx context.Context) (string, error) {
	if os.Getenv(binary.Variable) != "" {
		return binary.Find()
	}

	return binary.Build(ctx, os.Stderr)
}
