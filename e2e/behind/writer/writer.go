// Package writer adds a plugin to a Traefik that writes into all header values.
package writer

import (
	"embed"
	"os"
	"path/filepath"

	"github.com/upstreamauth/upstreamauth/e2e/stage"
	"github.com/upstreamauth/upstreamauth/e2e/traefik"
)

// Module is the plugin's module path.
const Module = "example.com/writer"

//go:embed testdata/writer.go testdata/manifest.yml
var files embed.FS

// Added returns options of a Traefik with this plugin, named writer, beside ours. It may
// add to their static configuration.
func Added(o traefik.Options) traefik.Options {
	if o.Static == nil {
		o.Static = map[string]any{}
	}
	o.Static["experimental"] = map[string]any{"localPlugins": map[string]any{"writer": map[string]any{"moduleName": Module}}}
	o.Stage = func(goPath string) error {
		if err := stage.Plugin(goPath); err != nil {
			return err
		}
		return put(goPath)
	}
	return o
}

// put copies the plugin below goPath.
func put(goPath string) error {
	dir := filepath.Join(goPath, "src", filepath.FromSlash(Module))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, as := range map[string]string{"writer.go": "writer.go", "manifest.yml": ".traefik.yml"} {
		text, err := files.ReadFile("testdata/" + name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, as), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
