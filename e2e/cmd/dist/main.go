// Command dist packs the plugin with its vendored dependencies into the tar.gz
// that its argument names. `make dist` runs it.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

// run writes beside the target and renames, so that the target is never half an
// archive.
func run(args []string) error {
	if len(args) != 1 {
		return errors.New("want one argument, the file to write")
	}
	target := args[0]

	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(target), ".dist-")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }()

	if err := stage.Pack(file); err != nil {
		_ = file.Close()
		return err
	}
	if err := errors.Join(file.Chmod(0o644), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), target); err != nil {
		return err
	}

	fmt.Println(target)

	return nil
}
