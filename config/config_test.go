package config

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// configCase is a configuration of testdata/config, whose readme says what
// the fields mean.
type configCase struct {
	Name     string
	Note     string
	Provider string
	Config   map[string]any
	Env      map[string]string
	Files    map[string]configFile
	Faults   []string
	Settings []string
}

type configFile struct {
	Content string
	Repeat  int
	Symlink string
	Fifo    bool
	Folder  bool
}

// configCases returns the cases of every file, named file/case, with their
// files laid out below a folder of the test's.
func configCases(t testing.TB) []configCase {
	t.Helper()
	names, err := filepath.Glob("../testdata/config/*.json")
	if err != nil || len(names) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	var all []configCase
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var parts []json.RawMessage
		if err := json.Unmarshal(raw, &parts); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, part := range parts {
			folder := t.TempDir()
			var c configCase
			if err := json.Unmarshal([]byte(strings.ReplaceAll(string(part), "${DIR}", folder)), &c); err != nil {
				t.Fatalf("%s: %v in %s", name, err, part)
			}
			c.Name = strings.TrimSuffix(filepath.Base(name), ".json") + "/" + c.Name
			for path, file := range c.Files {
				file.lay(t, filepath.Join(folder, path))
			}
			all = append(all, c)
		}
	}
	return all
}

func (f configFile) lay(t testing.TB, path string) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		switch {
		case f.Folder:
			err = os.MkdirAll(path, 0o700)
		case f.Fifo:
			err = syscall.Mkfifo(path, 0o600)
		case f.Symlink != "":
			err = os.Symlink(f.Symlink, path)
		default:
			err = os.WriteFile(path, []byte(strings.Repeat(f.Content, 1+f.Repeat)), 0o600)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (c configCase) env(name string) (string, bool) {
	value, found := c.Env[name]
	return value, found
}

func TestRead(t *testing.T) {
	for _, c := range configCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			read, faults := Read(c.Config, c.env)
			got, want := strings.Join(linesOf(faults), "\n"), strings.Join(c.Faults, "\n")
			if got != want {
				t.Errorf("faults:\n%s\nwant:\n%s", got, want)
			}
			if strings.Contains(got, "MARKER") {
				t.Errorf("a secret in: %s", got)
			}
			described := describe(read)
			for _, line := range c.Settings {
				if !strings.Contains(described, line+"\n") {
					t.Errorf("no %q among the settings:\n%s", line, described)
				}
			}
			if len(c.Faults) == 0 && len(c.Settings) == 0 {
				t.Error("the case names neither faults nor settings")
			}
		})
	}

	t.Run("faults come in the same order every time", func(t *testing.T) {
		for _, c := range configCases(t) {
			for range [3]struct{}{} {
				_, faults := Read(c.Config, c.env)
				if got := linesOf(faults); strings.Join(got, "\n") != strings.Join(c.Faults, "\n") {
					t.Fatalf("%s: %q", c.Name, got)
				}
			}
		}
	})
}
