package examples

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/traefik/paerser/file"
	"github.com/traefik/paerser/flag"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
	"gopkg.in/yaml.v3"
)

// static is the part of Traefik's static configuration that the pages use.
// Traefik's decoder, which reads it, refuses keys that are not there.
type static struct {
	EntryPoints map[string]*struct {
		Address string
		HTTP    *struct {
			AliasHeadersStrategy string
			TLS                  *struct{} `label:"allowEmpty" file:"allowEmpty"`
		}
	}
	Providers *struct {
		File   *struct{ Directory, Filename string }
		Docker *struct{ ExposedByDefault bool }
	}
	AccessLog *struct {
		Format string
		Fields *struct {
			Names   map[string]string
			Headers *struct {
				DefaultMode string
				Names       map[string]string
			}
		}
	}
	Experimental *struct {
		AbortOnPluginFailure bool
		LocalPlugins         map[string]*struct{ ModuleName string }
		Plugins              map[string]*struct{ ModuleName, Version string }
	}
}

// staticKeys are what a static configuration begins with.
var staticKeys = []string{"entryPoints", "providers", "accessLog", "experimental"}

// isStatic tells a static configuration, or a part of one, by its keys.
func isStatic(top map[string]any) bool {
	for key := range top {
		if slices.Contains(staticKeys, key) {
			return true
		}
	}
	return false
}

// fromStatic reads a file as Traefik does.
func fromStatic(text, extension string) error {
	s := &static{}
	if err := file.DecodeContent(text, extension, s); err != nil {
		return err
	}
	return s.check()
}

// fromHelm reads values of Traefik's Helm chart, which makes flags of them.
func fromHelm(text string) error {
	values := struct {
		Image               struct{ Registry, Repository, Tag string }
		AdditionalArguments []string `yaml:"additionalArguments"`
	}{}
	if err := yaml.Unmarshal([]byte(text), &values); err != nil {
		return err
	}
	s := &static{}
	if err := flag.Decode(values.AdditionalArguments, s); err != nil {
		return err
	}
	if s.Experimental == nil {
		return errors.New("the plugin is not declared")
	}
	return s.check()
}

// check is about what must not be left out where the plugin is declared: that
// Traefik does not start without it; and that a version which is to be fetched
// is one that the changelog calls released.
func (s *static) check() error {
	if s.Experimental == nil {
		return nil
	}
	if !s.Experimental.AbortOnPluginFailure {
		return errors.New("no abortOnPluginFailure beside the plugin")
	}
	if p := s.Experimental.Plugins["upstreamauth"]; p != nil && p.ModuleName == stage.Module {
		return released(p.Version)
	}
	if p := s.Experimental.LocalPlugins["upstreamauth"]; p != nil && p.ModuleName == stage.Module {
		return nil
	}
	return errors.New("the plugin is not declared, or by another module's name")
}

func released(version string) error {
	root, err := stage.Root()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
	if err != nil {
		return err
	}
	if !strings.Contains(string(text), "\n## ["+strings.TrimPrefix(version, "v")+"]") {
		return fmt.Errorf("%s is not released, so that no Traefik can fetch it", version)
	}
	return nil
}
