package binary

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAny(t *testing.T) {
	t.Run("one on the PATH is taken before a built one", func(t *testing.T) {
		emptyCache(t)
		cached(t, Newest)
		mine := program(t, filepath.Join(t.TempDir(), "traefik"), says("3.5.0"))
		setPath(t, mine)

		expectAny(t, mine, "Traefik v3.5.0, found on the PATH: "+mine)
	})

	t.Run("TRAEFIK is taken before one on the PATH", func(t *testing.T) {
		emptyCache(t)
		setPath(t, program(t, filepath.Join(t.TempDir(), "traefik"), says("3.5.0")))
		named := program(t, filepath.Join(t.TempDir(), "mine"), says("v3.4.1"))
		t.Setenv(Variable, named)

		expectAny(t, named, "Traefik v3.4.1, named by TRAEFIK: "+named)
	})

	t.Run("others are passed over with a line that says why", func(t *testing.T) {
		emptyCache(t)
		built := cached(t, Newest)
		for _, other := range []struct{ script, why string }{
			{says("2.11.3"), "it is v2.11.3, and a 3.x from v3.3.0 on is needed"},
			{says("v3.2.9"), "it is v3.2.9, and a 3.x from v3.3.0 on is needed"},
			{says("4.0.0"), "it is v4.0.0, and a 3.x from v3.3.0 on is needed"},
			{"echo hello", "it is no Traefik"},
			{"echo cannot >&2; exit 3", "it does not start: exit status 3"},
		} {
			mine := program(t, filepath.Join(t.TempDir(), "traefik"), other.script)
			setPath(t, mine)

			expectAny(t, built, "Not used, though on the PATH: "+mine+": "+other.why, "Traefik "+Newest+", pinned")
		}
	})

	t.Run("one passed over does not hide a later one on the PATH", func(t *testing.T) {
		emptyCache(t)
		old := program(t, filepath.Join(t.TempDir(), "traefik"), says("2.11.3"))
		good := program(t, filepath.Join(t.TempDir(), "traefik"), says("3.6.0"))
		setPath(t, old, good)

		expectAny(t, good, old+": it is v2.11.3", "Traefik v3.6.0, found")
	})

	t.Run("TRAEFIK that names an unusable one is an error", func(t *testing.T) {
		emptyCache(t)
		cached(t, Newest)
		t.Setenv(Variable, program(t, filepath.Join(t.TempDir(), "mine"), says("2.11.3")))

		if got, err := Any(context.Background(), new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "it is v2.11.3") {
			t.Errorf("got %s, %v", got, err)
		}
	})
}

func TestPinned(t *testing.T) {
	t.Run("one on the PATH is not taken for tests", func(t *testing.T) {
		emptyCache(t)
		built := cached(t, Oldest)
		setPath(t, program(t, filepath.Join(t.TempDir(), "traefik"), says("3.7.13")))

		var out bytes.Buffer
		got, err := Pinned(context.Background(), Oldest, &out)
		if err != nil || got != built || !strings.Contains(out.String(), "Traefik "+Oldest+", pinned") {
			t.Errorf("got %s, %v, %q", got, err, out.String())
		}
	})
}

// setPath puts the folders of these programs in front of the PATH.
func setPath(t *testing.T, programs ...string) {
	t.Helper()

	var dirs []string
	for _, p := range programs {
		dirs = append(dirs, filepath.Dir(p))
	}
	t.Setenv("PATH", strings.Join(append(dirs, "/usr/bin", "/bin"), string(os.PathListSeparator)))
}

func expectAny(t *testing.T, want string, lines ...string) {
	t.Helper()

	var out bytes.Buffer
	got, err := Any(context.Background(), &out)
	if err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	for _, line := range lines {
		if !strings.Contains(out.String(), line) {
			t.Errorf("%q is not in %q", line, out.String())
		}
	}
}
