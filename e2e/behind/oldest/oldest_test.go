// Package oldest runs a selection of the tests behind Traefik once more, on
// the oldest Traefik that is tested. It takes about two minutes.
package oldest

import (
	"context"
	"os"
	"slices"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/behind"
	"github.com/upstreamauth/upstreamauth/e2e/behind/writer"
	"github.com/upstreamauth/upstreamauth/e2e/scenario"
	"github.com/upstreamauth/upstreamauth/e2e/traefik"
	"github.com/upstreamauth/upstreamauth/e2e/traefik/binary"
)

// selection is the whole of the subjects in which Traefik has a part (headers,
// bodies, reloads, cookies, logins that pass through), and of those that the
// plugin and an upstream settle between them something that does not wait long.
func selection() []scenario.Scenario {
	chosen := slices.Concat(
		scenario.Identities, scenario.Passthrough, scenario.ConfigurationFaults,
		scenario.Logins, scenario.Issuers, scenario.Sessions, scenario.HandOffs, scenario.Forgeries, scenario.Pages, scenario.LoginPages, scenario.SessionSockets[:1],
		scenario.Upgrades, scenario.RequestBounds, scenario.Preflights, scenario.HeaderValues, scenario.Chains, scenario.Causes[3:], scenario.Uploads, scenario.ClientsGone, scenario.GRPC, scenario.Sources,
		scenario.CustomAPIs[:1], scenario.CustomValues[:1], scenario.CustomScopes[:1], scenario.Status[:2], scenario.Logs, scenario.Traces[:1],
		scenario.Caching[:1], scenario.Canaries[:1], scenario.Regressions[:1],
		scenario.Budgets[3:], scenario.ClientLimits[1:], scenario.Revalidation[:1],
	)

	// A real Traefik's clock cannot be moved.
	return slices.DeleteFunc(chosen, func(s scenario.Scenario) bool { return s.NeedsClock })
}

func TestOldest(t *testing.T) {
	if os.Getenv(binary.Variable) != "" {
		t.Skip(binary.Variable + " names the Traefik of all tests, so the other tests have run on it already")
	}
	program, err := binary.Find(binary.Oldest)
	if err != nil {
		t.Fatal(err)
	}
	server, err := traefik.Start(writer.Added(traefik.Options{LogLevel: "TRACE", Program: program, Env: scenario.Environment(), Profiling: true, Static: behind.Trusting()}))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	}()
	open := func(backend string) (scenario.Level, error) { return behind.Open(server, backend), nil }

	t.Run("it is that version", func(t *testing.T) {
		if version, err := binary.Usable(context.Background(), program); err != nil || version != binary.Oldest {
			t.Errorf("%s is %s, %v, not %s", program, version, err, binary.Oldest)
		}
	})
	t.Run("scenarios", func(t *testing.T) { scenario.Run(t, open, selection()) })
	t.Run("status tables", func(t *testing.T) { scenario.StatusTables(t, open) })
	t.Run("configurations", func(t *testing.T) {
		scenario.Configurations(t, func(backend string, _ []string) (scenario.Level, error) { return open(backend) }, false, false)
	})
	t.Run("each line of the demo gets the status that it promises", func(t *testing.T) { behind.DemoLines(t, program) })
	t.Run("each journey of the demo prints the statuses that it promises", func(t *testing.T) { behind.DemoJourneys(t, program) })
}
