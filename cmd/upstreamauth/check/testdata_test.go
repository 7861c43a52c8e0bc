package check_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/upstreamauth/upstreamauth/cmd/upstreamauth/check"
	"github.com/upstreamauth/upstreamauth/cmd/upstreamauth/delivered"
	"github.com/upstreamauth/upstreamauth/config/configtest"
	"gopkg.in/yaml.v3"
)

func TestTestdata(t *testing.T) {
	for _, c := range configtest.Cases(t, "../../../testdata/config") {
		if len(c.Config) == 0 {
			continue // a block without keys: each provider has its own word for it
		}
		for name, text := range written(t, c) {
			t.Run(c.Title()+", "+name+", the plugin's faults word for word", func(t *testing.T) {
				lines := faults(t, name, text, c.LookupEnv)
				if !slices.Equal(lines, c.Faults) && len(lines)+len(c.Faults) > 0 {
					t.Errorf("faults are\n%s\nwant\n%s\nof\n%s", strings.Join(lines, "\n"), strings.Join(c.Faults, "\n"), text)
				}
			})
		}
	}
}

func TestExamples(t *testing.T) {
	folders, err := filepath.Glob("../../../examples/*")
	if err != nil {
		t.Fatal(err)
	}
	blocks := 0
	for _, folder := range folders {
		var files []*delivered.File
		err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !slices.Contains([]string{".yml", ".yaml", ".toml"}, filepath.Ext(path)) {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			file, err := delivered.Read(path, text, delivered.Options{})
			if err == nil {
				files = append(files, file)
				blocks += len(file.Middlewares)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range check.Files(files, check.Options{Alias: "upstreamauth"}) {
			t.Error(found)
		}
	}
	if blocks < 7 {
		t.Errorf("%d middlewares; where are the others?", blocks)
	}
}

// written are the files in which a case may stand.
func written(t *testing.T, c configtest.Case) map[string][]byte {
	t.Helper()
	block := map[string]any{"plugin": map[string]any{"upstreamauth": c.Config}}
	manifest, err := json.Marshal(map[string]any{
		"apiVersion": "traefik.io/v1alpha1", "kind": "Middleware", "metadata": map[string]any{"name": "gate"}, "spec": block,
	})
	if err != nil {
		t.Fatal(err)
	}
	// A JSON text may hold DEL as it is; in YAML, which it is read as, it is escaped.
	files := map[string][]byte{"manifest.json": bytes.ReplaceAll(manifest, []byte("\x7f"), []byte(`\u007f`))}
	if bytes.Contains(manifest, []byte("urn:k8s:secret:")) {
		delete(files, "manifest.json") // there Traefik replaces it
	}
	if c.Provider == "kubernetes" || bytes.Contains(manifest, []byte(`"":`)) { // an empty key: Traefik's decoder panics
		return files
	}
	dynamic := map[string]any{"http": map[string]any{"middlewares": map[string]any{"gate": block}}}
	if files["dynamic.yaml"], err = yaml.Marshal(dynamic); err != nil {
		t.Fatal(err)
	}
	if holdsTemplate(c.Config) {
		// Traefik would render it: it is written as a template that gives this text.
		files["dynamic.yaml"] = bytes.ReplaceAll(files["dynamic.yaml"], []byte("{{"), []byte(`{{"{{"}}`))
	}
	var inTOML bytes.Buffer
	if err := toml.NewEncoder(&inTOML).Encode(dynamic); err == nil && !holdsTemplate(c.Config) {
		files["dynamic.toml"] = inTOML.Bytes()
	}
	return files
}

func holdsTemplate(value any) bool {
	text, err := json.Marshal(value)
	return err == nil && bytes.Contains(text, []byte("{{"))
}

// faults are what is found in a file, as the plugin writes it.
func faults(t *testing.T, name string, text []byte, env func(string) (string, bool)) []string {
	t.Helper()
	file, err := delivered.Read(name, text, delivered.Options{Env: env})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	var lines []string
	for _, found := range check.Files([]*delivered.File{file}, check.Options{Alias: "upstreamauth", Env: env}) {
		if !strings.HasSuffix(found.Middleware, "gate") {
			t.Errorf("of the middleware %q", found.Middleware)
		}
		lines = append(lines, found.Key+": "+found.Text)
	}
	return lines
}
