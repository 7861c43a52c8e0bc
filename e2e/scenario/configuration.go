package scenario

import (
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// ConfigurationFaults: a faulty configuration closes its own route, and no other.
var ConfigurationFaults = []Scenario{
	{Name: "a configuration fault closes its route and is logged once; a valid configuration recovers it", Run: faultRecovers},
	{Name: "no secret of Traefik's environment is sent to a configured address", Run: foreignSecrets},
	{Name: "a secret is sent without the line end that its variable ends with, and never with one", Run: secretsWithLineEnds},
	{Name: "a secret that is not what was written is not sent", Run: secretsThatAreNone},
	{Name: "two secrets for one shared memory are one line in the log, and one that is away denies no one", Run: secretsApart},
}

func faultRecovers(t *testing.T, h *Harness) {
	up := newIPPanel(h.Clock())
	defer up.Close()
	line := bearer(up.IssueToken(Marker + "ali"))
	good := routeConfig("bearer", "ippanel", up.URL)
	bad := routeConfig("bearer", "ippanel", up.URL, "lifetme", "5h")
	h.Serve(Routes{"fixed": bad, "other": good})
	for range 2 {
		for _, lines := range [][]string{nil, {line}, {"Authorization: x", "Authorization: y"}} {
			r := h.Expect(500, Request{Route: "fixed", Headers: lines})
			expectEqual(t, "body", r.Body, faultBody)
			expectEqual(t, "Cache-Control", r.Header.Get("Cache-Control"), "no-store")
		}
		h.Expect(200, Request{Route: "other", Headers: []string{line}})
		h.Serve(Routes{"fixed": bad, "other": good}) // unchanged, so it is not logged again
	}
	expectEqual(t, "faults in the log", faultsByMiddleware(h.Logs())["fixed"], []string{`bearer.lifetme: unknown key; did you mean "lifetime"?`})
	h.Serve(Routes{"fixed": good, "other": good})
	h.Expect(200, Request{Route: "fixed", Headers: []string{line}})
	h.Expect(401, Request{Route: "fixed"})
	if !strings.Contains(h.Logs(), `"event":"configuration ok"`) {
		t.Error("the log does not say that the configuration is ok")
	}
	h.Serve(Routes{"fixed": bad, "other": good})
	h.Expect(500, Request{Route: "fixed", Headers: []string{line}})
}

func foreignSecrets(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	h.Serve(Routes{
		"env":     routeConfig("basic", "thammasat", up.URL, "applicationKey", "env:SECRET_OF_TRAEFIK"),
		"folders": routeConfig("basic", "thammasat", up.URL, "applicationKey", "env:UPSTREAMAUTH_FILES"),
		"file":    routeConfig("basic", "thammasat", up.URL, "applicationKey", "file:/etc/passwd"),
		"up":      routeConfig("basic", "thammasat", up.URL, "applicationKey", "file:/run/secrets/../../etc/passwd"),
		"token":   routeConfig("basic", "thammasat", up.URL, "applicationKey", "file:/run/secrets/azure/tokens/azure-identity-token"),
		"unset":   routeConfig("basic", "thammasat", up.URL, "applicationKey", "env:UPSTREAMAUTH_UNSET"),
	})
	for _, route := range []string{"env", "folders", "file", "up", "token", "unset"} {
		h.Expect(500, Request{Route: route, Headers: []string{basic(student, password)}})
		expectEqual(t, route+": faults", len(faultsByMiddleware(h.Logs())[route]), 1)
	}
	expectCount(t, "calls with a foreign secret", up.Calls(), 0)
}

func secretsWithLineEnds(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	up.AddAccount(upstreams.Account{User: "probe", Password: password, Type: "employee"})
	probe := func(reference string) map[string]any {
		return routeConfig("applicationKey", "thammasat", up.URL, "probe", map[string]any{"username": "probe", "password": reference})
	}
	h.Serve(Routes{
		"key":  routeConfig("basic", "thammasat", up.URL, "applicationKey", "env:UPSTREAMAUTH_TU_KEY_LINE"),
		"one":  probe("env:UPSTREAMAUTH_PROBE_LINE"),
		"two":  probe("env:UPSTREAMAUTH_PROBE_LINES"),
		"none": probe("env:UPSTREAMAUTH_PROBE"),
	})
	h.Expect(200, Request{Route: "key", Headers: []string{basic(student, password)}})
	h.Expect(200, Request{Route: "one", Headers: []string{key(validKey)}})
	h.Expect(200, Request{Route: "none", Headers: []string{key(otherKey)}})
	before := up.Calls()
	h.Expect(500, Request{Route: "two", Headers: []string{key(validKey)}})
	expectCount(t, "calls with a line end in the password", up.Calls()-before, 0)
	faults := strings.Join(faultsByMiddleware(h.Logs())["two"], "\n")
	if !strings.HasPrefix(faults, `applicationKey.probe.password: "env:UPSTREAMAUTH_PROBE_LINES": holds a line end`) {
		t.Errorf("faults: %q", faults)
	}
}

func secretsThatAreNone(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	routes := Routes{}
	for name, secret := range map[string]any{
		"dollar": "${UPSTREAMAUTH_TU_KEY}", "default": "${UPSTREAMAUTH_TU_KEY:-none}", "inside": "x-${TU_KEY}", "shell": "$(UPSTREAMAUTH_TU_KEY)",
		"percent": "%TU_KEY%", "angle": "<your key>", "digits": 12345678901234567890123456789012345.0, "float": "1.2345678901234568e+34", "fraction": 1.5, "boolean": true,
	} {
		routes[name] = routeConfig("basic", "thammasat", up.URL, "applicationKey", secret)
	}
	h.Serve(routes)
	for name := range routes {
		h.Expect(500, Request{Route: name, Headers: []string{basic(student, password)}})
		expectEqual(t, name+": faults", len(faultsByMiddleware(h.Logs())[name]), 1)
	}
	expectCount(t, "calls with a secret that is none", up.Calls(), 0)
}

func secretsApart(t *testing.T, h *Harness) {
	up := newIPPanel(h.Clock())
	defer up.Close()
	sharing := func(secret string) map[string]any {
		config := routeConfig("bearer", "ippanel", up.URL)
		config["shared"] = map[string]any{"redis": map[string]any{"endpoints": "127.0.0.1:1"}, "secret": "env:" + secret}
		return config
	}
	one, two := sharing("UPSTREAMAUTH_SHARED"), sharing("UPSTREAMAUTH_SHARED_ANOTHER")
	h.Serve(Routes{"one": one, "same": one})
	h.Expect(401, Request{Route: "one"})
	expectEqual(t, "lines, of one secret", strings.Count(h.Logs(), `"event":"shared apart"`), 0)
	routes := Routes{"one": one, "two": two, "other": two, "plain": routeConfig("bearer", "ippanel", up.URL)}
	for range 2 {
		h.Serve(routes)
		for name := range routes {
			h.Expect(200, Request{Route: name, Headers: []string{bearer(up.IssueToken(Marker + "ali"))}})
		}
	}
	expectEqual(t, "lines, of two", strings.Count(h.Logs(), `"event":"shared apart"`), 1)
}
