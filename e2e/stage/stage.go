// Package stage lays out the plugin the way Traefik wants to find it: its
// source, without tests, beside a vendor folder with all it imports, below
// src/<module path> of a GOPATH.
//
// Traefik's interpreter knows neither modules nor the module cache, so a tree
// without vendor/ does not load. The repository carries no vendor folder;
// what needs the plugin as Traefik sees it (the interpreted tests, the
// runner, the archive of make dist) asks this package for one.
package stage

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/upstreamauth/upstreamauth/e2e/ending"
)

// Module is the plugin's module path, which is also its import path.
const Module = "github.com/upstreamauth/upstreamauth"

// staged makes the tree once per process: vendoring starts the go command,
// which takes longer than all the rest, and the sources do not change under a
// running test. It is kept in memory, so no process leaves a folder behind.
var staged = sync.OnceValues(build)

// Plugin writes the plugin with its vendored dependencies to
// <goPath>/src/<Module>. For Traefik goPath is "plugins-local" in its working
// directory, for an interpreter its GoPath.
func Plugin(goPath string) error {
	files, err := staged()
	if err != nil {
		return err
	}

	return files.write(Dir(goPath))
}

// Dir is where Plugin puts the plugin below goPath.
func Dir(goPath string) string {
	return filepath.Join(goPath, "src", filepath.FromSlash(Module))
}

// build copies the plugin's sources to a temporary folder, vendors there (the
// repository itself stays as it is) and reads the whole back.
func build() (tree, error) {
	root, err := Root()
	if err != nil {
		return nil, err
	}

	sources, err := readTree(root, plugin)
	if err != nil {
		return nil, fmt.Errorf("stage: reading the plugin: %w", err)
	}

	dir, remove, err := ending.Folder("", "upstreamauth-stage-")
	if err != nil {
		return nil, fmt.Errorf("stage: %w", err)
	}
	defer remove()

	if err := sources.write(dir); err != nil {
		return nil, err
	}
	if err := Vendor(dir); err != nil {
		return nil, err
	}

	files, err := readTree(dir, everything)
	if err != nil {
		return nil, fmt.Errorf("stage: reading the vendored plugin: %w", err)
	}

	return files, nil
}

// Vendor runs `go mod vendor` in dir, which holds the plugin's module. With the
// modules in the module cache it needs no network. A workspace or flags of the
// developer's must not reach it.
func Vendor(dir string) error {
	cmd := exec.Command("go", "mod", "vendor")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-buildvcs=false")

	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("stage: go mod vendor: %w\n%s", err, strings.TrimSpace(string(out)))
	}

	return nil
}
