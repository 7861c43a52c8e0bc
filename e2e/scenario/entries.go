package scenario

import (
	"encoding/json"
	"strings"
)

// Entries are the plugin's own entries in a log, in its order: bare lines, those that Traefik
// has written in its common format, and those in the messages of its JSON format.
func Entries(log string) []map[string]any {
	var entries []map[string]any
	for _, line := range strings.Split(log, "\n") {
		if entry := entryIn(line); entry != nil {
			entries = append(entries, entry)
		}
	}
	return entries
}

func entryIn(line string) map[string]any {
	start := strings.Index(line, `{"`)
	if start < 0 {
		return nil
	}
	entry := map[string]any{}
	if json.NewDecoder(strings.NewReader(line[start:])).Decode(&entry) != nil {
		return nil
	}
	if message, wrapped := entry["message"].(string); wrapped && start == 0 {
		return entryIn(message)
	}
	if entry["plugin"] != "upstreamauth" {
		return nil
	}
	return entry
}

// entriesOf are those of one event and one middleware, without the name of its provider. An
// empty middleware is any.
func entriesOf(log, event, middleware string) []map[string]any {
	var found []map[string]any
	for _, entry := range Entries(log) {
		name, _ := entry["middleware"].(string)
		name, _, _ = strings.Cut(name, "@")
		if entry["event"] == event && (middleware == "" || name == middleware) {
			found = append(found, entry)
		}
	}
	return found
}
