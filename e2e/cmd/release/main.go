// Command release makes a release of the plugin: a commit beside main whose
// tree has vendor/, and a tag that leads to it. `make release VERSION=v0.1.0`
// runs it, and `make catalog VERSION=v0.1.0` runs it with -check.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/upstreamauth/upstreamauth/e2e/release"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run() error {
	check := flag.Bool("check", false, "check a tag that is there, and make none")
	flag.Parse()
	if flag.NArg() != 2 {
		return errors.New("want two arguments, a folder of the repository and the version")
	}
	options := release.Options{Dir: flag.Arg(0), Version: flag.Arg(1), Out: os.Stdout}
	if *check {
		return release.Check(options)
	}

	return release.Make(options)
}
