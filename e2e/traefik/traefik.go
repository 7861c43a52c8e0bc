// Package traefik runs a real Traefik with the plugin in it.
//
// A Server has a working directory of its own with the plugin staged below
// plugins-local, two free loopback ports, and a folder of dynamic configuration
// that Apply writes to. Apply returns when Traefik serves what it wrote, so the
// next request meets the new configuration and no test has to sleep.
package traefik

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/ending"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
	"github.com/upstreamauth/upstreamauth/e2e/traefik/binary"
)

// Options say how Traefik is started. The zero value is a Traefik with the
// staged plugin, at log level DEBUG, with an environment that holds no more
// than PATH and HOME.
type Options struct {
	// Program is the path of the Traefik to start; what Binary gives where empty.
	Program string

	// LogLevel is Traefik's; DEBUG where empty.
	LogLevel string

	// Env is added to Traefik's environment, as "NAME=value".
	Env []string

	// Static is laid over the static configuration, key by key. Further entrypoints
	// have an address of ports.Address.
	Static map[string]any

	// Plugin is the name that middlewares use for the plugin; "upstreamauth"
	// where empty. Module is its module path; stage.Module where empty.
	Plugin, Module string

	// Stage puts the plugin below goPath; stage.Plugin where nil.
	Stage func(goPath string) error

	// Context ends the start, where it is given: a Traefik that does not serve
	// yet is stopped. It is nothing to a running one, which Stop ends.
	Context context.Context

	// Port is that of the entrypoint "web". Where another program has it, the start
	// ends with ErrPortTaken. Zero: one that no other test is given.
	Port int

	// Profiling opens Traefik's debug routes, which Goroutines needs. They make
	// Traefik record every block and some of its locks, so not for measuring.
	Profiling bool
}

// Server is a running Traefik.
type Server struct {
	// URL is the entrypoint "web", where routers are served by default; API
	// that of the API, a second entrypoint called "traefik". No final slash.
	URL, API string

	dir     string // the working directory
	remove  func() // removes it; called by Stop, and where a signal ends this process
	release func() // gives its ports back
	starts  context.Context
	client  *http.Client
	settled []byte       // the file that settle applies
	written atomic.Int64 // numbers files as they are written

	cmd      *exec.Cmd
	forget   func()          // takes back what a signal would do to it
	running  atomic.Bool     // it has served once
	exited   <-chan struct{} // closed when the process has ended
	stopping sync.Once
	stopped  error
}

// Binary is the path of the Traefik that Start runs: what the environment
// variable TRAEFIK names, else the newest pinned one, from `make traefik`.
func Binary() (string, error) { return binary.Find(binary.Newest) }

const (
	// startTimeout is generous: a busy machine needs seconds to load plugins.
	startTimeout = 3 * time.Minute

	// attempts is how often Start picks ports. A first port found free may be taken
	// by another process before Traefik listens on it.
	attempts = 10
)

var errPortTaken = errors.New("traefik: a port was taken by another process")

// ErrPortTaken is the end of a start at a port that another program has.
var ErrPortTaken = errors.New("traefik: another program has the port")

// Start runs Traefik and returns when it serves. A plugin that does not load is
// an error that quotes the end of Traefik's log.
func Start(options Options) (*Server, error) {
	program := options.Program
	if program == "" {
		var err error
		if program, err = Binary(); err != nil {
			return nil, err
		}
	}
	if options.Context == nil {
		options.Context = context.Background()
	}

	for attempt := 1; ; attempt++ {
		server, err := start(program, options)
		if !errors.Is(err, errPortTaken) || attempt == attempts {
			return server, err
		}
	}
}

func start(program string, options Options) (_ *Server, err error) {
	dir, remove, err := ending.Folder("", "upstreamauth-traefik-")
	if err != nil {
		return nil, fmt.Errorf("traefik: %w", err)
	}

	s := &Server{
		dir:     dir,
		remove:  remove,
		release: func() {},
		starts:  options.Context,
		// Connections that are not kept open leave no goroutines in Traefik.
		client: &http.Client{
			Timeout:   5 * time.Second,
			Transport: &http.Transport{DisableKeepAlives: true},
		},
	}
	defer func() {
		if err != nil {
			remove()
			s.release()
		}
	}()

	if err := s.furnish(options); err != nil {
		return nil, err
	}
	if err := s.launch(program, options); err != nil {
		return nil, err
	}

	// Traefik listens before it has loaded plugins and configuration; only the
	// latter shows that it serves.
	if err := s.settle(startTimeout); err != nil {
		_ = s.Stop()
		return nil, err
	}
	s.running.Store(true)

	return s, nil
}

// furnish fills the working directory.
func (s *Server) furnish(options Options) error {
	for _, dir := range []string{s.dynamicDir(), s.scratchDir()} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("traefik: %w", err)
		}
	}

	put := options.Stage
	if put == nil {
		put = stage.Plugin
	}
	if err := put(filepath.Join(s.dir, "plugins-local")); err != nil {
		return err
	}

	var err error
	if s.settled, err = settledText(); err != nil {
		return err
	}

	web, api, release, err := freePorts(options.Port)
	if err != nil {
		return err
	}
	s.release = release
	s.URL, s.API = "http://"+web, "http://"+api

	return s.writeStatic(options, web, api)
}

func (s *Server) dynamicDir() string { return filepath.Join(s.dir, "dynamic") }
func (s *Server) scratchDir() string { return filepath.Join(s.dir, "scratch") }
func (s *Server) staticFile() string { return filepath.Join(s.dir, "traefik.yml") }

// LogFile is where Traefik's stdout and stderr go. It is gone after Stop.
func (s *Server) LogFile() string { return filepath.Join(s.dir, "traefik.log") }
