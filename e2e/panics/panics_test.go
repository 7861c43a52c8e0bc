package panics

import (
	"slices"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/scenario"
)

// excused are the points that do not go off, or that may not, and why.
var excused = map[string]string{
	"plugin.go:CreateConfig":        unguarded,
	"plugin.go:New":                 unguarded,
	"process.go:Process.Handler":    unguarded,
	"process.go:NewProcess":         loading,
	"journal.go:newOutput":          loading,
	"cache/registry.go:NewRegistry": loading,
	"cache/key.go:newSecret":        loading,
	"journal.go:journal.bug":        "runs after a panic alone",
	"config_secrets.go:slurp":       configured,
	"config_secrets.go:slurp+1":     configured,
}

const (
	unguarded  = "calls what is guarded, and nothing else"
	loading    = "runs once, while the plugin loads"
	configured = "reads a file below /run/secrets, under the guard of all that reads settings"
)

func TestInterpretedPanics(t *testing.T) {
	backend := scenario.NewBackend(nil)
	defer backend.Close()
	var injector *Injector
	level, err := scenario.InterpretedFrom(backend.URL, scenario.Environment(), func(goPath string) (err error) {
		injector, err = Inject(goPath)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer level.Close()
	points := slices.DeleteFunc(injector.Points, func(point string) bool { return excused[point] == unguarded })
	scenario.Panics(t, scenario.NewHarness(t, level, backend), injector, points, excused)
}
