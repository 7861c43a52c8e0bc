package binary

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/ending"
)

// Build makes sure that the cache holds a version of Traefik and gives its path,
// telling out what it does. The first time takes four minutes on two quiet
// cores, mostly the compiler's; with a warm build cache half of one.
//
// The program appears whole or not at all. Of two builds at once the second
// waits for the first and takes what it made.
func Build(ctx context.Context, version string, out io.Writer) (string, error) {
	path, err := Cached(version)
	if err != nil {
		return "", err
	}
	if built(path) {
		return path, nil
	}

	cache := filepath.Dir(path)
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", fmt.Errorf("making the cache: %w", err)
	}

	mine, err := lock(ctx, path+".lock", out)
	if err != nil {
		return "", err
	}
	defer mine.unlock()

	if built(path) {
		return path, nil
	}

	scratch, remove, err := makeScratch(cache, version)
	if err != nil {
		return "", err
	}
	defer remove()
	mine.says(scratch)

	start := time.Now()
	fmt.Fprintf(out, "Traefik %s is not in %s yet, so it is built.\n"+
		"A Traefik 3.x that you have already can be used instead: set %s=/path/to/traefik.\n"+
		"Building it takes about four minutes on two quiet cores, once.\n", version, cache, Variable)

	if err := build(ctx, version, scratch, path, out); err != nil {
		return "", err
	}
	fmt.Fprintf(out, "Built %s in %s.\n", path, time.Since(start).Round(time.Second))

	return path, nil
}

// makeScratch makes the folder that a build works in. It lies in the cache, since
// a small /tmp does not hold Traefik's sources. The caller holds the version's
// lock, so other folders for this version belong to builds that were killed.
func makeScratch(cache, version string) (dir string, remove func(), err error) {
	prefix := "sources-" + version + "-"
	if left, err := filepath.Glob(filepath.Join(cache, prefix+"*")); err == nil {
		for _, dir := range left {
			_ = os.RemoveAll(dir)
		}
	}

	if dir, remove, err = ending.Folder(cache, prefix); err != nil {
		return "", nil, fmt.Errorf("making the build's folder: %w", err)
	}

	return dir, remove, nil
}

// build compiles in scratch and moves the finished program to path.
//
// Traefik embeds its dashboard, but its module carries only the dashboard's
// sources. Files of the module cache cannot be added to, so the modules are
// vendored, and a blank page is put in there.
func build(ctx context.Context, version, scratch, path string, out io.Writer) error {
	dir := filepath.Join(scratch, "module")
	fmt.Fprintln(out, "  fetching Traefik itself ...")
	if err := layOut(ctx, version, dir, filepath.Join(scratch, "sources")); err != nil {
		return err
	}

	fetching := step{out: out, says: "fetching what it requires", counts: "modules downloaded", dir: dir}
	if err := run(ctx, fetching, "mod", "vendor"); err != nil {
		return err
	}
	page := filepath.Join(dir, "vendor", filepath.FromSlash(module), "webui", "static", "index.html")
	if err := write(page, []byte("\n")); err != nil {
		return err
	}

	program := filepath.Join(scratch, filepath.Base(path))
	compiling := step{out: out, says: "compiling", counts: "packages", about: countPackages(ctx, dir), dir: dir}
	// Without the flag it would call its version "dev".
	naming := "-ldflags=-X=" + module + "/pkg/version.Version=" + strings.TrimPrefix(version, "v")
	if err := run(ctx, compiling, "build", "-v", "-mod=vendor", "-trimpath", naming, "-o", program, command); err != nil {
		return err
	}

	told, err := versionOf(ctx, program)
	if err != nil {
		return fmt.Errorf("the built Traefik: %w", err)
	}
	if told != version {
		return fmt.Errorf("the built Traefik says that it is %s, not %s", told, version)
	}
	if err := os.Rename(program, path); err != nil {
		return fmt.Errorf("keeping the built Traefik: %w", err)
	}

	return nil
}

// countPackages is how many packages Traefik is made of, those of the standard
// library with it, or 0 if that is unknown. Packages that Go has compiled before
// are not compiled again, and not told.
func countPackages(ctx context.Context, dir string) int {
	cmd := goCommand(ctx, dir, "list", "-mod=vendor", "-deps", command)
	list, err := grouped(ctx, cmd, cmd.Output)
	if err != nil {
		return 0
	}

	return bytes.Count(list, []byte("\n"))
}

// run runs the go command and shows how far it has come.
func run(ctx context.Context, s step, args ...string) error {
	cmd := goCommand(ctx, s.dir, args...)

	progress := s.start()
	cmd.Stdout, cmd.Stderr = progress, progress
	_, err := grouped(ctx, cmd, func() ([]byte, error) { return nil, cmd.Run() })
	progress.stop()

	if err != nil {
		return fmt.Errorf("go %s: %w\n%s", args[0], err, progress.tail())
	}

	return nil
}

// goCommand is the go command in dir, without the developer's workspace and
// flags (an empty GOFLAGS would not replace those that `go env -w` keeps). The
// cache may lie in another repository, which is no part of this. What ends this
// process lets the command, and the compilers that it started, tidy up after
// themselves before they are killed.
func goCommand(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-buildvcs=false")
	interruptible(cmd)
	cmd.WaitDelay = 10 * time.Second

	return cmd
}
