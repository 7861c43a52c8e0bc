// Package oldest plays a selection of what is played behind Traefik once more on
// the oldest Traefik that is tested. It takes less than a minute.
package oldest

import (
	"context"
	"os"
	"slices"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/behind"
	"github.com/upstreamauth/upstreamauth/e2e/scenario"
	"github.com/upstreamauth/upstreamauth/e2e/traefik"
	"github.com/upstreamauth/upstreamauth/e2e/traefik/binary"
)

// selection is the whole of the subjects in which Traefik has a part (headers,
// bodies, reloads, cookies, logins that pass through), and of those that the
// plugin and an upstream settle between them something that does not wait long.
func selection() []scenario.Scenario {
	chosen := slices.Concat(
		scenario.Identities, scenario.Traffic, scenario.Faults,
		scenario.Logins, scenario.Issuing, scenario.Sessions, scenario.Forgeries,
		scenario.Memory[:1], scenario.Trust[:1], scenario.Siege[:1], scenario.Troubles[:1],
		scenario.Spared[3:], scenario.Circuits[1:], scenario.Clients[1:], scenario.Again[:1],
	)

	// A real Traefik's clock cannot be moved.
	return slices.DeleteFunc(chosen, func(s scenario.Scenario) bool { return s.Moves })
}

func TestOldest(t *testing.T) {
	if os.Getenv(binary.Variable) != "" {
		t.Skip(binary.Variable + " names the Traefik of all tests, so the others have played this on it already")
	}
	program, err := binary.Find(binary.Oldest)
	if err != nil {
		t.Fatal(err)
	}
	server, err := traefik.Start(traefik.Options{Program: program, Env: scenario.Environment(), Static: behind.Trusting()})
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
	t.Run("scenarios", func(t *testing.T) { scenario.Play(t, open, selection()) })
	t.Run("rows", func(t *testing.T) { scenario.Rows(t, open) })
	t.Run("configurations", func(t *testing.T) {
		scenario.Configurations(t, func(backend string, _ []string) (scenario.Level, error) { return open(backend) }, false, false)
	})
	t.Run("the demo's lines give what they promise", func(t *testing.T) { behind.DemoLines(t, program) })
	t.Run("the demo's journeys lead where they say", func(t *testing.T) { behind.DemoJourneys(t, program) })
}
