// Package check answers one question: what is wrong with these files?
//
// A Finding is a fault that the plugin itself would log, in its words, or one of the
// traps of Traefik's own that open a route: a catch-all beside a protected router, a
// middleware that no router uses, a Traefik that starts without the plugin.
package check

import (
	"fmt"

	"github.com/mitchellh/mapstructure"
	"github.com/upstreamauth/upstreamauth"
	"github.com/upstreamauth/upstreamauth/cmd/upstreamauth/delivered"
	"github.com/upstreamauth/upstreamauth/config"
)

// Finding is one thing that is wrong.
type Finding struct {
	File       string `json:"file"`
	Line       int    `json:"line,omitempty"`       // 0: unknown
	Middleware string `json:"middleware,omitempty"` // or "router app", or "static"; empty: the file as a whole
	Key        string `json:"key,omitempty"`
	Text       string `json:"text"`
}

// String is the finding as one line.
func (f Finding) String() string {
	line := f.File
	if f.Line > 0 {
		line = fmt.Sprintf("%s:%d", line, f.Line)
	}
	for _, part := range []string{f.Middleware, f.Key, f.Text} {
		if part != "" {
			line += ": " + part
		}
	}
	return line
}

// Options say how files are judged.
type Options struct {
	Alias string // of the plugin, as the static configuration names it

	// Env looks up a variable of the environment, for secrets; nil: no secret is read.
	Env func(string) (string, bool)

	// Static are those of the files that have to be static configurations.
	Static map[string]bool
}

// Files judges files that belong to one Traefik.
func Files(files []*delivered.File, o Options) []Finding {
	var found []Finding
	for _, f := range files {
		for i := range f.Middlewares {
			found = append(found, middleware(f, &f.Middlewares[i], o)...)
		}
	}
	found = append(found, routers(files, o)...)
	return append(found, static(files, o)...)
}

// middleware returns the faults of the plugin's blocks in one middleware.
func middleware(f *delivered.File, m *delivered.Middleware, o Options) []Finding {
	var found []Finding
	for i := range m.Plugins {
		p := &m.Plugins[i]
		if p.Alias != o.Alias {
			continue
		}
		_, faults, err := Settings(p, o.Env)
		if err != nil {
			found = append(found, Finding{File: f.Name, Line: p.Line(""), Middleware: m.Name, Text: err.Error()})
		}
		for _, fault := range faults {
			if p.Known(fault.Key) {
				found = append(found, Finding{File: f.Name, Line: p.Line(fault.Key), Middleware: m.Name, Key: fault.Key, Text: fault.Text})
			}
		}
	}
	return found
}

// Settings reads a plugin's block as the plugin does in Traefik; without env, no secret
// is read.
func Settings(p *delivered.Plugin, env func(string) (string, bool)) (*config.Settings, []config.Fault, error) {
	raw := upstreamauth.CreateConfig()
	if len(p.Block) > 0 {
		decoder, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{
			DecodeHook: mapstructure.StringToSliceHookFunc(","), WeaklyTypedInput: true, Result: raw,
		})
		if err != nil {
			return nil, nil, err
		}
		if err := decoder.Decode(p.Block); err != nil {
			return nil, nil, fmt.Errorf("Traefik cannot decode it: %w", err)
		}
	}
	if env == nil {
		settings, faults := config.ReadUnresolved(raw.Settings)
		return settings, faults, nil
	}
	settings, faults := config.Read(raw.Settings, env)
	return settings, faults, nil
}
