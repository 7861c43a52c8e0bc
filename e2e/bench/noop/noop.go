// Package noop puts a plugin that does nothing where Traefik and the interpreter
// look for one.
package noop

import (
	"embed"
	"os"
	"path/filepath"
)

// Module is the plugin's module path.
const Module = "example.com/noop"

//go:embed testdata/noop.go testdata/manifest.yml
var files embed.FS

// Stage puts the plugin below goPath, as stage.Plugin does with ours.
func Stage(goPath string) error {
	dir := filepath.Join(goPath, "src", filepath.FromSlash(Module))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, as := range map[string]string{"testdata/noop.go": "noop.go", "testdata/manifest.yml": ".traefik.yml"} {
		text, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, as), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
