package scenario

import (
	"strings"
	"testing"
)

// ConfigurationFaults: a faulty configuration closes its own route, and no other.
var ConfigurationFaults = []Scenario{
	{Name: "a configuration fault closes its route and is logged once; a valid configuration recovers it", Run: faultRecovers},
	{Name: "no secret of Traefik's environment is sent to a configured address", Run: foreignSecrets},
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
		"env":   routeConfig("basic", "thammasat", up.URL, "applicationKey", "env:SECRET_OF_TRAEFIK"),
		"file":  routeConfig("basic", "thammasat", up.URL, "applicationKey", "file:/etc/passwd"),
		"up":    routeConfig("basic", "thammasat", up.URL, "applicationKey", "file:/run/secrets/../../etc/passwd"),
		"unset": routeConfig("basic", "thammasat", up.URL, "applicationKey", "env:UPSTREAMAUTH_UNSET"),
	})
	for _, route := range []string{"env", "file", "up", "unset"} {
		h.Expect(500, Request{Route: route, Headers: []string{basic(student, password)}})
		expectEqual(t, route+": faults", len(faultsByMiddleware(h.Logs())[route]), 1)
	}
	expectCount(t, "calls with a foreign secret", up.Calls(), 0)
}
