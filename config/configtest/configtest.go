// Package configtest reads the configurations of testdata/config for the
// tests that run them: compiled, interpreted and behind Traefik. It is compiled
// code, and no part of the plugin.
package configtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Case is one configuration with what the plugin must say about it. The readme
// of testdata/config says what each field means.
type Case struct {
	// File is the name of the file that holds the case, without its ending.
	File     string `json:"-"`
	Name     string
	Note     string
	Provider string
	Config   map[string]any
	Env      map[string]string
	Files    map[string]File
	Settings []string
	Faults   []string
}

// Title names the case among those of all files.
func (c Case) Title() string {
	return c.File + "/" + c.Name
}

// LookupEnv reads the environment of the case, as os.LookupEnv does the
// process's.
func (c Case) LookupEnv(name string) (string, bool) {
	value, found := c.Env[name]
	return value, found
}

// Cases reads every file in folder, which is testdata/config as seen from the
// test's working directory. The files of each case exist when it returns, in a
// folder of the case's own that is removed at the end of the test.
func Cases(t testing.TB, folder string) []Case {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no cases in %s: %v", folder, err)
	}
	var all []Case
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		cases, err := parse(text, t.TempDir)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i := range cases {
			cases[i].File = strings.TrimSuffix(filepath.Base(name), ".json")
		}
		all = append(all, cases...)
	}
	return all
}

// parse reads the cases of one file and creates their files.
func parse(text []byte, newFolder func() string) ([]Case, error) {
	var parts []json.RawMessage
	if err := json.Unmarshal(text, &parts); err != nil {
		return nil, err
	}
	var cases []Case
	for _, part := range parts {
		folder := newFolder()
		// Strictly: a misspelled "faults" would make a case that checks nothing.
		decoder := json.NewDecoder(bytes.NewReader(bytes.ReplaceAll(part, []byte("${DIR}"), []byte(folder))))
		decoder.DisallowUnknownFields()
		var c Case
		if err := decoder.Decode(&c); err != nil {
			return nil, fmt.Errorf("%w in %s", err, part)
		}
		for path, file := range c.Files {
			if err := file.create(filepath.Join(folder, path)); err != nil {
				return nil, err
			}
		}
		cases = append(cases, c)
	}
	return cases, nil
}
