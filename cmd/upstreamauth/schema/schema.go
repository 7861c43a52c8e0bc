// Package schema answers one question: what may stand in the plugin's block, in the
// language of editors (JSON Schema, draft 7)?
//
// It has no table of its own of what is allowed. Block takes the keys from the plugin's
// reader and learns about each what the reader says of it: it writes a wrong value, and
// the fault names what is allowed. So a schema and the faults cannot disagree.
package schema

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/upstreamauth/upstreamauth/config"
)

// Schema is one, or a part of one.
type Schema map[string]any

// Block is the schema of the plugin's block.
func Block() Schema {
	l := &learner{keys: config.Keys(), required: map[string][]string{}}
	top := l.block("")
	top["$schema"] = "http://json-schema.org/draft-07/schema#"
	top["title"] = "upstreamauth"
	issuer, status := inMode("issuer"), inMode("status")
	conditions := []Schema{{
		"if": issuer,
		"then": Schema{"properties": Schema{"bearer": Schema{
			"required":   requiredOf("bearer", map[string]any{}, map[string]any{"mode": "issuer"}),
			"properties": Schema{"api": Schema{"enum": allowedAPIs(map[string]any{"mode": "issuer"}, "bearer")}},
		}}},
	}, {
		"if": status, "then": Schema{"required": []string{"status"}},
	}}
	for _, kind := range []string{"bearer", "applicationKey", "basic"} {
		conditions = append(conditions, l.conditions(kind, issuer)...)
	}
	top["allOf"] = conditions
	top["anyOf"] = []Schema{{"required": []string{"bearer"}}, {"required": []string{"applicationKey"}}, {"required": []string{"basic"}}, status}
	return top
}

// inMode is the schema of a block in a mode.
func inMode(name string) Schema {
	return Schema{"properties": Schema{"mode": Schema{"const": name}}, "required": []string{"mode"}}
}

// File is the schema of whole files that hold such blocks: those of Traefik's file
// provider, and manifests of a Middleware. Of all else in them it says nothing.
func File(alias string) Schema {
	block := Block()
	delete(block, "$schema")
	plugin := properties("plugin", properties(alias, Schema{"$ref": "#/definitions/upstreamauth"}))
	return Schema{
		"$schema":     "http://json-schema.org/draft-07/schema#",
		"title":       "Traefik's dynamic configuration with the plugin upstreamauth",
		"definitions": Schema{"upstreamauth": block},
		"type":        "object",
		"properties": Schema{
			"http": properties("middlewares", Schema{"type": "object", "additionalProperties": plugin}),
			"spec": plugin,
		},
	}
}

func properties(key string, value Schema) Schema {
	return Schema{"type": "object", "properties": Schema{key: value}}
}

// learner learns what is allowed from faults.
type learner struct {
	keys     map[string][]string
	required map[string][]string // of a block, whatever else stands in it
}

// block is the schema of a block whose keys are known.
func (l *learner) block(path string) Schema {
	found := Schema{}
	var required []string
	for _, key := range l.keys[strings.TrimSuffix(path, "[0]")] {
		inner := key
		if path != "" {
			inner = path + "." + key
		}
		learned := l.key(inner)
		if learned == nil {
			continue // not here: with no api
		}
		if means(inner) != "" {
			learned["description"] = means(inner)
		}
		found[key] = learned
		if l.isRequired(path, key) {
			required = append(required, key)
			learned.fill()
		}
	}
	s := Schema{"type": "object", "properties": found, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	together := l.together(path)
	if len(together) > 0 {
		s["dependencies"] = together
	}
	l.required[path] = required
	return s
}

// key is the schema of what stands under a key.
func (l *learner) key(path string) Schema {
	inBlock := says(path, map[string]any{"?": wrong})
	if l.keys[path] != nil && strings.HasPrefix(inBlock, "must be a list") {
		return Schema{"type": "array", "items": l.block(path + "[0]"), "minItems": 1}
	}
	if l.keys[path] != nil {
		return l.block(path)
	}
	text := says(path, wrong)
	switch {
	case strings.HasPrefix(text, "not a key of"):
		return nil
	case strings.HasPrefix(text, "must be a block of keys"):
		return Schema{"type": "object", "additionalProperties": l.entry(path)}
	case strings.HasPrefix(inBlock, "must be a list"):
		item := Schema{"type": []string{"string", "number", "boolean"}}
		return Schema{"anyOf": []Schema{{"type": "array", "items": item, "minItems": 1}, item}}
	}
	return scalar(path, text)
}

// entry is the schema of the values of a block whose keys the operator invents.
func (l *learner) entry(path string) Schema {
	key := "X-Probe"
	if samples[path] != "" {
		key = samples[path]
	}
	inner := path + "." + key
	if strings.HasPrefix(says(inner, map[string]any{"?": wrong}), "must be a list") {
		return Schema{"anyOf": []Schema{{"type": "array", "minItems": 1}, {"type": []string{"string", "number", "boolean"}}}}
	}
	return scalar(inner, says(inner, wrong))
}

// samples are possible keys of such blocks.
var samples = map[string]string{"identity.require": "user", "errors.statuses": "401"}

var (
	numbers = regexp.MustCompile(`^a whole number from (\d+) to (\d+)`)
	words   = regexp.MustCompile(`^[A-Za-z]+(, [A-Za-z]+)*$`)
)

// Values as texts: a provider delivers texts, and an editor sees what YAML makes of them.
const (
	durationText = `^([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+$|^0$`
	rateText     = `^[1-9][0-9]*/([0-9]+(\.[0-9]*)?(ms|s|m|h))+$`
)

// scalar is the schema of a single value of which a wrong one has this fault.
func scalar(path, text string) Schema {
	_, allowed, named := strings.Cut(text, " is not allowed; allowed: ")
	allowed, _, _ = strings.Cut(allowed, "; ")
	number := numbers.FindStringSubmatch(allowed)
	switch {
	case !named && isSecret(path):
		types := []string{"string", "integer", "null"}
		if takesList(path) {
			types = []string{"string", "integer", "array", "null"}
		}
		return Schema{"type": types, "examples": []string{"env:UPSTREAMAUTH_…", "file:/run/secrets/…"}}
	case strings.Contains(text, "is neither http nor https"):
		return oneOf(matching(`^\s*[hH][tT][tT][pP][sS]?://`))
	case !named:
		return Schema{"type": []string{"string", "number", "boolean", "null"}}
	case strings.HasPrefix(allowed, "a path that begins with"):
		return oneOf(matching(`^\s*/`))
	case allowed == "true, false":
		return oneOf(Schema{"type": "boolean"}, Schema{"enum": []any{"true", "false", "1", "0", 1, 0}})
	case number != nil:
		low, _ := strconv.Atoi(number[1])
		high, _ := strconv.Atoi(number[2])
		return oneOf(Schema{"type": "integer", "minimum": low, "maximum": high}, matching("^[0-9]+$"))
	case strings.HasPrefix(allowed, "a duration"):
		if says(path, 0) == "" {
			return oneOf(matching(durationText), Schema{"const": 0})
		}
		return oneOf(matching(durationText))
	case strings.HasPrefix(allowed, "calls per period"):
		return oneOf(matching(rateText))
	case words.MatchString(allowed):
		var values []any
		for _, word := range strings.Split(allowed, ", ") {
			values = append(values, word)
		}
		return oneOf(Schema{"enum": values})
	}
	return Schema{"type": []string{"string", "number", "null"}}
}

// matching is a text that matches, or a template of which Traefik makes one.
func matching(pattern string) Schema {
	return Schema{"type": "string", "pattern": pattern + `|\{\{`}
}

// oneOf is a single value of some sorts, or an empty one, which is the default.
func oneOf(sorts ...Schema) Schema {
	return Schema{"anyOf": append(sorts, Schema{"enum": []any{"", nil}})}
}

// fill makes a schema one of values that are not empty.
func (s Schema) fill() {
	sorts, several := s["anyOf"].([]Schema)
	if several {
		last := sorts[len(sorts)-1]
		if values, words := last["enum"].([]any); words && values[0] == "" {
			s["anyOf"] = sorts[:len(sorts)-1]
		}
		return
	}
	types, several := s["type"].([]string)
	if several {
		s["type"] = types[:len(types)-1] // without null
		s["minLength"] = 1
	}
}
