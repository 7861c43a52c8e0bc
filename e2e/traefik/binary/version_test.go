package binary

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestToldVersion(t *testing.T) {
	for _, c := range []struct {
		name, text, want string
		found            bool
	}{
		{"a release", "Version:      3.7.13\nCodename:     saintmarcellin\n", "v3.7.13", true},
		{"a release of a package with a v", "Version:      v3.3.0\n", "v3.3.0", true},
		{"a candidate", "Version:      3.7.0-rc.1\n", "v3.7.0-rc.1", true},
		{"not on the first line", "a warning\nVersion:      2.11.3", "v2.11.3", true},
		{"one that does not know", "Version:      dev\n", "dev", true},
		{"nothing after it", "Version:\n", "", false},
		{"something else", "traefik 3.7.13\n", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, found := toldVersion(c.text); got != c.want || found != c.found {
				t.Errorf("got %q, %t, want %q, %t", got, found, c.want, c.found)
			}
		})
	}
}

func TestUsable(t *testing.T) {
	t.Run("a candidate of the first usable version is too early", func(t *testing.T) {
		early := program(t, filepath.Join(t.TempDir(), "traefik"), says("3.3.0-rc.1"))

		if got, err := Usable(context.Background(), early); err == nil {
			t.Errorf("got %s", got)
		}
	})

	t.Run("a program that does not end is given up", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		endless := program(t, filepath.Join(t.TempDir(), "traefik"), "exec sleep 30")

		begun := time.Now()
		if got, err := Usable(ctx, endless); err == nil || time.Since(begun) > 10*time.Second {
			t.Errorf("got %s, %v after %s", got, err, time.Since(begun))
		}
	})

	t.Run("one that does not tell its version, and that Go did not build, is not usable", func(t *testing.T) {
		script := program(t, filepath.Join(t.TempDir(), "traefik"), says("dev"))

		if got, err := Usable(context.Background(), script); err == nil || !strings.Contains(err.Error(), `it calls its version "dev"`) {
			t.Errorf("got %s, %v", got, err)
		}
	})
}

func TestBuiltVersion(t *testing.T) {
	t.Run("a program of another module has none", func(t *testing.T) {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}

		if got, err := builtVersion(self); err == nil || !strings.Contains(err.Error(), "it is built from github.com/upstreamauth/") {
			t.Errorf("got %s, %v", got, err)
		}
	})
}
