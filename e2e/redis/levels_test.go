package redis_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/traefik/yaegi/interp"
	"github.com/traefik/yaegi/stdlib"
	"github.com/upstreamauth/upstreamauth/e2e/redis"
	"github.com/upstreamauth/upstreamauth/e2e/redis/storm"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

// level is the client as the compiler made it, or as the interpreter runs it.
type level struct {
	open       func([]string, string, string, string, int, *tls.Config, time.Duration) int
	close      func(int)
	do         func(int, [][]string) []string
	doMore     func(int, [][]string) []string
	run        func(int, int, int, string, bool, time.Duration) ([]int64, string)
	listen     func(int, string) int
	heard      func(int) ([]string, int)
	current    func(int) time.Time
	failure    func(int) string
	hold       func(int, bool)
	waits      func(int) bool
	stop       func(int)
	operations int // that a caller does where each takes as long as it does
}

func compiled() level {
	return level{
		open: storm.Open, close: storm.Close, do: storm.Do, doMore: storm.DoMore, run: storm.Run,
		listen: storm.Listen, heard: storm.Heard, current: storm.Current, failure: storm.Failure, hold: storm.Hold, waits: storm.Waits,
		stop: storm.Stop, operations: 500,
	}
}

// interpreted loads the client, and the program that uses it, as Traefik would.
func interpreted(t testing.TB) level {
	t.Helper()
	goPath := t.TempDir()
	if err := stage.Plugin(goPath); err != nil {
		t.Fatal(err)
	}
	return interpretedFrom(t, goPath)
}

// interpretedFrom is interpreted with a plugin that is staged already.
func interpretedFrom(t testing.TB, goPath string) level {
	t.Helper()
	// Inside the plugin's tree, where its packages are found.
	folder := filepath.Join(stage.Dir(goPath), "storm")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"storm.go", "listen.go"} {
		text, err := os.ReadFile(filepath.Join("storm", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	i := interp.New(interp.Options{GoPath: goPath, Stderr: io.Discard})
	if err := i.Use(stdlib.Symbols); err != nil {
		t.Fatal(err)
	}
	if _, err := i.Eval(fmt.Sprintf("import %q", stage.Module+"/storm")); err != nil {
		t.Fatal(err)
	}
	find := func(name string) any {
		value, err := i.Eval("storm." + name)
		if err != nil {
			t.Fatal(err)
		}
		return value.Interface()
	}
	return level{
		open:       find("Open").(func([]string, string, string, string, int, *tls.Config, time.Duration) int),
		close:      find("Close").(func(int)),
		do:         find("Do").(func(int, [][]string) []string),
		doMore:     find("DoMore").(func(int, [][]string) []string),
		run:        find("Run").(func(int, int, int, string, bool, time.Duration) ([]int64, string)),
		listen:     find("Listen").(func(int, string) int),
		heard:      find("Heard").(func(int) ([]string, int)),
		current:    find("Current").(func(int) time.Time),
		failure:    find("Failure").(func(int) string),
		hold:       find("Hold").(func(int, bool)),
		waits:      find("Waits").(func(int) bool),
		stop:       find("Stop").(func(int)),
		operations: 150,
	}
}

// patience is a time limit that only a server that says nothing reaches.
const patience = 10 * time.Second

// client opens a client of the level, which is closed with the test.
func (l level) client(t *testing.T, endpoints []string, o settings) int {
	t.Helper()
	if o.timeout == 0 {
		o.timeout = patience
	}
	number := l.open(endpoints, o.master, o.username, o.password, o.db, o.tls, o.timeout)
	t.Cleanup(func() { l.close(number) })
	return number
}

type settings struct {
	master, username, password string
	db                         int
	tls                        *tls.Config
	timeout                    time.Duration
}

func start(t *testing.T, options redis.Options) *redis.Server {
	t.Helper()
	s, err := redis.Start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func cli(t *testing.T, s *redis.Server, arguments ...string) string {
	t.Helper()
	text, err := s.CLI(arguments...)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func eventually(t *testing.T, what string, reached func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !reached(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no end of waiting for %s", what)
		}
	}
}

// expectNoGoroutines compares with how many there were before.
func expectNoGoroutines(t *testing.T, before int) {
	t.Helper()
	eventually(t, fmt.Sprintf("the goroutines to be %d as before", before), func() bool {
		return runtime.NumGoroutine() <= before
	})
}
