package binary

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/mod/semver"
)

const (
	// earliest is the first version that knows all options of the runner: it
	// brought experimental.abortOnPluginFailure.
	earliest = "v3.3.0"

	// versionTimeout bounds how long a program may take to tell its version.
	versionTimeout = 10 * time.Second
)

// errNoTraefik says that a program does not tell a version as Traefik does.
var errNoTraefik = errors.New("it is no Traefik: `version` prints no such line")

// Usable is the version of a Traefik that can run the plugin, as "v3.7.13". A
// program that is too old, too new or no Traefik is an error that says so.
func Usable(ctx context.Context, program string) (string, error) {
	version, err := versionOf(ctx, program)
	if err != nil {
		return "", fmt.Errorf("%s: %w", program, err)
	}
	// "v3" alone is a development version.
	if semver.Major(version) != "v3" || version != "v3" && semver.Compare(version, earliest) < 0 {
		return "", fmt.Errorf("%s: it is %s, and a 3.x from %s on is needed", program, version, earliest)
	}

	return version, nil
}

// versionOf asks the program for its version.
func versionOf(ctx context.Context, program string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()

	cmd := exec.CommandContext(ctx, program, "version")
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("it does not start: %w\n%.500s", err, strings.TrimSpace(string(out)))
	}

	told, found := toldVersion(string(out))
	if !found {
		return "", errNoTraefik
	}
	if semver.IsValid(told) {
		return told, nil
	}

	version, err := builtVersion(program)
	if err != nil {
		return "", fmt.Errorf("it calls its version %q: %w", told, err)
	}

	return version, nil
}

// builtVersion is what Go wrote into a program that it built: where it was built
// from its published module, Traefik itself says "dev".
func builtVersion(program string) (string, error) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return "", err
	}
	if info.Main.Path != module {
		return "", fmt.Errorf("it is built from %s", info.Main.Path)
	}
	if semver.IsValid(info.Main.Version) {
		return info.Main.Version, nil
	}

	return semver.Major(module[strings.LastIndex(module, "/")+1:]), nil
}

// toldVersion is what `traefik version` prints after "Version:", with a "v" in
// front where that makes it a version.
func toldVersion(text string) (string, bool) {
	for line := range strings.Lines(text) {
		told, found := strings.CutPrefix(line, "Version:")
		if !found {
			continue
		}
		told = strings.TrimSpace(told)
		if semver.IsValid("v" + told) {
			told = "v" + told
		}

		return told, told != ""
	}

	return "", false
}
