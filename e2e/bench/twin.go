package bench

import (
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

// twinOf is the bearer block of testdata/twins/<api>.json.
func twinOf(api string) (map[string]any, error) {
	root, err := stage.Root()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(root, "testdata", "twins", api+".json"))
	if err != nil {
		return nil, err
	}
	var file struct{ Blocks map[string]map[string]any }
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	return file.Blocks["bearer"], nil
}
