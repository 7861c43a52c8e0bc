// Command lint checks the plugin's sources against the rules of package lint
// and prints what breaks them. It takes the plugin's root; without one it
// checks the checkout that it was built from.
package main

import (
	"fmt"
	"os"

	"github.com/upstreamauth/upstreamauth/e2e/lint"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

func main() {
	violations, err := check(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	for _, v := range violations {
		fmt.Println(v)
	}
	if len(violations) > 0 {
		fmt.Printf("%d violations\n", len(violations))
		os.Exit(1)
	}
}

func check(arguments []string) ([]lint.Violation, error) {
	if len(arguments) > 0 {
		return lint.Check(arguments[0])
	}
	root, err := stage.Root()
	if err != nil {
		return nil, err
	}
	return lint.Check(root)
}
