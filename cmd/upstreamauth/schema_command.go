package main

import (
	"encoding/json"
	"fmt"

	"github.com/upstreamauth/upstreamauth/cmd/upstreamauth/schema"
)

// runSchema is upstreamauth schema.
func runSchema(arguments []string, s streams) int {
	f := newFlags("schema", s)
	whole := f.Bool("file", false, "the schema of whole files of Traefik's file provider, and of manifests, in which the block stands")
	rest, end := f.parse(arguments)
	if end >= 0 {
		return end
	}
	if len(rest) > 0 {
		fmt.Fprintln(s.err, "upstreamauth schema [-file] [-plugin NAME]")
		return exitUnreadable
	}
	made := schema.Block()
	if *whole {
		made = schema.File(f.alias)
	}
	encoder := json.NewEncoder(s.out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(made)
	return exitOK
}
