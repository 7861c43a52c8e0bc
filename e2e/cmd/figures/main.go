// Command figures prints how a checkout of the plugin is built, as a table:
// how many rooms, files and functions it has, how large they get, how much of
// it are comments and tests, how long its names are. It takes the checkout's
// folder, by default this one, and only parses, so that an old checkout can be
// measured as well as a new one:
//
//	git worktree add /tmp/old v0.1.0 && go -C e2e run ./cmd/figures /tmp/old
package main

import (
	"fmt"
	"os"

	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

func main() {
	table, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Print(table)
}

func run(arguments []string) (string, error) {
	root, err := stage.Root()
	if len(arguments) > 0 {
		root, err = arguments[0], nil
	}
	if err != nil {
		return "", err
	}
	plugin, e2e, err := measure(os.DirFS(root))
	if err != nil {
		return "", err
	}
	return table(plugin, e2e), nil
}
