package scenario

import (
	"strings"
	"testing"
)

// ConfigurationFaults: a wrong configuration closes its own route, and nothing else.
var ConfigurationFaults = []Scenario{
	{Name: "a fault closes its route, says so once, and a good configuration heals it", Run: faultRecovers},
	{Name: "a secret of Traefik's cannot be sent to an address of the configuration's", Run: foreignSecrets},
}

func faultRecovers(t *testing.T, h *Harness) {
	up := newIPPanel(h.Clock())
	defer up.Close()
	line := bearer(up.IssueToken(Marker + "ali"))
	good := routeConfig("bearer", "ippanel", up.URL)
	bad := routeConfig("bearer", "ippanel", up.URL, "lifetme", "5h")
	h.Serve(Routes{"mended": bad, "other": good})
	for range 2 {
		for _, lines := range [][]string{nil, {line}, {"Authorization: x", "Authorization: y"}} {
			r := h.Expect(500, Request{Route: "mended", Headers: lines})
			expectEqual(t, "body", r.Body, faultBody)
			expectEqual(t, "Cache-Control", r.Header.Get("Cache-Control"), "no-store")
		}
		h.Expect(200, Request{Route: "other", Headers: []string{line}})
		h.Serve(Routes{"mended": bad, "other": good}) // the same again says nothing new
	}
	expectEqual(t, "what the log says", faultsByMiddleware(h.Logs())["mended"], []string{`bearer.lifetme: unknown key; did you mean "lifetime"?`})
	h.Serve(Routes{"mended": good, "other": good})
	h.Expect(200, Request{Route: "mended", Headers: []string{line}})
	h.Expect(401, Request{Route: "mended"})
	if !strings.Contains(h.Logs(), `"event":"configuration ok"`) {
		t.Error("the log does not say that the fault is gone")
	}
	h.Serve(Routes{"mended": bad, "other": good})
	h.Expect(500, Request{Route: "mended", Headers: []string{line}})
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
	expectCount(t, "with a foreign secret", up.Calls(), 0)
}
