package scenario

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/ending"
	"github.com/upstreamauth/upstreamauth/e2e/interpreted"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Interpreted runs the plugin in an interpreter of its own, as Traefik does.
func Interpreted(backend string) (Level, error) { return InterpretedWith(backend, Environment()) }

// InterpretedWith is Interpreted with an environment of its own.
func InterpretedWith(backend string, environment []string) (Level, error) {
	return InterpretedFrom(backend, environment, stage.Plugin)
}

// InterpretedFrom is InterpretedWith, of a plugin that put stages below goPath.
func InterpretedFrom(backend string, environment []string, put func(goPath string) error) (Level, error) {
	p, err := interpret(environment, put)
	if err != nil {
		return nil, err
	}
	return p.open(backend, p.remove), nil
}

// maxAhead is how far the clock of an interpreter may have been moved that another level is
// to share: some tokens are issued by the real one.
const maxAhead = time.Minute

// InterpretedTogether opens levels one after the other that share an interpreter, as the
// routers of a Traefik do, until one of them has moved its clock far ahead.
func InterpretedTogether(t testing.TB) Opener {
	var shared *process
	return func(backend string) (Level, error) {
		if shared == nil || time.Until(shared.clock.Now()) > maxAhead {
			p, err := interpret(Environment(), stage.Plugin)
			if err != nil {
				return nil, err
			}
			t.Cleanup(p.remove)
			shared = p
		}
		level := shared.open(backend, func() {})
		level.shared = true
		return level, nil
	}
}

// process is an interpreter that has loaded the plugin.
type process struct {
	plugin *interpreted.Plugin
	clock  *upstreams.Clock
	stderr string // the file of its output
	remove func()
}

// open makes a level, whose log is what is written from then on.
func (p *process) open(backend string, end func()) *inProcess {
	begun := len(p.output())
	return newInProcess(backend, p.clock, p.plugin.New, func() string { return p.output()[begun:] }, end)
}

func (p *process) output() string {
	text, _ := os.ReadFile(p.stderr)
	return string(text)
}

func interpret(environment []string, put func(goPath string) error) (*process, error) {
	clock := upstreams.NewClock()
	dir, remove, err := ending.Folder("", "upstreamauth-interpreted-")
	if err != nil {
		return nil, err
	}
	if err := put(dir); err != nil {
		return nil, err
	}
	// A file, because the interpreter replaces os.Stderr only by one.
	stderr, err := os.Create(filepath.Join(dir, "stderr"))
	if err != nil {
		return nil, err
	}
	plugin, err := interpreted.Load(dir, interpreted.Options{Stdout: stderr, Stderr: stderr, Env: environment, Clock: clock})
	if err != nil {
		return nil, err
	}
	return &process{plugin: plugin, clock: clock, stderr: stderr.Name(), remove: func() {
		_ = stderr.Close()
		remove()
	}}, nil
}
