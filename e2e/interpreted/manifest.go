package interpreted

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"
)

// Manifest is the part of .traefik.yml that Traefik and the catalog read.
type Manifest struct {
	DisplayName string         `yaml:"displayName"`
	Type        string         `yaml:"type"`
	Runtime     string         `yaml:"runtime"`
	Import      string         `yaml:"import"`
	BasePkg     string         `yaml:"basePkg"`
	Summary     string         `yaml:"summary"`
	TestData    map[string]any `yaml:"testData"`
}

// readManifest rejects what Traefik rejects in a local plugin.
func readManifest(goPath, module string) (Manifest, error) {
	file := filepath.Join(goPath, "src", filepath.FromSlash(module), ".traefik.yml")

	text, err := os.ReadFile(file)
	if err != nil {
		return Manifest{}, fmt.Errorf("interpreted: the manifest: %w", err)
	}

	var m Manifest
	if err := yaml.Unmarshal(text, &m); err != nil {
		return Manifest{}, fmt.Errorf("interpreted: the manifest: %w", err)
	}

	switch {
	case m.Type != "middleware":
		err = fmt.Errorf("type is %q, want middleware", m.Type)
	case m.Runtime != "" && m.Runtime != "yaegi":
		err = fmt.Errorf("runtime is %q, want yaegi", m.Runtime)
	case !strings.HasPrefix(m.Import, module):
		err = fmt.Errorf("import is %q, want %s or below", m.Import, module)
	case m.DisplayName == "":
		err = fmt.Errorf("displayName is missing")
	case m.Summary == "":
		err = fmt.Errorf("summary is missing")
	case m.TestData == nil:
		err = fmt.Errorf("testData is missing")
	}
	if err != nil {
		return Manifest{}, fmt.Errorf("interpreted: the manifest of %s: %w", module, err)
	}

	return m, nil
}
