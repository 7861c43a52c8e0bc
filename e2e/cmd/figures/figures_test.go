package main

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestFigures(t *testing.T) {
	tree := fstest.MapFS{}
	for name, text := range map[string]string{
		"plugin.go": `// Package plugin is measured.
package plugin

// New makes one.
func New(name string) int { // not a line of comment alone
	/* this is */
	n := len(name)
	return n
}
`,
		"gate/gate.go": "package gate\n\ntype Gate struct{ next int }\n\nfunc (g *Gate) serve() {}\n",
		"gate/hit.go":  "package gate\n",
		"gate/gate_test.go": `package gate

import "testing"

func TestGate(t *testing.T) {}

func TestMain(m *testing.M) {}

func helper() {}
`,
		"gate/gatetest/helper.go": "package gatetest\n",
		"e2e/lint/lint.go":        "package lint\n\nvar text = `\n// no comment\n`\n",
		"testdata/broken.go":      "this is not Go",
		"vendor/other/more.go":    "package more\n",
		".hidden/more.go":         "package more\n",
		"readme.md":               "text",
	} {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	plugin, e2e, err := measure(tree)
	if err != nil {
		t.Fatal(err)
	}
	const want = `| | the plugin | e2e |
|---|---|---|
| rooms (packages) | 2 | 1 |
| files, without tests | 3 | 1 |
| their lines | 15 | 5 |
| median file, lines | 5 | 5 |
| largest file, lines | 9 (plugin.go) | 5 (e2e/lint/lint.go) |
| largest room, files | 2 (gate) | 1 (e2e/lint) |
| functions | 2 | 0 |
| median function, lines | 1 | 0 |
| longest function, lines | 5 (plugin.go: New) | 0 |
| comments, of the lines that are not empty | 25 % | 0 % |
| letters of an exported name, mean | 3.5, of 2 | 0 |
| letters of a declared name, mean | 3.1, of 7 | 4.0, of 1 |
| files of tests | 2 | 0 |
| their lines | 10 | 0 |
| largest file of tests, lines | 9 (gate/gate_test.go) | 0 |
| tests : source, lines | 0.67 | 0.00 |
| tests | 1 | 0 |
| letters of a test's name, mean | 8.0, of 1 | 0 |
`
	if got := table(plugin, e2e); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestFiguresOfThisCheckout(t *testing.T) {
	got, err := run(nil)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(got, "| files, without tests | 0 |") || !strings.Contains(got, "\n| comments, ") {
		t.Errorf("%s", got)
	}
	if _, err := run([]string{"no such folder"}); err == nil {
		t.Error("no folder is no error")
	}
}
