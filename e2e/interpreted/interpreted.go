// Package interpreted loads the plugin as Traefik loads it: into a fresh Yaegi
// interpreter with the standard library's symbols, its configuration decoded
// by the same decoder, New called by reflection.
//
// Compiled tests see nothing of what the interpreter gets wrong, and a whole
// Traefik is slow to start and its clock cannot be moved. This level is between
// the two: every Load is like a process of its own, with package-level state of
// its own.
//
// What the plugin sees of its process, here as in Traefik:
//
//   - os.Getenv, os.LookupEnv, os.Environ and os.ExpandEnv read Options.Env and
//     nothing else; os.Setenv writes there. The process's own environment is
//     out of reach of interpreted code, but not of compiled code that it calls,
//     such as http.ProxyFromEnvironment.
//   - fmt.Print* goes to Options.Stdout, the log package's standard logger and
//     log.Writer() to Options.Stderr. The variables os.Stdout and os.Stderr are
//     the process's own (in Traefik too, whose log then has the bare line),
//     unless Options.Stdout or Options.Stderr is an *os.File, which replaces it.
package interpreted

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path"
	"reflect"
	"strings"

	"github.com/traefik/yaegi/interp"
	"github.com/traefik/yaegi/stdlib"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

// Options are what Traefik would give the plugin. The zero value discards all
// output, has an empty environment and the real clock.
type Options struct {
	// Stdout and Stderr take the plugin's output, which Traefik logs at DEBUG
	// and at ERROR. Both are written to by many goroutines at once.
	Stdout, Stderr io.Writer

	// Env is the whole environment, as "NAME=value".
	Env []string

	// Clock replaces the plugin's time.Now, time.Since and time.Until.
	Clock Clock

	// Module is the plugin to load; empty means stage.Module.
	Module string
}

// Plugin is a loaded plugin: one interpreter with its package-level state, as
// one Traefik process has it, however many routers and reloads there are.
type Plugin struct {
	manifest     Manifest
	createConfig reflect.Value
	newHandler   reflect.Value
}

// Load imports the plugin staged below goPath (see stage.Plugin) into an
// interpreter of its own. It may be called by several goroutines at once.
func Load(goPath string, options Options) (plugin *Plugin, err error) {
	// The interpreter panics on some sources that it does not understand.
	defer func() {
		if r := recover(); r != nil {
			plugin, err = nil, fmt.Errorf("interpreted: loading panicked: %v", r)
		}
	}()

	module := options.Module
	if module == "" {
		module = stage.Module
	}
	manifest, err := readManifest(goPath, module)
	if err != nil {
		return nil, err
	}

	i, err := interpreter(goPath, options)
	if err != nil {
		return nil, err
	}
	if _, err := i.Eval(fmt.Sprintf("import %q", manifest.Import)); err != nil {
		return nil, fmt.Errorf("interpreted: importing %s: %w", manifest.Import, err)
	}

	pkg := manifest.BasePkg
	if pkg == "" {
		pkg = strings.ReplaceAll(path.Base(manifest.Import), "-", "_")
	}

	plugin = &Plugin{manifest: manifest}
	if plugin.newHandler, err = i.Eval(pkg + ".New"); err != nil {
		return nil, fmt.Errorf("interpreted: looking up New: %w", err)
	}
	if plugin.createConfig, err = i.Eval(pkg + ".CreateConfig"); err != nil {
		return nil, fmt.Errorf("interpreted: looking up CreateConfig: %w", err)
	}

	return plugin, nil
}

// interpreter is Traefik's, but for the clock.
func interpreter(goPath string, options Options) (*interp.Interpreter, error) {
	i := interp.New(interp.Options{
		GoPath: goPath,
		Env:    options.Env,
		Stdout: orDiscard(options.Stdout),
		Stderr: orDiscard(options.Stderr),
	})

	if err := i.Use(stdlib.Symbols); err != nil {
		return nil, fmt.Errorf("interpreted: loading the standard library: %w", err)
	}

	// The second Use overlays single symbols in this interpreter's own table.
	// It comes before the import, so package-level variables see the clock too.
	if options.Clock != nil {
		if err := i.Use(clockSymbols(options.Clock)); err != nil {
			return nil, fmt.Errorf("interpreted: setting the clock: %w", err)
		}
	}

	return i, nil
}

// Manifest is what the plugin's .traefik.yml says.
func (p *Plugin) Manifest() Manifest { return p.manifest }

// New builds one middleware, as Traefik does per router and reload: a fresh
// CreateConfig, the configuration decoded over it, then the plugin's New.
//
// config is what Traefik's provider delivers (scalars from files and labels
// arrive as text); it is not changed. A panic becomes an error here, where in
// Traefik it would end the router, or more.
func (p *Plugin) New(ctx context.Context, next http.Handler, config map[string]any, name string) (handler http.Handler, err error) {
	defer func() {
		if r := recover(); r != nil {
			handler, err = nil, fmt.Errorf("interpreted: building %s panicked: %v", name, r)
		}
	}()

	results := p.createConfig.Call(nil)
	if len(results) != 1 {
		return nil, fmt.Errorf("interpreted: CreateConfig gives %d values, want 1", len(results))
	}

	decoded := results[0]
	if err := Decode(config, decoded.Interface()); err != nil {
		return nil, err
	}

	results = p.newHandler.Call([]reflect.Value{
		reflect.ValueOf(ctx), reflect.ValueOf(next), decoded, reflect.ValueOf(name),
	})
	if len(results) > 1 && results[1].Interface() != nil {
		err, ok := results[1].Interface().(error)
		if !ok {
			return nil, fmt.Errorf("interpreted: New's error is a %T", results[1].Interface())
		}
		return nil, err
	}

	handler, ok := results[0].Interface().(http.Handler)
	if !ok {
		return nil, fmt.Errorf("interpreted: New gives a %T, not a handler", results[0].Interface())
	}

	return handler, nil
}

func orDiscard(w io.Writer) io.Writer {
	if w == nil {
		return io.Discard
	}

	return w
}
