package binary

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func TestProgress(t *testing.T) {
	var out bytes.Buffer
	p := step{out: &out, says: "compiling", counts: "packages", about: 200}.start()
	for n := range 60 {
		fmt.Fprintf(p, "file.go:%d: trou", n)
		fmt.Fprint(p, "ble\npackage/name\n")
	}
	fmt.Fprint(p, "the end")
	p.stop()

	t.Run("counts the lines, of what is expected", func(t *testing.T) {
		if !strings.Contains(out.String(), "compiling: 120 of about 200 packages, ") {
			t.Errorf("said %q", out.String())
		}
	})

	t.Run("shows none of them", func(t *testing.T) {
		if strings.Contains(out.String(), "package/name") || strings.Contains(out.String(), "trouble") {
			t.Errorf("said %q", out.String())
		}
	})

	t.Run("keeps the last ones that are no names of packages, for an error", func(t *testing.T) {
		tail := strings.Split(p.tail(), "\n")
		if len(tail) != tailLines+1 || tail[0] != "file.go:20: trouble" || tail[tailLines] != "the end" {
			t.Errorf("kept %q", tail)
		}
	})

	t.Run("does without a number where none is expected", func(t *testing.T) {
		var out bytes.Buffer
		step{out: &out, says: "fetching", counts: "modules"}.start().stop()

		if !strings.Contains(out.String(), "fetching: 0 modules, ") {
			t.Errorf("said %q", out.String())
		}
	})
}
