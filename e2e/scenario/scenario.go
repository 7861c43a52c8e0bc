package scenario

import (
	"fmt"
	"slices"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Scenario is one promise of the plugin, as a client, a backend and an upstream
// see it.
type Scenario struct {
	Name string
	Run  func(t *testing.T, h *Harness)
	// NeedsClock: it takes hours, so it runs only where the clock can be moved.
	NeedsClock bool
}

// Opener starts a level in front of a backend.
type Opener func(backend string) (Level, error)

// Marker begins every secret and every identity of the scenarios, so that one
// search shows whether an output holds any of them.
const Marker = "MARKER-"

// Run runs every scenario on one level, each with a backend of its own, and
// searches the output for secrets and identities. It returns a result for each
// scenario that was run.
func Run(t *testing.T, open Opener, scenarios []Scenario) []Result {
	var results []Result
	for _, s := range scenarios {
		t.Run(s.Name, func(t *testing.T) {
			backend := NewBackend(streams())
			defer backend.Close()
			level, err := open(backend.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer level.Close()
			if s.NeedsClock && level.Clock() == nil {
				t.Skip("needs a clock that can be moved; it runs native and interpreted")
			}
			h, calls := NewHarness(t, level, backend), upstreams.Total()
			s.Run(t, h)
			results = append(results, h.Counters.Result(s.Name, upstreams.Total()-calls))
			ExpectNoMarker(t, level.Logs())
		})
	}
	return results
}

// RunHalves is Run in as many groups as there are openers, at the same time: most
// scenarios wait most of the time.
func RunHalves(t *testing.T, scenarios []Scenario, openers ...Opener) {
	for i, open := range openers {
		var group []Scenario
		for j := i; j < len(scenarios); j += len(openers) {
			group = append(group, scenarios[j])
		}
		t.Run(fmt.Sprint(i+1), func(t *testing.T) {
			t.Parallel()
			Run(t, open, group)
		})
	}
}

// All lists every scenario.
func All() []Scenario {
	return slices.Concat(Caching, Identities, Canaries, SingleFlight, Passthrough, ConfigurationFaults, Regressions,
		UpstreamFaults, Budgets, Circuits, ClientLimits, Revalidation, Logins, Issuers, Sessions, HandOffs, Forgeries, Pages, LoginPages, SessionSockets,
		BarredTokens, FirstUse, Clocks,
		Shares, Guessing, Turns, NoAnswers, Neighbours, Marks, OperatorsKey,
		Upgrades, RequestBounds, Preflights, Connections, UnclearTexts, HeaderValues, Lists, Chains, Causes, Instants, Crowds, Edges, SharedCaches, Uploads, ClientsGone, GRPC, Sources,
		CustomAPIs, CustomValues, CustomScopes, Status, Logs, Traces)
}
