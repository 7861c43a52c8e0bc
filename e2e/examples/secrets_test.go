package examples

import (
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/config"
)

// TestDeliveredSecrets reads secrets as the readers of Traefik's providers deliver them:
// one that YAML makes something else of is a fault wherever that shows.
func TestDeliveredSecrets(t *testing.T) {
	const digits = "12345678901234567890123456789012345"
	lost, fraction, boolean := "has lost its digits", "with a fraction", "a boolean"
	for written, want := range map[string]string{
		digits: lost, `"` + digits + `"`: "", "'" + digits + "'": "", "123456789012345678901": lost, `"123456789012345678901"`: "",
		"1.2345678901234568e+34": lost, `"1.2345678901234568e+34"`: lost, "12e45": lost, `"12e45678901234567890123456789012"`: "",
		"1.5": fraction, `"1.5"`: "", "123.456": fraction, "true": boolean, "True": boolean, "yes": "", "12345678": "", `"00123"`: "",
		`"${TU_KEY}"`: "write env:UPSTREAMAUTH_TU_KEY", "${UPSTREAMAUTH_KEY:-x}": "write env:UPSTREAMAUTH_KEY", "$(TU_KEY)": "nothing has replaced",
		`"%TU_KEY%"`: "nothing has replaced", "<your key>": "nothing has replaced", "pa$WORD-{1}": "",
	} {
		t.Run("file "+written, func(t *testing.T) {
			expectFault(t, delivered(t, fromFile, written), want)
		})
		t.Run("kubernetes "+written, func(t *testing.T) {
			from := func(text, _ string) ([]block, error) { return fromKubernetes(asManifest(text)) }
			expectFault(t, delivered(t, from, written), want)
		})
		t.Run("label "+written, func(t *testing.T) {
			label := strings.Trim(written, `"'`)
			found, err := fromLabels(map[string]string{
				"traefik.http.routers.r.middlewares":                                   "m",
				"traefik.http.routers.r.rule":                                          "PathPrefix(`/`)",
				"traefik.http.middlewares.m.plugin.gate.basic.api":                     "thammasat",
				"traefik.http.middlewares.m.plugin.gate.basic.url":                     "https://tu.example",
				"traefik.http.middlewares.m.plugin.gate.basic.applicationKey":          label,
				"traefik.http.middlewares.m.plugin.gate.applicationKey.api":            "thammasat",
				"traefik.http.middlewares.m.plugin.gate.applicationKey.url":            "https://tu.example",
				"traefik.http.middlewares.m.plugin.gate.applicationKey.probe.username": "u",
				"traefik.http.middlewares.m.plugin.gate.applicationKey.probe.password": label,
			})
			if err != nil || len(found) != 1 {
				t.Fatal(found, err)
			}
			if want == lost && isAllDigits(label) || want == fraction || label == "True" || label == "12e45" {
				want = "" // text is delivered as it was written
			}
			expectFault(t, found[0].settings, want)
		})
	}
}

func isAllDigits(text string) bool { return strings.Trim(text, "0123456789") == "" }

// delivered is a block with one value as two secrets, as a provider's reader delivers it.
func delivered(t *testing.T, from func(text, extension string) ([]block, error), value string) settings {
	t.Helper()
	text := "http:\n  routers: {r: {rule: 'PathPrefix(`/`)', middlewares: [m]}}\n  middlewares: {m: {plugin: {gate: "
	end := "}}}\n"
	plugin := "{basic: {api: thammasat, url: 'https://tu.example', applicationKey: VALUE}," +
		" applicationKey: {api: thammasat, url: 'https://tu.example', probe: {username: u, password: VALUE}}}"
	if strings.ContainsAny(value, "{}") && !strings.HasPrefix(value, `"`) {
		value = `"` + value + `"` // braces without quotes are blocks in this form of YAML
	}
	found, err := from(text+strings.ReplaceAll(plugin, "VALUE", value)+end, ".yml")
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	return found[0].settings
}

// expectFault: both secrets of the block have this fault; none, if it is empty.
func expectFault(t *testing.T, delivered settings, want string) {
	t.Helper()
	_, faults := config.Read(delivered, nil)
	_, lines := config.Lines(faults)
	if want == "" && len(lines) != 0 {
		t.Fatalf("faults: %q", lines)
	}
	if want == "" {
		return
	}
	if len(lines) != 2 {
		t.Fatalf("faults: %q, want one for each secret", lines)
	}
	for i, key := range []string{"applicationKey.probe.password: ", "basic.applicationKey: "} {
		if !strings.HasPrefix(lines[i], key) || !strings.Contains(lines[i], want) {
			t.Errorf("%q, want %q of %s", lines[i], want, key)
		}
	}
}

// asManifest is a dynamic configuration for the file provider as Kubernetes' resources.
func asManifest(text string) string {
	_, plugin, _ := strings.Cut(text, "plugin: ")
	return "kind: Middleware\nmetadata: {name: m}\nspec: {plugin: " + strings.TrimSuffix(plugin, "}}\n") + "}\n---\n" +
		"kind: IngressRoute\nmetadata: {name: r}\nspec: {routes: [{middlewares: [{name: m}]}]}\n"
}
