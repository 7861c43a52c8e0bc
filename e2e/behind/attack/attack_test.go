// Package attack runs the attacks on a Traefik of their own, and in full also the
// scenarios of faults.
package attack

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/behind"
	"github.com/upstreamauth/upstreamauth/e2e/behind/writer"
	"github.com/upstreamauth/upstreamauth/e2e/floods"
	"github.com/upstreamauth/upstreamauth/e2e/scenario"
	"github.com/upstreamauth/upstreamauth/e2e/traefik"
)

var (
	full  = flag.Bool("full", false, "run the attacks in full, and the scenarios of faults: about 10 minutes")
	table = flag.String("table", "", "the file that the table is written to, beside standard output")
)

// divide is how much smaller the attacks are where they do not run in full.
const divide = 20

func TestAttacks(t *testing.T) {
	server, err := traefik.Start(writer.Added(traefik.Options{Env: scenario.Environment(), Static: behind.Trusting(), LogLevel: "INFO"}))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	}()
	open := func(backend string) (scenario.Level, error) { return behind.Open(server, backend), nil }
	var results []scenario.Result
	t.Run("panics", func(t *testing.T) { results = append(results, runPanics(t)) })
	if !*full {
		report(t, append(scenario.RunAttacks(t, open, divide), results...))
		return
	}
	results = append(scenario.RunAttacks(t, open, 1), results...)
	t.Run("scenarios", func(t *testing.T) {
		results = append(results, scenario.Run(t, open, slices.Concat(
			scenario.UpstreamFaults, scenario.Budgets, scenario.Circuits, scenario.ClientLimits, scenario.Revalidation, scenario.Canaries, scenario.SingleFlight, scenario.Regressions,
			scenario.Logins, scenario.Issuers, scenario.Sessions, scenario.HandOffs, scenario.Forgeries, scenario.Pages, scenario.LoginPages, scenario.SessionSockets, scenario.BarredTokens, scenario.FirstUse, scenario.Clocks,
			scenario.Shares, scenario.Guessing, scenario.Turns, scenario.NoAnswers, scenario.Neighbours, scenario.Marks, scenario.OperatorsKey,
			scenario.Upgrades, scenario.RequestBounds, scenario.Preflights, scenario.Connections, scenario.UnclearTexts, scenario.HeaderValues, scenario.Lists, scenario.Chains, scenario.Causes, scenario.Instants, scenario.Crowds, scenario.Edges, scenario.SharedCaches, scenario.Uploads, scenario.ClientsGone, scenario.GRPC, scenario.Sources,
			scenario.CustomAPIs, scenario.CustomValues, scenario.CustomScopes, scenario.Status, scenario.Logs))...)
	})
	t.Run("twins", func(t *testing.T) { scenario.WriteTwins(os.Stdout, scenario.Twins(t, open, 1)) })
	t.Run("floods", func(t *testing.T) { results = append(results, runFloods(t)) })
	report(t, results)
}

// mostRatio is a net for loops that nothing bounds: those that there were cost 13 to 40
// times as much as a refusal in compiled code. What is aimed at is 2.
const mostRatio = 10

// runFloods measures what it costs to refuse a request of one thing in great numbers.
func runFloods(t *testing.T) scenario.Result {
	rows, err := floods.Measure(floods.Options{Least: 300 * time.Millisecond, Say: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	worst := floods.Worst(rows)
	if worst.Ratio() > mostRatio {
		t.Errorf("%s: %.1f × the processor time of basicAuth", worst.Name, worst.Ratio())
	}
	return scenario.Result{
		Scenario: fmt.Sprintf("a megabyte of one thing in a request, of %d sorts", len(rows)), Requests: int64(len(rows)),
		Note: fmt.Sprintf("at most %.1f × the processor time of basicAuth: %s", worst.Ratio(), worst.Name),
	}
}

// report writes the table, and fails for false accepts, false rejects and requests
// without a response.
func report(t *testing.T, results []scenario.Result) {
	t.Helper()
	var text bytes.Buffer
	scenario.Table(&text, results)
	fmt.Print(text.String())
	for _, r := range results {
		if r.FalseAccepts+r.FalseRejects+r.NoResponse > 0 {
			t.Errorf("%s: %d false accepts, %d false rejects, %d without a response", r.Scenario, r.FalseAccepts, r.FalseRejects, r.NoResponse)
		}
	}
	if *table == "" {
		return
	}
	if err := os.WriteFile(*table, text.Bytes(), 0o644); err != nil {
		t.Error(err)
	}
}
