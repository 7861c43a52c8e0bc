package traefik

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"gopkg.in/yaml.v3"
)

const (
	// applyTimeout is how long Traefik may take to serve a configuration;
	// usually it takes milliseconds, and seconds on a busy machine.
	applyTimeout = time.Minute

	// pollInterval is how often it is asked whether it does.
	pollInterval = 2 * time.Millisecond
)

// base is the name of the file that settle writes.
const base = "settled"

var fileName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

// Apply makes <name>.yml of the dynamic configuration what it is given, and
// returns when Traefik serves it: all routers of all entrypoints, for every
// request that starts from then on. Names are lower-case letters, digits and
// dashes; a name used before replaces that file.
//
// A router whose middleware fails to build is missing from what is served, as
// ever in Traefik, and no error here.
func (s *Server) Apply(name string, dynamic map[string]any) error {
	text, err := yaml.Marshal(dynamic)
	if err != nil {
		return fmt.Errorf("traefik: applying %s: %w", name, err)
	}

	return s.ApplyYAML(name, text)
}

// ApplyYAML is Apply for a configuration written as text. It reaches Traefik
// with its values as they are written; Traefik runs it as a Go template.
func (s *Server) ApplyYAML(name string, text []byte) error {
	if !fileName.MatchString(name) {
		return fmt.Errorf("traefik: applying %q: want lower-case letters, digits and dashes", name)
	}

	return s.apply(name, text, applyTimeout)
}

// apply writes the file with a mark of its version inside. The mark is in the
// file itself, so once it is served, Traefik has read this version of this file,
// wherever in the folder it was when the file appeared.
func (s *Server) apply(name string, text []byte, timeout time.Duration) error {
	version := s.written.Add(1)

	marked, err := mark(text, name, version)
	if err != nil {
		return fmt.Errorf("traefik: applying %s: %w", name, err)
	}
	if err := s.put(name+".yml", marked); err != nil {
		return err
	}

	return s.await(name, version, timeout)
}

// Put writes a file of the dynamic configuration as it is, whatever its format,
// and returns when Traefik has read it. It costs three reloads to know that;
// Apply costs one.
//
// Traefik keeps its whole previous configuration while any file cannot be read;
// Put then gives an error, and the file stays.
func (s *Server) Put(file string, content []byte) error {
	if err := s.put(file, content); err != nil {
		return err
	}

	return s.settle(applyTimeout)
}

// Remove takes away the file that Apply wrote under this name, and returns when
// Traefik serves without it.
func (s *Server) Remove(name string) error { return s.Delete(name + ".yml") }

// Delete takes away the file that Put wrote, and returns when Traefik serves
// without it.
func (s *Server) Delete(file string) error {
	if err := os.Remove(filepath.Join(s.dynamicDir(), file)); err != nil {
		return fmt.Errorf("traefik: removing: %w", err)
	}

	return s.settle(applyTimeout)
}

// settle returns when Traefik serves the folder as it is now, or newer.
//
// It applies a file twice. Traefik reads the folder in passes, one after the
// other. The pass that reads the first version may have listed the folder
// before the latest change; but it ends before the second version is written,
// so the pass that reads that one has listed the folder after the change.
func (s *Server) settle(timeout time.Duration) error {
	for range 2 {
		if err := s.apply(base, s.settled, timeout); err != nil {
			return err
		}
	}

	return nil
}

// put makes the file appear whole: written elsewhere, then renamed.
func (s *Server) put(file string, content []byte) error {
	scratch := filepath.Join(s.scratchDir(), strconv.FormatInt(s.written.Add(1), 10))

	if err := os.WriteFile(scratch, content, 0o600); err != nil {
		return fmt.Errorf("traefik: writing %s: %w", file, err)
	}
	if err := os.Rename(scratch, filepath.Join(s.dynamicDir(), file)); err != nil {
		return fmt.Errorf("traefik: writing %s: %w", file, err)
	}

	return nil
}

var errNotServed = errors.New("not served in time")

// await returns when both entrypoints serve this version of the named file, or
// a newer one. Traefik switches one entrypoint after the other.
func (s *Server) await(name string, version int64, timeout time.Duration) error {
	deadline := time.Now().Add(timeout)

	for _, entrypoint := range []string{s.URL, s.API} {
		for s.served(entrypoint, name) < version {
			if err := errors.Join(s.Died(), s.starting()); err != nil {
				return err
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("traefik: %s: %w (%s); its last lines:\n%s", name, errNotServed, timeout, s.logEnd())
			}
			time.Sleep(pollInterval)
		}
	}

	return nil
}

// served is the version of the named file that the entrypoint serves; 0 if
// none.
func (s *Server) served(entrypoint, name string) int64 {
	request, err := http.NewRequest(http.MethodGet, entrypoint+"/", nil)
	if err != nil {
		return 0
	}
	request.Host = markHost(name)

	response, err := s.client.Do(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()

	version, err := strconv.ParseInt(response.Header.Get(markHeader), 10, 64)
	if err != nil {
		return 0
	}

	return version
}
