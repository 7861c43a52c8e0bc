// Package attack plays the attacks on a Traefik of their own, and every
// scenario of faults with them when a table is wanted.
package attack

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/behind"
	"github.com/upstreamauth/upstreamauth/e2e/scenario"
	"github.com/upstreamauth/upstreamauth/e2e/traefik"
)

var (
	full  = flag.Bool("full", false, "play the attacks in full, and every scenario of faults: about 10 minutes")
	table = flag.String("table", "", "the file that the table is written to, beside standard output")
)

// divide is how much smaller the attacks are where they are not played in full.
const divide = 20

func TestAttacks(t *testing.T) {
	server, err := traefik.Start(traefik.Options{Env: scenario.Environment(), Static: behind.Trusting(), LogLevel: "INFO"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	}()
	open := func(backend string) (scenario.Level, error) { return behind.Open(server, backend), nil }
	var rows []scenario.Row
	t.Run("panics", func(t *testing.T) { rows = append(rows, playPanics(t)) })
	if !*full {
		report(t, append(scenario.PlayAttacks(t, open, divide), rows...))
		return
	}
	rows = append(scenario.PlayAttacks(t, open, 1), rows...)
	t.Run("scenarios", func(t *testing.T) {
		rows = append(rows, scenario.Play(t, open, slices.Concat(
			scenario.Troubles, scenario.Spared, scenario.Circuits, scenario.Clients, scenario.Again, scenario.Trust, scenario.Siege,
			scenario.Logins, scenario.Issuing, scenario.Sessions, scenario.Forgeries))...)
	})
	report(t, rows)
}

// report writes the table, and fails for what must never be.
func report(t *testing.T, rows []scenario.Row) {
	t.Helper()
	var text bytes.Buffer
	scenario.Table(&text, rows)
	fmt.Print(text.String())
	for _, r := range rows {
		if r.WrongYes+r.WrongNo+r.Lost > 0 {
			t.Errorf("%s: %d wrong yes, %d wrong no, %d lost", r.Scenario, r.WrongYes, r.WrongNo, r.Lost)
		}
	}
	if *table == "" {
		return
	}
	if err := os.WriteFile(*table, text.Bytes(), 0o644); err != nil {
		t.Error(err)
	}
}
