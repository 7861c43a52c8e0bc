package demo

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
	"gopkg.in/yaml.v3"
)

func TestRoutes(t *testing.T) {
	t.Run("the example for Docker has the routes of make demo", func(t *testing.T) {
		root, err := stage.Root()
		if err != nil {
			t.Fatal(err)
		}
		example, err := os.ReadFile(filepath.Join(root, "examples", "demo", "dynamic", "demo.yml"))
		if err != nil {
			t.Fatal(err)
		}
		ours, err := File(Routes(Places{
			Thammasat: "http://demo:9101", IPPanel: "http://demo:9102/v1", BTS: "http://demo:9103", WebService: "http://demo:9104",
			Backend: "http://demo:9105", Page: "http://demo:9106",
		}, FromEnvironment, "web"))
		if err != nil {
			t.Fatal(err)
		}
		if difference := cmp.Diff(decoded(t, ours), decoded(t, example)); difference != "" {
			t.Error(difference)
		}
	})
}

func decoded(t *testing.T, text []byte) (top map[string]any) {
	t.Helper()
	if err := yaml.Unmarshal(text, &top); err != nil {
		t.Fatal(err)
	}
	return top
}
