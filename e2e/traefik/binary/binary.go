// Package binary finds the Traefik that the plugin is tried with, and builds it
// where there is none.
//
// Tests run on pinned versions: Newest everywhere, and a selection of them on
// Oldest too. What is built is fixed by a go.mod and a go.sum for each version,
// modules/<version>.mod and .sum. They are no part of e2e's own module, which
// would otherwise require all that Traefik requires.
package binary

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
)

// The versions that are built: the one that tests run on, and the oldest one
// that is tested.
const (
	Newest = "v3.7.13"
	Oldest = "v3.6.12"
)

// Variable is the environment variable that names another Traefik to use.
const Variable = "TRAEFIK"

// module is Traefik's path as a Go module, command that of its program.
const (
	module  = "github.com/traefik/traefik/v3"
	command = module + "/cmd/traefik"
)

// ErrMissing says that the Traefik that tests need was not built yet.
var ErrMissing = errors.New("this Traefik is not built yet: `make traefik traefik-oldest` builds what tests need " +
	"(a few minutes each, once), or set " + Variable + " to the path of one that you have")

// Find is the absolute path of the Traefik for tests of a version: the one that
// TRAEFIK names, whichever version that is, else the built one in the cache. It
// is ErrMissing where neither is there.
func Find(version string) (string, error) {
	if os.Getenv(Variable) != "" {
		return given()
	}

	path, err := Cached(version)
	if err != nil {
		return "", err
	}
	if !built(path) {
		return "", fmt.Errorf("%w (looked for %s)", ErrMissing, path)
	}

	return path, nil
}

// given is the program that TRAEFIK names.
func given() (string, error) {
	path, err := exec.LookPath(os.Getenv(Variable))
	if err != nil {
		return "", fmt.Errorf("%s names no program: %w", Variable, err)
	}

	return filepath.Abs(path)
}

// Cached is where a built version is kept, whether it is there or not.
func Cached(version string) (string, error) {
	dir, err := cacheDir()
	if err != nil {
		return "", err
	}

	name := "traefik-" + version
	if runtime.GOOS == "windows" {
		name += ".exe"
	}

	return filepath.Join(dir, name), nil
}

func built(path string) bool {
	_, err := exec.LookPath(path)

	return err == nil
}

// cacheDir is this project's folder in the user's cache. Where the environment
// names no home (some build machines), the user database does.
func cacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		current, lookup := user.Current()
		if lookup != nil || current.HomeDir == "" {
			return "", fmt.Errorf("no folder to keep Traefik in: %w", err)
		}
		dir = filepath.Join(current.HomeDir, ".cache")
	}

	return filepath.Join(dir, "upstreamauth"), nil
}
