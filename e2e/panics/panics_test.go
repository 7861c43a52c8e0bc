package panics

import (
	"slices"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/scenario"
)

// excused are the points that never panic, or must not, and why.
var excused = map[string]string{
	"verifier/apis/defaults.go:withDefaults.func4": "the message of an API that has none of its own: every API has",

	"plugin.go:CreateConfig":         unguarded,
	"plugin.go:New":                  unguarded,
	"plugin.go:Runtime.Handler":      unguarded,
	"plugin.go:NewRuntime":           loading,
	"telemetry/log.go:NewSink":       loading,
	"cache/registry.go:NewRegistry":  loading,
	"cache/key.go:newSecret":         loading,
	"telemetry/log.go:Log.Panic":     "runs only after a panic",
	"config/secret.go:readBounded":   configured,
	"config/secret.go:readBounded+1": configured,
}

const (
	unguarded  = "only calls functions that recover"
	loading    = "runs once, while the plugin loads"
	configured = "reads a file below /run/secrets, in a function that recovers, as all reading of settings does"
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
