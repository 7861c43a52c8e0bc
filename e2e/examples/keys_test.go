package examples

import (
	"fmt"
	"strings"
	"testing"
)

// documentedKeys are the keys at the top and in sections that the tables of a
// page list, as they are written there.
func documentedKeys(page Page, heading string) ([]string, error) {
	_, section, found := strings.Cut(page.Text, "\n"+heading+"\n")
	if !found {
		return nil, fmt.Errorf("%s has no %q", page.Name, heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var keys []string
	table := false // within one whose first column is the keys
	for _, line := range strings.Split(section, "\n") {
		cells := strings.Split(line, "|")
		table = strings.HasPrefix(line, "| key |") || table && strings.HasPrefix(line, "|")
		if !table || !strings.HasPrefix(cells[1], " `") {
			continue
		}
		for _, key := range strings.Split(cells[1], ",") {
			keys = append(keys, strings.Trim(key, " `"))
		}
	}
	return keys, nil
}

func TestKeys(t *testing.T) {
	t.Run("each key of a table is one that the plugin knows", documentedKeysExist)
}

func documentedKeysExist(t *testing.T) {
	pages, err := Pages()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		page, heading string
		below         []string // where its keys may be
		least         int
	}{
		{"docs/configuration.md", "## Credential blocks", []string{"bearer", "applicationKey", "basic"}, 13},
		{"docs/configuration.md", "## Keys at the top", []string{""}, 16},
		{"docs/configuration.md", "## Identity", []string{""}, 3},
		{"docs/sessions.md", "### Keys", []string{"session"}, 9},
		{"docs/replicas.md", "## Keys", []string{"shared"}, 12},
	} {
		page, err := Find(pages, c.page)
		if err != nil {
			t.Fatal(err)
		}
		keys, err := documentedKeys(page, c.heading)
		if err != nil {
			t.Fatal(err)
		}
		if len(keys) < c.least {
			t.Errorf("%s, %s: %d keys; where are the others?", c.page, c.heading, len(keys))
		}
		for _, key := range keys {
			if !known(t, c.below, key) {
				t.Errorf("%s, %s: %s is no key", c.page, c.heading, key)
			}
		}
	}
}

// known tells whether a key may stand in one of the blocks.
func known(t *testing.T, below []string, key string) bool {
	t.Helper()
	for _, outer := range below {
		path := strings.Trim(outer+"."+key, ".")
		s := settings{}
		at := map[string]any(s)
		parts := strings.Split(path, ".")
		for _, part := range parts[:len(parts)-1] {
			inner := map[string]any{}
			at[part] = inner
			at = inner
		}
		at[parts[len(parts)-1]] = "x"
		_, log := ask(t, s, func() {})
		if !strings.Contains(log, path+": unknown key") && !strings.Contains(log, path+": not a key of this block") {
			return true
		}
	}
	return false
}
