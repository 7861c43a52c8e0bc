package examples

import (
	"path/filepath"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
)

// TestCompose reads each Compose file by the library that Docker Compose has, which
// checks it by the schema, with its variables and its anchors.
func TestCompose(t *testing.T) {
	found, err := filepath.Glob(filepath.Join(root(t), "examples", "*", "compose.yaml"))
	if err != nil || len(found) < 5 {
		t.Fatalf("%d files; where are the others? %v", len(found), err)
	}
	for _, file := range found {
		t.Run("a Compose file is one: "+filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			options, err := cli.NewProjectOptions([]string{file}, cli.WithName("example"), cli.WithEnv(Environment()), cli.WithoutEnvironmentResolution)
			if err != nil {
				t.Fatal(err)
			}
			project, err := options.LoadProject(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(project.Services) < 2 {
				t.Errorf("%d services", len(project.Services))
			}
		})
	}
}
