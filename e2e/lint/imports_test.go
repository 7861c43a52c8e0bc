package lint

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// wholePlan is a plugin with every room of the plan and nothing in them.
func wholePlan() string {
	text := ""
	for _, room := range slices.Sorted(maps.Keys(allowedImports)) {
		name := strings.TrimPrefix(room+"/plugin.go", "/")
		text += "-- " + name + " --\n"
	}
	return text
}

func TestAllowedImports(t *testing.T) {
	imports := func(room string, paths ...string) string {
		text := "-- " + strings.TrimPrefix(room+"/more.go", "/") + " --\n"
		for _, p := range paths {
			text += "import _ \"" + p + "\"\n"
		}
		return text
	}
	const against = "an import against the arrows between rooms: "
	for _, c := range []struct {
		name  string
		extra string
		want  []string
	}{
		{"the plan alone", "", nil},
		{"an import along an arrow", imports("gate", module+"/cache", module+"/verifier/chain", "net/http"), nil},
		{"the root composes", imports("", module+"/config", module+"/telemetry"), nil},
		{"an import back up", imports("cache", module+"/gate"), []string{against + "cache imports " + module + "/gate"}},
		{"an import past a room", imports("", module+"/verifier"), []string{against + "the root imports " + module + "/verifier"}},
		{"an import of the root", imports("version", module), []string{against + "version imports " + module}},
		{"an import of a room inside another", imports("cache", module+"/verifier/apis"), []string{against + "cache imports " + module + "/verifier/apis"}},
		{"the network where it does not belong", imports("cache", "net/http"), []string{against + "cache imports net/http"}},
		{"a package for tests", imports("config", module+"/config/configtest"), []string{against + "config imports " + module + "/config/configtest"}},
		{"a room without a plan", imports("helpers"), []string{"a room that is not in the plan: say in e2e/lint/imports.go what helpers may import"}},
		{"a room inside a room without a plan", imports("verifier/apis/shared"), []string{
			"a room that is not in the plan: say in e2e/lint/imports.go what verifier/apis/shared may import",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := details(importViolations(plugin(t, wholePlan()+c.extra))); !slices.Equal(got, c.want) {
				t.Errorf("%q\nwant %q", got, c.want)
			}
		})
	}

	t.Run("a room that is gone", func(t *testing.T) {
		without := strings.ReplaceAll(wholePlan(), "-- version/plugin.go --\n", "")
		want := []string{"a room of the plan that does not exist: version"}
		if got := details(importViolations(plugin(t, without))); !slices.Equal(got, want) {
			t.Errorf("%q\nwant %q", got, want)
		}
	})

	t.Run("every room that is named exists, and the arrows form no circle", func(t *testing.T) {
		var visit func(room string, way []string)
		visit = func(room string, way []string) {
			if slices.Contains(way, room) {
				t.Fatalf("%q lead back to %q", way, room)
			}
			arrow, ok := allowedImports[room]
			if !ok {
				t.Errorf("%q is named and has no line", room)
			}
			for _, next := range strings.Fields(arrow.ours) {
				visit(next, append(slices.Clone(way), room))
			}
		}
		visit("", nil)
	})
}
