package binary

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

// scratchPrefix begins the names of the folders that builds work in. They lie
// in the cache, since a small /tmp does not hold Traefik's sources.
const scratchPrefix = "building-"

// Build makes sure that the cache holds Traefik and gives its path, telling out
// what it does. The first time takes about ten minutes on two cores, mostly
// the compiler's; with a warm build cache less than one.
//
// The program appears whole or not at all. Of two builds at once the second
// waits for the first and takes what it made.
func Build(ctx context.Context, out io.Writer) (string, error) {
	path, err := Cached()
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

	unlock, err := lock(ctx, path+".lock", out)
	if err != nil {
		return "", err
	}
	defer unlock()

	if built(path) {
		return path, nil
	}

	// Whoever holds the lock builds alone, so other scratch folders belong to
	// builds that were killed.
	if left, err := filepath.Glob(filepath.Join(cache, scratchPrefix+"*")); err == nil {
		for _, dir := range left {
			_ = os.RemoveAll(dir)
		}
	}

	scratch, err := os.MkdirTemp(cache, scratchPrefix)
	if err != nil {
		return "", fmt.Errorf("making the build's folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(scratch) }()

	start := time.Now()
	fmt.Fprintf(out, "Building Traefik (%s) for the tests, once: about ten minutes on two cores.\n", filepath.Base(path))

	if err := build(ctx, scratch, path, out); err != nil {
		return "", err
	}
	fmt.Fprintf(out, "Built %s in %s.\n", path, time.Since(start).Round(time.Second))

	return path, nil
}

func built(path string) bool {
	_, err := exec.LookPath(path)

	return err == nil
}

// build compiles in scratch and moves the finished program to path.
//
// Traefik embeds its dashboard, but its module carries only the dashboard's
// sources. Files of the module cache cannot be added to, so the modules are
// vendored, out of the repository's sight, and a blank page is put in there.
func build(ctx context.Context, scratch, path string, out io.Writer) error {
	dir, err := copyModule(scratch)
	if err != nil {
		return err
	}

	if err := run(ctx, step{out: out, says: "fetching sources", counts: "modules downloaded", dir: dir},
		"mod", "vendor"); err != nil {
		return err
	}

	page := filepath.Join(dir, "vendor", filepath.FromSlash(module), "webui", "static", "index.html")
	if err := os.MkdirAll(filepath.Dir(page), 0o755); err != nil {
		return fmt.Errorf("standing in for the dashboard: %w", err)
	}
	if err := os.WriteFile(page, []byte("\n"), 0o644); err != nil {
		return fmt.Errorf("standing in for the dashboard: %w", err)
	}

	program := filepath.Join(scratch, filepath.Base(path))
	compiling := step{out: out, says: "compiling", counts: "packages compiled", most: countPackages(ctx, dir), dir: dir}
	if err := run(ctx, compiling, "build", "-v", "-mod=vendor", "-trimpath", "-o", program, command); err != nil {
		return err
	}

	if text, err := exec.CommandContext(ctx, program, "version").CombinedOutput(); err != nil {
		return fmt.Errorf("the built Traefik does not start: %w\n%s", err, text)
	}
	if err := os.Rename(program, path); err != nil {
		return fmt.Errorf("keeping the built Traefik: %w", err)
	}

	return nil
}

// copyModule puts the module files of e2e into scratch, beside those of the
// plugin that its replace line leads to, and gives the folder to build in. No
// package of ours comes along: the tool line alone says what is vendored.
func copyModule(scratch string) (string, error) {
	root, err := stage.Root()
	if err != nil {
		return "", err
	}

	for _, name := range []string{"go.mod", "go.sum", "e2e/go.mod", "e2e/go.sum"} {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			return "", fmt.Errorf("copying the module: %w", err)
		}

		target := filepath.Join(scratch, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return "", fmt.Errorf("copying the module: %w", err)
		}
		if err := os.WriteFile(target, text, 0o644); err != nil {
			return "", fmt.Errorf("copying the module: %w", err)
		}
	}

	return filepath.Join(scratch, "e2e"), nil
}

// countPackages is how many packages Traefik is made of, at most: what was
// vendored for it and the whole standard library. It is 0 if that is unknown.
func countPackages(ctx context.Context, dir string) int {
	std, err := goCommand(ctx, dir, "list", "std").Output()
	if err != nil {
		return 0
	}
	vendored, err := os.ReadFile(filepath.Join(dir, "vendor", "modules.txt"))
	if err != nil {
		return 0
	}

	count := bytes.Count(std, []byte("\n"))
	for _, line := range bytes.Split(vendored, []byte("\n")) {
		if len(line) > 0 && line[0] != '#' {
			count++
		}
	}

	return count
}

// run runs the go command and shows how far it has come.
func run(ctx context.Context, s step, args ...string) error {
	cmd := goCommand(ctx, s.dir, args...)

	progress := s.start()
	cmd.Stdout, cmd.Stderr = progress, progress
	err := cmd.Run()
	progress.stop()

	if err != nil {
		return fmt.Errorf("go %s: %w\n%s", args[0], err, progress.tail())
	}

	return nil
}

// goCommand is the go command in dir, without the developer's workspace and
// flags (an empty GOFLAGS would not replace those that `go env -w` keeps). The
// cache may lie in somebody's repository, which is no part of this. Ctrl-C lets
// the command tidy up after itself before it is killed.
func goCommand(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-buildvcs=false")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second

	return cmd
}
