// Command dist packs the plugin with its vendored dependencies into the tar.gz
// that its argument names. `make dist` runs it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/upstreamauth/upstreamauth/e2e/ending"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

// latest is the name of the newest archive, whatever its version.
const latest = "upstreamauth.tar.gz"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

func run() error {
	alone := flag.Bool("alone", false, "write "+latest+" beside it as well, and remove the archives of other versions there")
	flag.Parse()
	if flag.NArg() != 1 {
		return errors.New("want one argument, the file to write")
	}
	target := flag.Arg(0)
	if err := pack(target); err != nil {
		return err
	}
	if *alone {
		if err := leaveAlone(target); err != nil {
			return err
		}
	}
	fmt.Println(target)

	return nil
}

// pack writes beside the target and renames, so that the target is never half an
// archive.
func pack(target string) error {
	folder := filepath.Dir(target)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	scratch, remove, err := ending.Folder(folder, ".dist-")
	if err != nil {
		return err
	}
	defer remove()
	file, err := os.Create(filepath.Join(scratch, latest))
	if err != nil {
		return err
	}
	if err := errors.Join(stage.Pack(file), file.Close()); err != nil {
		return err
	}

	return os.Rename(file.Name(), target)
}

// leaveAlone makes the target the only archive of its folder, so that a pattern
// for its name finds one; and gives it a second name, which is always the same.
func leaveAlone(target string) error {
	others, err := os.ReadDir(filepath.Dir(target))
	if err != nil {
		return err
	}
	for _, other := range others {
		ours, _ := filepath.Match("upstreamauth-*.tar.gz", other.Name())
		if ours && other.Name() != filepath.Base(target) {
			if err := os.Remove(filepath.Join(filepath.Dir(target), other.Name())); err != nil {
				return err
			}
		}
	}
	text, err := os.ReadFile(target)
	if err != nil {
		return err
	}
	second := filepath.Join(filepath.Dir(target), latest)
	if err := os.WriteFile(second+".new", text, 0o644); err != nil {
		return err
	}

	return os.Rename(second+".new", second)
}
