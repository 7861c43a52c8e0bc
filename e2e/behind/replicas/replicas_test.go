package replicas

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/behind"
	"github.com/upstreamauth/upstreamauth/e2e/scenario"
	"github.com/upstreamauth/upstreamauth/e2e/traefik"
)

var (
	full  = flag.Bool("full", false, "run with thousands of users, and let each fault last for ten seconds: about eight minutes")
	table = flag.String("table", "", "the file that the table of faults is written to, beside standard output")
)

// servers are the Traefiks that replicas run in, unless they need one that knows nothing.
var servers []*traefik.Server

func TestMain(m *testing.M) {
	flag.Parse()
	code := 1
	defer func() { os.Exit(code) }()
	for range 4 {
		server, err := start()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return
		}
		defer func() { _ = server.Stop() }()
		servers = append(servers, server)
	}
	code = m.Run()
}

func start() (*traefik.Server, error) {
	return traefik.Start(traefik.Options{Env: scenario.Environment(), Static: behind.Trusting(), LogLevel: "INFO"})
}

// levels are a replica in each of two of the running Traefiks; more are started when asked
// for.
func levels(from int) scenario.ReplicaLevels {
	l := scenario.ReplicaLevels{Full: *full, Fresh: func(backend string) (scenario.Level, error) {
		server, err := start()
		if err != nil {
			return nil, err
		}
		return &own{behind.Open(server, backend), server}, nil
	}}
	for _, server := range servers[from : from+2] {
		l.Open = append(l.Open, func(backend string) (scenario.Level, error) { return behind.Open(server, backend), nil })
	}
	return l
}

// own is a level that ends its Traefik.
type own struct {
	scenario.Level
	server *traefik.Server
}

func (o *own) Close() { _ = o.server.Stop() }

func TestShared(t *testing.T) { scenario.RunSharedHalves(t, scenario.Shared, levels(0), levels(2)) }

func TestFaults(t *testing.T) {
	lasts := 500 * time.Millisecond
	if *full {
		lasts = 10 * time.Second
	}
	var text bytes.Buffer
	scenario.WriteFaults(&text, scenario.SharedFaults(t, levels(0), lasts, *full, 1))
	fmt.Print(text.String())
	if *table == "" {
		return
	}
	if err := os.WriteFile(*table, text.Bytes(), 0o644); err != nil {
		t.Error(err)
	}
}
