package behind

import (
	"fmt"
	"os"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/behind/writer"
	"github.com/upstreamauth/upstreamauth/e2e/scenario"
	"github.com/upstreamauth/upstreamauth/e2e/traefik"
)

// server is the Traefik of all tests of this package.
var server *traefik.Server

func TestMain(m *testing.M) {
	var err error
	server, err = traefik.Start(writer.Added(traefik.Options{LogLevel: "TRACE", Env: scenario.Environment(), Profiling: true, Static: Trusting()}))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := server.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func open(backend string) (scenario.Level, error) {
	return Open(server, backend), nil
}

func TestScenarios(t *testing.T) {
	another, err := traefik.Start(writer.Added(traefik.Options{LogLevel: "TRACE", Env: scenario.Environment(), Profiling: true, Static: Trusting()}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = another.Stop() })
	scenario.RunHalves(t, scenario.All(), open, func(backend string) (scenario.Level, error) { return Open(another, backend), nil })
}

func TestStatusTables(t *testing.T) { scenario.StatusTables(t, open) }

// A third of the cases; make attack runs all of them.
func TestTwins(t *testing.T) { scenario.WriteTwins(os.Stdout, scenario.Twins(t, open, 3)) }

func TestReplicas(t *testing.T) {
	another, err := traefik.Start(traefik.Options{Env: scenario.Environment()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = another.Stop() }()
	scenario.Replicas(t, open, func(backend string) (scenario.Level, error) { return Open(another, backend), nil })
}

// With a router present that would answer every request without a credential:
// where Traefik drops a route of ours, it shows as a 200.
func TestConfigurations(t *testing.T) {
	scenario.Configurations(t, func(backend string, _ []string) (scenario.Level, error) {
		return Open(server, backend), nil
	}, false, false)
}
