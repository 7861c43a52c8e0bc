// Package binary finds the Traefik that the plugin is tried with, and builds it
// where there is none.
//
// The version is the one that e2e/go.mod requires, so the interpreter that the
// tests compile in and the one inside this binary are the same.
package binary

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"

	"github.com/upstreamauth/upstreamauth/e2e/stage"
	"golang.org/x/mod/modfile"
)

// Variable is the environment variable that names another Traefik to use.
const Variable = "TRAEFIK"

// module is Traefik's path as a Go module, command that of its program.
const (
	module  = "github.com/traefik/traefik/v3"
	command = module + "/cmd/traefik"
)

// ErrMissing says that no Traefik was built yet.
var ErrMissing = errors.New("there is no Traefik yet: `make traefik` builds it (about ten minutes, once), or set " +
	Variable + " to the path of one")

// Find is the absolute path of the Traefik to use: the one that TRAEFIK names,
// else the one in the cache. It is ErrMissing where neither is there.
func Find() (string, error) {
	if given := os.Getenv(Variable); given != "" {
		path, err := exec.LookPath(given)
		if err != nil {
			return "", fmt.Errorf("%s names no program: %w", Variable, err)
		}

		return filepath.Abs(path)
	}

	path, err := Cached()
	if err != nil {
		return "", err
	}
	if _, err := exec.LookPath(path); err != nil {
		return "", fmt.Errorf("%w (looked for %s)", ErrMissing, path)
	}

	return path, nil
}

// Cached is where the built Traefik is kept, whether it is there or not.
func Cached() (string, error) {
	version, err := Version()
	if err != nil {
		return "", err
	}
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

// Version is the version of Traefik that e2e/go.mod requires.
func Version() (string, error) {
	root, err := stage.Root()
	if err != nil {
		return "", err
	}

	file := filepath.Join(root, "e2e", "go.mod")
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("reading Traefik's version: %w", err)
	}
	parsed, err := modfile.ParseLax(file, text, nil)
	if err != nil {
		return "", fmt.Errorf("reading Traefik's version: %w", err)
	}

	for _, require := range parsed.Require {
		if require.Mod.Path == module {
			return require.Mod.Version, nil
		}
	}

	return "", fmt.Errorf("%s does not require %s", file, module)
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
