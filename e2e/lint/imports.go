package lint

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// arrow says what a room may import.
type arrow struct {
	ours     string // of the plugin's rooms
	excluded string // of the standard library, what it does not
}

// What a room that speaks to no network leaves to others.
const network = "net net/http net/url crypto/tls"

// allowedImports is the picture of docs/architecture.md: every arrow goes down,
// none comes back up.
var allowedImports = map[string]arrow{
	"":                    {ours: "config config/dialect gate session issuer cache telemetry telemetry/counters telemetry/status version"},
	"config":              {ours: "cache/shared config/dialect config/files config/place config/replicas config/site gate session issuer telemetry/status verifier verifier/apis verifier/custom verifier/transport"},
	"config/dialect":      {ours: "verifier verifier/apis verifier/custom"},
	"config/place":        {ours: "gate verifier"},
	"config/replicas":     {ours: "cache/redis cache/shared verifier verifier/transport", excluded: "net/http net/url encoding/json"},
	"config/files":        {ours: "", excluded: network + " encoding/json"},
	"config/site":         {ours: "verifier", excluded: "net/http crypto/tls encoding/json"},
	"session":             {ours: "gate gate/page credential telemetry verifier verifier/transport"},
	"gate/page":           {ours: "", excluded: "net crypto/tls encoding/json"},
	"gate":                {ours: "cache cache/shared credential gate/page telemetry telemetry/counters verifier verifier/apis verifier/chain verifier/strictjson"},
	"issuer":              {ours: "cache/logins cache/shared credential telemetry verifier/apis"},
	"cache":               {ours: "cache/keyed cache/logins cache/queue cache/shared telemetry/counters verifier verifier/account", excluded: network + " encoding/json"},
	"cache/keyed":         {ours: "", excluded: network + " encoding/json"},
	"cache/logins":        {ours: "verifier/jwt", excluded: network + " encoding/json"},
	"cache/queue":         {ours: "", excluded: network + " encoding/json"},
	"cache/shared":        {ours: "cache/redis telemetry/counters verifier verifier/account verifier/jwt", excluded: network},
	"cache/redis":         {ours: "", excluded: "net/http net/url encoding/json"},
	"credential":          {ours: "verifier"},
	"telemetry":           {ours: "verifier version", excluded: network},
	"telemetry/status":    {ours: "telemetry telemetry/counters verifier verifier/strictjson"},
	"telemetry/counters":  {ours: "verifier", excluded: network + " encoding/json"},
	"verifier":            {ours: "verifier/account", excluded: network},
	"verifier/account":    {ours: "", excluded: network},
	"verifier/chain":      {ours: "telemetry/counters verifier verifier/apis verifier/jwt verifier/transport", excluded: network},
	"verifier/apis":       {ours: "verifier verifier/jwt verifier/transport verifier/strictjson"},
	"verifier/custom":     {ours: "verifier verifier/apis verifier/jwt verifier/strictjson verifier/transport"},
	"verifier/jwt":        {ours: "verifier verifier/strictjson", excluded: network},
	"verifier/transport":  {ours: "verifier/strictjson version"},
	"verifier/strictjson": {ours: "", excluded: network},
	"version":             {ours: "", excluded: network + " encoding/json"},
}

// importViolations: an import that allowedImports does not have, and a room
// that it does not have, or that is gone.
func importViolations(sources []*source) []Violation {
	const rule = "an import against the arrows between rooms"
	var found []Violation
	seen := map[string]bool{}
	for _, s := range sources {
		arrow, known := allowedImports[s.room()]
		seen[s.room()] = true
		if !known {
			found = append(found, s.violation(s.files[0].Package, "a room that is not in the plan",
				fmt.Sprintf("say in e2e/lint/imports.go what %s may import", s.room())))
			continue
		}
		for _, file := range s.files {
			for _, spec := range file.Imports {
				path := strings.Trim(spec.Path.Value, `"`)
				forbidden := slices.Contains(strings.Fields(arrow.excluded), path)
				if ourPath(path) {
					forbidden = path == module || !slices.Contains(strings.Fields(arrow.ours), roomOf(path))
				}
				if forbidden {
					found = append(found, s.violation(spec.Pos(), rule, fmt.Sprintf("%s imports %s", nameOf(s.room()), path)))
				}
			}
		}
	}
	for _, room := range slices.Sorted(maps.Keys(allowedImports)) {
		if !seen[room] {
			found = append(found, Violation{Rule: "a room of the plan that does not exist", Detail: nameOf(room)})
		}
	}
	return found
}

// nameOf is a room's name for people.
func nameOf(room string) string {
	if room == "" {
		return "the root"
	}
	return room
}
