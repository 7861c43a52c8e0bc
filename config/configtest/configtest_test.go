package configtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCases(t *testing.T) {
	t.Run("every title is unique", func(t *testing.T) {
		seen := map[string]bool{}
		for _, c := range Cases(t, "../../testdata/config") {
			if c.Name == "" || seen[c.Title()] {
				t.Errorf("%q has no name, or one that was there before", c.Title())
			}
			seen[c.Title()] = true
		}
		if !seen["valid/the smallest bearer"] {
			t.Error("a case of valid.json is missing")
		}
	})

	t.Run("a valid case lists settings, a faulty one lists faults", func(t *testing.T) {
		for _, c := range Cases(t, "../../testdata/config") {
			if len(c.Settings)+len(c.Faults) == 0 {
				t.Errorf("%s says neither", c.Title())
			}
		}
	})
}

func TestParse(t *testing.T) {
	t.Run("files are created in the case's own folder", func(t *testing.T) {
		folder := t.TempDir()
		cases, err := parse([]byte(`[{"name": "one", "config": {"key": "file:${DIR}/below/key"}, "env": {"A": "${DIR}"}, "files": {
			"below/key": {"content": "ab", "repeat": 2}, "link": {"symlink": "below/key"}, "folder": {"folder": true}}}]`),
			func() string { return folder })
		if err != nil {
			t.Fatal(err)
		}
		c := cases[0]
		if c.Config["key"] != "file:"+folder+"/below/key" {
			t.Errorf("the configuration names %v", c.Config["key"])
		}
		if value, found := c.LookupEnv("A"); value != folder || !found {
			t.Errorf("the environment has %q", value)
		}
		if _, found := c.LookupEnv("B"); found {
			t.Error("the environment has a variable that the case does not name")
		}
		if text, err := os.ReadFile(filepath.Join(folder, "link")); string(text) != "ababab" {
			t.Errorf("behind the link: %q, %v", text, err)
		}
		if info, err := os.Stat(filepath.Join(folder, "folder")); err != nil || !info.IsDir() {
			t.Errorf("no folder: %v", err)
		}
	})

	t.Run("an unknown field is an error", func(t *testing.T) {
		_, err := parse([]byte(`[{"name": "one", "fault": []}]`), t.TempDir)
		if err == nil || !strings.Contains(err.Error(), `unknown field "fault"`) {
			t.Errorf("%v", err)
		}
	})
}
