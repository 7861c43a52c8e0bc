// Package lint checks the plugin's sources, by their types, against the rules
// that no ready-made linter knows:
//
//   - what Yaegi, the interpreter inside Traefik, refuses or gets wrong
//     (rules.go; the module's folder yaegi plays each case)
//   - which room may import which (imports.go)
//   - which files may open connections, answer clients, read the clock
//     (exclusive.go)
//   - that no value which holds a secret is printed (secrets.go)
//   - that the files of a room do not use each other in a ring (rings.go)
//   - how many files a room has (rooms.go)
//   - texts that no file of the repository holds, whatever its kind (texts.go)
//
// A room is a package of the plugin. Measures, and what is forbidden in Go code
// of any kind, are in .golangci.yml.
package lint

import (
	"cmp"
	"fmt"
	"go/token"
	"path/filepath"
	"slices"
)

// Violation is a place that breaks a rule.
type Violation struct {
	At     token.Position // its file is relative to the plugin's root
	Rule   string
	Detail string // more about this one; may be empty
}

func (v Violation) String() string {
	text := v.Rule
	if v.Detail != "" {
		text += ": " + v.Detail
	}
	if v.At.Filename == "" {
		return text
	}
	return fmt.Sprintf("%s: %s", v.At, text)
}

// Check loads the plugin below root and returns everything that breaks a rule,
// by file and line.
func Check(root string) ([]Violation, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	if root, err = filepath.EvalSymlinks(root); err != nil {
		return nil, err
	}
	sources, err := load(root)
	if err != nil {
		return nil, err
	}
	texts, err := textViolations(root)
	if err != nil {
		return nil, err
	}
	found := slices.Concat(
		texts,
		ruleViolations(sources),
		importViolations(sources),
		exclusiveViolations(sources),
		secretViolations(sources),
		ringViolations(sources),
		roomViolations(sources),
	)
	slices.SortStableFunc(found, func(a, b Violation) int {
		return cmp.Or(
			cmp.Compare(a.At.Filename, b.At.Filename),
			cmp.Compare(a.At.Line, b.At.Line),
			cmp.Compare(a.At.Column, b.At.Column),
			cmp.Compare(a.Rule, b.Rule),
		)
	})
	return found, nil
}
