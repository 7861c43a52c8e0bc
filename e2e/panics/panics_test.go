package panics

import (
	"flag"
	"slices"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/scenario"
)

// excused are the points that never panic, or must not, and why.
var excused = map[string]string{
	"verifier/apis/defaults.go:withDefaults.func5": "the message of an API that has none of its own: every API has",

	"plugin.go:CreateConfig":                unguarded,
	"plugin.go:New":                         unguarded,
	"plugin.go:Runtime.Handler":             unguarded,
	"plugin.go:NewRuntime":                  loading,
	"telemetry/sink.go:NewSink":             loading,
	"telemetry/output.go:newOutput":         loading,
	"telemetry/output.go:output.findLevels": loading,
	"telemetry/loads.go:newLoads":           loading,
	"cache/registry.go:NewRegistry":         loading,
	"cache/keyed/keyed.go:Secret":           loading,
	"gate/scheme.go:newEncoding":            loading,
	"gate/requirement.go:NewFields":         loading,
	"gate/forward.go:NewRemoved":            loading,
	"cache/logins/clock.go:NewClock":        loading,

	"telemetry/counters/state.go:NewTable":      loading,
	"telemetry/counters/gates.go:NewGates":      loading,
	"telemetry/counters/histogram.go:NewMemory": loading,
	"telemetry/status/attempts.go:NewAttempts":  loading,

	"cache/logins/barred.go:Barred.overflows":                  "runs only after 100,000 logins or logouts",
	"verifier/transport/connection.go:connection.alertInstead": alert,
	"verifier/transport/cause_tls.go:isAlert":                  alert,
	"telemetry/log.go:Log.Panic":                               "runs only after a panic",
	"telemetry/output.go:beginsEntry":                          "runs only while the plugin loads behind Traefik",
	"telemetry/sink.go:Sink.AnnounceLoads":                     loading,
	"config/files/files.go:mayRead":                            configured,
	"config/files/files.go:readBounded":                        configured,
	"config/files/files.go:readBounded+1":                      configured,
	"config/place/question.go:IsDirect":                        "runs only where Traefik's environment names a proxy",

	"config/config.go:Keys":                          command,
	"config/config.go:Read":                          command,
	"config/config.go:ReadUnresolved":                command,
	"config/dialect/memory.go:NewMemory":             loading,
	"config/dialect/memory.go:Memory.Held":           counted,
	"config/dialect/memory.go:Memory.Held+1":         counted,
	"config/dialect/memory.go:Memory.Read":           counted,
	"config/dialect/memory.go:Memory.Read+1":         counted,
	"verifier/apis/defaults.go:withDefaults.func9":   command,
	"verifier/custom/condition.go:Condition.Written": command,
	"verifier/custom/explain.go:dialect.explain":     command,
	"verifier/custom/explain.go:has":                 command,
	"verifier/custom/explain.go:table.fits":          command,
	"verifier/custom/api.go:Explain":                 command,
}

const (
	unguarded  = "only calls functions that recover"
	loading    = "runs once, while the plugin loads"
	alert      = "runs only where a server ends a handshake while the request is being written"
	command    = "runs only in the command upstreamauth, which is compiled"
	counted    = "runs only in tests, which count what is known"
	configured = "reads a secret's file, in a function that recovers, as all reading of settings does"
)

// only chooses the points whose names begin with it; all of these are played.
var only = flag.String("only", "", "have only functions panic whose names begin so, such as telemetry/status/")

// full has every point played, and not every fourth one.
var full = flag.Bool("full", false, "have every function panic: five minutes")

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
	points := slices.DeleteFunc(injector.Points, func(point string) bool {
		for _, others := range []string{ // which e2e/redis does, with several Traefiks
			"cache/redis/", "cache/shared/", "cache/consult.go:", "cache/registry.go:Registry.Store.func",
			"verifier/budget.go:Budget.countShared+1", "verifier/ledger.go:ledger.undo", "cache/forget.go:Scope.hearSweep", "cache/lookup.go:heldOn",
			"cache/logins.go:Scope.forgetName", "cache/logins.go:Scope.supersedeToken",
		} {
			if strings.HasPrefix(point, others) {
				return true
			}
		}
		return excused[point] == unguarded
	})
	points = slices.DeleteFunc(points, func(point string) bool { return !strings.HasPrefix(point, *only) })
	if !*full && *only == "" { // those that the list has fourth, eighth and so on
		n := 0
		points = slices.DeleteFunc(points, func(string) bool { n++; return n%4 != 0 })
	}
	scenario.Panics(t, scenario.NewHarness(t, level, backend), injector, points, excused)
	scenario.ExpectNoMarker(t, level.Logs())
}
