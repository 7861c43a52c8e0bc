package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/upstreamauth/upstreamauth/cmd/upstreamauth/check"
	"github.com/upstreamauth/upstreamauth/cmd/upstreamauth/delivered"
)

// runCheck is upstreamauth check.
func runCheck(arguments []string, s streams) int {
	f := newFlags("check", s)
	format := f.String("format", "text", "`text`, json or github (annotations of a workflow)")
	var static []string
	f.Func("static", "Traefik's static configuration, a `file`; may be given again", func(name string) error {
		static = append(static, name)
		return nil
	})
	names, end := f.parse(arguments)
	if end >= 0 {
		return end
	}
	write, known := formats[*format]
	if !known || len(names)+len(static) == 0 {
		fmt.Fprintln(s.err, "upstreamauth check [-format text|json|github] [-plugin NAME] [-static FILE] [-secrets] FILE...")
		return exitUnreadable
	}
	o := check.Options{Alias: f.alias, Env: f.env(), Static: map[string]bool{}}
	for _, name := range static {
		o.Static[name] = true
		if !contains(names, name) {
			names = append(names, name)
		}
	}
	files, unreadable := load(names, f, s)
	found := check.Files(files, o)
	write(s.out, found)
	for _, err := range unreadable {
		fmt.Fprintln(s.err, err)
	}
	switch {
	case len(unreadable) > 0:
		return exitUnreadable
	case len(found) > 0:
		return exitFaults
	}
	if *format == "text" {
		fmt.Fprintln(s.err, summary(files, f.alias))
	}
	return exitOK
}

// summary says what was looked at, since nothing is wrong: a name that was misspelt in
// -plugin would find nothing either.
func summary(files []*delivered.File, alias string) string {
	blocks := 0
	for _, file := range files {
		for _, m := range file.Middlewares {
			for _, p := range m.Plugins {
				if p.Alias == alias {
					blocks++
				}
			}
		}
	}
	return fmt.Sprintf("%d middlewares of the plugin %s in %d files, and nothing is wrong with them", blocks, alias, len(files))
}

var formats = map[string]func(io.Writer, []check.Finding){
	"text":   writeText,
	"json":   writeJSON,
	"github": writeGitHub,
}

func writeText(w io.Writer, found []check.Finding) {
	for _, finding := range found {
		fmt.Fprintln(w, finding)
	}
}

func writeJSON(w io.Writer, found []check.Finding) {
	if found == nil {
		found = []check.Finding{}
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(found)
}

// writeGitHub writes commands of GitHub's runners, which escape as these do.
func writeGitHub(w io.Writer, found []check.Finding) {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	for _, finding := range found {
		where := "file=" + property.Replace(finding.File)
		if finding.Line > 0 {
			where += fmt.Sprintf(",line=%d", finding.Line)
		}
		message := finding
		message.File, message.Line = "", 0
		text := strings.TrimPrefix(message.String(), ": ")
		fmt.Fprintf(w, "::error %s,title=upstreamauth::%s\n", where, data.Replace(text))
	}
}

func contains(words []string, word string) bool {
	for _, one := range words {
		if one == word {
			return true
		}
	}
	return false
}
