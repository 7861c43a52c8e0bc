package binary

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// Any is a Traefik to try the plugin with by hand: the one that TRAEFIK names,
// else one on the PATH, else the newest pinned one, which is built if need be.
// It tells out which one it takes, and why it passes over others.
func Any(ctx context.Context, out io.Writer) (string, error) {
	if os.Getenv(Variable) != "" {
		return Pinned(ctx, Newest, out)
	}

	for _, path := range onPath() {
		version, err := Usable(ctx, path)
		if err == nil {
			fmt.Fprintf(out, "Traefik %s, found on the PATH: %s\n", version, path)
			return path, nil
		}
		fmt.Fprintf(out, "Not used, though on the PATH: %v\n", err)
	}

	return Pinned(ctx, Newest, out)
}

// Pinned is the Traefik for tests of a version: the one that TRAEFIK names, else
// the pinned one, which is built if need be. It tells out which one it is.
func Pinned(ctx context.Context, version string, out io.Writer) (string, error) {
	var path, origin string
	var err error
	if os.Getenv(Variable) != "" {
		origin = "named by " + Variable
		path, err = given()
	} else {
		origin = "pinned for tests"
		path, err = Build(ctx, version, out)
	}
	if err != nil {
		return "", err
	}

	found, err := Usable(ctx, path)
	if err != nil {
		return "", err
	}
	fmt.Fprintf(out, "Traefik %s, %s: %s\n", found, origin, path)

	return path, nil
}

// onPath lists the programs called traefik on the PATH, in its order. A folder
// that is not absolute is left out, as package exec does.
func onPath() []string {
	var found []string
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if !filepath.IsAbs(dir) {
			continue
		}
		if path, err := exec.LookPath(filepath.Join(dir, "traefik")); err == nil {
			found = append(found, path)
		}
	}

	return found
}
