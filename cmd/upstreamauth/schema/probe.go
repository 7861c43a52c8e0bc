package schema

import (
	"strings"

	"github.com/upstreamauth/upstreamauth/config"
)

// wrong is a text that is right nowhere but where any text is.
const wrong = "?"

// says is what the reader says of a value under a key; empty: nothing.
func says(path string, value any) string {
	for _, fault := range read(path, value) {
		if fault.Key == path {
			return fault.Text
		}
	}
	return ""
}

// isSecret tells whether a key may refer to a variable or a file.
func isSecret(path string) bool {
	return strings.Contains(says(path, "env:HOME"), "env: takes only names")
}

// takesList tells whether a key of a secret takes several.
func takesList(path string) bool {
	return says(path, []any{"env:UPSTREAMAUTH_A", "env:UPSTREAMAUTH_B"}) == ""
}

// isRequired tells whether a block without the key is wrong.
func (l *learner) isRequired(path, key string) bool {
	if path == "" {
		return false
	}
	names := allowedAPIs(nil, path)
	if len(names) == 0 {
		names = []string{""}
	}
	for _, api := range names {
		block := map[string]any{}
		for _, other := range l.keys[strings.TrimSuffix(path, "[0]")] {
			if other != key {
				block[other] = wrong
			}
		}
		if key != "api" && api != "" {
			block["api"] = api
		}
		if !contains(requiredOf(path, block, nil), key) {
			return false
		}
	}
	return true
}

// allowedAPIs are those of a credential block; nil for any other block.
func allowedAPIs(top map[string]any, path string) []string {
	for _, fault := range readIn(top, path+".api", wrong) {
		_, allowed, named := strings.Cut(fault.Text, "allowed: ")
		if fault.Key == path+".api" && named && !strings.Contains(path, ".") {
			allowed, _, _ = strings.Cut(allowed, ";")
			return strings.Split(allowed, ", ")
		}
	}
	return nil
}

// requiredOf lists the keys that the reader misses in a block.
func requiredOf(path string, block, top map[string]any) []string {
	missing := []string{}
	for _, fault := range readIn(top, path, block) {
		key, inside := strings.CutPrefix(fault.Key, path+".")
		if inside && strings.HasPrefix(fault.Text, "required") && !strings.HasPrefix(fault.Text, "required beside") {
			missing = append(missing, key)
		}
	}
	return missing
}

// together is which keys of a block need which others.
func (l *learner) together(path string) Schema {
	found := Schema{}
	if path == "" {
		return found
	}
	for _, key := range l.keys[path] {
		for _, fault := range read(path, map[string]any{key: wrong}) {
			other, inside := strings.CutPrefix(fault.Key, path+".")
			if inside && strings.HasPrefix(fault.Text, "required beside "+key) {
				found[key] = []string{other}
			}
		}
	}
	return found
}

// conditions are the keys of a credential block that some APIs require beside those that
// all do, but in the mode of issuers.
func (l *learner) conditions(kind string, issuer Schema) []Schema {
	var found []Schema
	for _, api := range allowedAPIs(nil, kind) {
		more := []string{}
		for _, key := range requiredOf(kind, map[string]any{"api": api}, nil) {
			if !contains(l.required[kind], key) {
				more = append(more, key)
			}
		}
		if len(more) > 0 {
			named := Schema{"properties": Schema{"api": Schema{"const": api}}, "required": []string{"api"}}
			found = append(found, Schema{
				"if":   Schema{"not": issuer, "properties": Schema{kind: named}, "required": []string{kind}},
				"then": Schema{"properties": Schema{kind: Schema{"required": more}}},
			})
		}
	}
	return found
}

func contains(words []string, word string) bool {
	for _, one := range words {
		if one == word {
			return true
		}
	}
	return false
}

// read reads a configuration in which one key has a value.
func read(path string, value any) []config.Fault {
	return readIn(nil, path, value)
}

// readIn is read with more keys at the top.
func readIn(more map[string]any, path string, value any) []config.Fault {
	top := map[string]any{
		"bearer":         map[string]any{"api": "ippanel", "url": "https://a.example"},
		"applicationKey": map[string]any{"api": "thammasat", "url": "https://a.example"},
		"basic":          map[string]any{"api": "thammasat", "url": "https://a.example", "applicationKey": "key"},
	}
	if strings.Contains(path, ".custom") {
		kind, _, _ := strings.Cut(path, ".")
		top[kind].(map[string]any)["api"] = "custom"
		top[kind].(map[string]any)["path"] = "/me"
	}
	if path == "status" || strings.HasPrefix(path, "status.") { // of which nothing is read in another mode
		top = map[string]any{"mode": "status", "status": map[string]any{"token": "env:UPSTREAMAUTH_A"}}
	}
	for key, value := range more {
		top[key] = value
	}
	put(top, strings.Split(path, "."), value)
	_, faults := config.ReadUnresolved(top)
	return faults
}

// put sets the value at a path, in blocks that are made where they are not there.
func put(block map[string]any, path []string, value any) {
	name, listed := strings.CutSuffix(path[0], "[0]")
	if listed && len(path) == 1 {
		block[name] = []any{value}
		return
	}
	if listed {
		row := map[string]any{}
		block[name] = []any{row}
		put(row, path[1:], value)
		return
	}
	if len(path) == 1 {
		block[path[0]] = value
		return
	}
	inner, there := block[path[0]].(map[string]any)
	if !there {
		inner = map[string]any{}
		block[path[0]] = inner
	}
	put(inner, path[1:], value)
}
