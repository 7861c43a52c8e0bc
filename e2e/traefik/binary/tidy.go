package binary

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/upstreamauth/upstreamauth/e2e/ending"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

// Tidy has the go command complete the pinned go.mod and go.sum of a version, and
// writes them back. That is how a version is added: two files, an empty .sum
// and a .mod with the lines of another version and the new number in it, then
// the constant above.
func Tidy(ctx context.Context, version string, out io.Writer) error {
	root, err := stage.Root()
	if err != nil {
		return err
	}
	scratch, remove, err := ending.Folder("", "upstreamauth-tidy-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer remove()

	dir := filepath.Join(scratch, "module")
	if err := layOut(ctx, version, dir, filepath.Join(scratch, "sources")); err != nil {
		return err
	}
	tidying := step{out: out, says: "looking for what it requires", counts: "lines", dir: dir}
	if err := run(ctx, tidying, "mod", "tidy"); err != nil {
		return err
	}

	for _, kind := range []string{".mod", ".sum"} {
		text, err := os.ReadFile(filepath.Join(dir, "go"+kind))
		if err != nil {
			return fmt.Errorf("reading what was completed: %w", err)
		}
		if err := write(filepath.Join(root, "e2e", "traefik", "binary", "modules", version+kind), text); err != nil {
			return err
		}
	}

	return nil
}
