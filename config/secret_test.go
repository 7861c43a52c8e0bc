package config

import (
	"os"
	"path/filepath"
	"testing"
)

func TestReadFile(t *testing.T) {
	t.Run("without UPSTREAMAUTH_FILES, only files below the default folders are read", func(t *testing.T) {
		outside := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(outside, []byte("MARKER"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{outside, "/etc/passwd", "/run/secrets", "/run/secretsx/a", "/etc/upstreamauth/../passwd"} {
			f := newFixture(t)
			f.put("file:"+path, "basic", "applicationKey")
			want := "basic.applicationKey: file: takes only files below the folders of UPSTREAMAUTH_FILES"
			if got := f.faults(); got != want {
				t.Errorf("%s: %s", path, got)
			}
		}
	})
}
