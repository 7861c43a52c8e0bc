package main

import (
	"fmt"

	"github.com/upstreamauth/upstreamauth/cmd/upstreamauth/check"
	"github.com/upstreamauth/upstreamauth/cmd/upstreamauth/delivered"
	"github.com/upstreamauth/upstreamauth/cmd/upstreamauth/show"
)

// runShow is upstreamauth show.
func runShow(arguments []string, s streams) int {
	f := newFlags("show", s)
	only := f.String("middleware", "", "the `name` of one middleware; else all are shown")
	names, end := f.parse(arguments)
	if end >= 0 {
		return end
	}
	if len(names) == 0 {
		fmt.Fprintln(s.err, "upstreamauth show [-middleware NAME] [-plugin NAME] [-secrets] FILE...")
		return exitUnreadable
	}
	files, unreadable := load(names, f, s)
	for _, err := range unreadable {
		fmt.Fprintln(s.err, err)
	}
	if len(unreadable) > 0 {
		return exitUnreadable
	}
	blocks := gates(files, f.alias, *only)
	if len(blocks) == 0 {
		fmt.Fprintln(s.err, notThere(*only, f.alias))
		return exitUnreadable
	}
	end = exitOK
	for _, at := range blocks {
		fmt.Fprintf(s.out, "%s (%s)\n", at.middleware.Name, at.file.Name)
		_, faults, err := check.Settings(at.plugin, f.env())
		if err != nil || len(faults) > 0 {
			end = exitFaults
			for _, finding := range check.Files([]*delivered.File{{Name: at.file.Name, Middlewares: []delivered.Middleware{*at.middleware}}}, check.Options{Alias: f.alias, Env: f.env()}) {
				fmt.Fprintln(s.err, finding)
			}
			continue
		}
		masked := *at.plugin
		masked.Block = show.Mask(at.plugin.Block)
		settings, _, _ := check.Settings(&masked, nil)
		show.Settings(s.out, settings, at.plugin.Block)
	}
	return end
}

// located is a plugin's block with the places that it is in.
type located struct {
	file       *delivered.File
	middleware *delivered.Middleware
	plugin     *delivered.Plugin
}

// gates are the plugin's blocks in files, of one middleware or of all.
func gates(files []*delivered.File, alias, only string) []located {
	var found []located
	for _, file := range files {
		for i := range file.Middlewares {
			m := &file.Middlewares[i]
			for j := range m.Plugins {
				if m.Plugins[j].Alias == alias && (only == "" || m.Name == only || m.Name+"@"+m.Provider == only) {
					found = append(found, located{file, m, &m.Plugins[j]})
				}
			}
		}
	}
	return found
}

func notThere(middleware, alias string) string {
	if middleware == "" {
		return "no middleware of the plugin " + alias + " is in these files"
	}
	return "no middleware " + middleware + " of the plugin " + alias + " is in these files"
}
